import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipelines.metrics.score import CiderD
from pipelines.training import calibration as c
from vidcap.captioning.confidence import FEATURES
from vidcap.captioning.decoding.vocabulary import Vocabulary
from vidcap.errors import DataError

sizes = st.shared(st.integers(5, 60), key="n")
chances = sizes.flatmap(lambda n: arrays(np.float64, n, elements=st.floats(0, 1)))
fairs = sizes.flatmap(lambda n: arrays(np.bool_, n))
scores = sizes.flatmap(lambda n: arrays(np.float64, n, elements=st.floats(0, 10)))


def drawn(count=600, seed=0):
    """Captions whose chance of being fair is known."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(count, 2)) * [0.2, 3.0] + [-1.0, 10.0]
    true = 1 / (1 + np.exp(-(-0.5 + 1.2 * (values[:, 0] + 1) / 0.2)))
    return values, rng.random(count) < true, true


def test_a_fit_finds_the_chances_that_were_drawn_from():
    values, fair, true = drawn(4000)
    found = c.fit(values, fair, [1, 0], shrink=1.0)
    assert np.abs(found.chances(values) - true).mean() < 0.03
    assert found.weights[0] == pytest.approx(1.2, abs=0.15)
    assert abs(found.weights[1]) < 0.1


def test_a_fit_is_the_same_every_time():
    values, fair, _ = drawn()
    first, second = (c.fit(values, fair, [1, 0]) for _ in range(2))
    assert first.bias == second.bias
    assert np.array_equal(first.weights, second.weights)


def test_a_weight_never_points_the_wrong_way():
    values, fair, _ = drawn()
    assert c.fit(values, fair, [1, 0]).weights[0] > 0.5
    assert c.fit(values, fair, [-1, 0]).weights[0] == 0
    assert c.fit(-values, fair, [-1, 0]).weights[0] < -0.5


def test_a_feature_that_never_changes_does_no_harm():
    values, fair, _ = drawn()
    values[:, 1] = 7.0
    found = c.fit(values, fair, [1, 1])
    assert np.isfinite(found.chances(values)).all()
    assert found.weights[1] == pytest.approx(0)


@pytest.mark.parametrize("fair", [np.ones(50, bool), np.zeros(50, bool), np.array([True, False])])
def test_what_cannot_be_fitted_is_refused(fair):
    with pytest.raises(DataError, match="captions are fair"):
        c.fit(np.random.default_rng(0).normal(size=(len(fair), 1)), fair, [1])


def test_cross_fitting_shows_no_caption_its_own_outcome():
    """On noise, in-sample fits look good and cross-fitted ones do not."""
    rng = np.random.default_rng(1)
    values, fair = rng.normal(size=(100, 30)), rng.random(100) < 0.4
    ways = [0] * 30
    inside = c.fit(values, fair, ways, shrink=0.1).chances(values)
    outside = c.cross_fitted(values, fair, ways)
    assert c.auroc(inside, fair) > 0.8
    assert c.auroc(outside, fair) < 0.65
    assert np.array_equal(outside, c.cross_fitted(values, fair, ways))


def test_a_prospect_tells_good_pictures_from_bad_ones_that_it_was_not_fitted_on():
    rng = np.random.default_rng(2)
    directions = rng.normal(size=(2000, 6)) * [1.0, 0.1, 1, 1, 1, 1]
    true = directions @ [0.3, -3.0, 0, 0, 0, 0]
    scores = np.exp(true + rng.normal(size=2000))
    found = np.array(c.prospect(directions[:1500], scores[:1500]))
    assert np.corrcoef(directions[1500:] @ found, true[1500:])[0, 1] > 0.97
    assert tuple(found) == c.prospect(directions[:1500], scores[:1500])


def test_a_direction_that_never_changes_promises_nothing():
    directions = np.column_stack([np.arange(40.0), np.full(40, 0.3)])
    rising, constant = c.prospect(directions, np.arange(40.0))
    assert rising > 0
    assert constant == pytest.approx(0, abs=1e-9)


def test_what_is_fitted_is_what_the_checkpoint_computes():
    values, fair, _ = drawn()
    names = ["log_probability", "words"]
    made = c.calibration(names, values, fair, np.zeros(5), {"pictures": 600})
    expected = c.fit(values, fair, [FEATURES[name] for name in names]).chances(values)
    found = [made.chance(dict(zip(names, row, strict=True))) for row in values.tolist()]
    np.testing.assert_allclose(found, expected, atol=1e-5)


@given(chances, fairs)
def test_the_error_is_a_distance_that_two_bins_cannot_hide(sure, fair):
    error = c.calibration_error(sure, fair)
    assert 0 <= error <= 1
    assert error >= abs(sure.mean() - fair.mean()) - 1e-9
    assert c.calibration_error(sure, fair, bins=1) <= error + 1e-9


@given(chances, fairs)
def test_bins_hold_every_caption_once_by_rising_chance(sure, fair):
    bins = c.reliability(sure, fair)
    assert sum(each.count for each in bins) == len(sure)
    assert max(b.count for b in bins) - min(b.count for b in bins) <= 1
    means = [each.confidence for each in bins]
    assert all(a <= b + 1e-12 for a, b in itertools.pairwise(means))
    assert sum(b.count * b.fair for b in bins) == pytest.approx(fair.sum())


def test_the_error_of_chances_that_come_true_is_nothing():
    fair = np.array([True, False] * 50)
    assert c.calibration_error(fair.astype(float), fair) == 0
    assert c.calibration_error(1 - fair.astype(float), fair, bins=2) == 1


@given(chances, scores)
def test_keeping_all_is_the_mean_and_no_order_beats_the_scores_own(sure, score):
    assert c.kept_mean(sure, score, 1.0) == pytest.approx(score.mean())
    for share in (0.1, 0.5, 0.7):
        kept = c.kept_mean(sure, score, share)
        assert score.min() - 1e-9 <= kept <= c.kept_mean(score, score, share) + 1e-9


@given(chances, fairs)
def test_auroc_is_the_share_of_pairs_in_the_right_order(sure, fair):
    if fair.all() or not fair.any():
        with pytest.raises(DataError):
            c.auroc(sure, fair)
        return
    pairs = sure[fair][:, None] - sure[~fair][None]
    assert c.auroc(sure, fair) == pytest.approx(((pairs > 0) + 0.5 * (pairs == 0)).mean())


def test_gain_is_the_share_by_which_the_mean_rises():
    sure, score = np.arange(10) / 10, np.array([0.0] * 3 + [1.0] * 7)
    assert c.gain(sure, score, 0.7) == pytest.approx(1 / 0.7 - 1)
    assert c.gain(sure, np.zeros(10)) == 0


def test_an_interval_holds_the_mean_and_is_the_same_every_time():
    score = np.random.default_rng(0).random(200)
    low, high = c.bootstrap(lambda drawn: float(drawn.mean()), score, resamples=200)
    assert low < score.mean() < high
    assert (low, high) == c.bootstrap(lambda drawn: float(drawn.mean()), score, resamples=200)


REFERENCES = [
    [["a", "dog", "runs"], ["a", "dog", "runs", "fast"], ["a", "brown", "dog"], ["one", "cat"]],
    [["two", "men", "sit"], ["two", "men", "sit", "down"], ["men", "on", "a", "bench"]],
    [["a", "red", "car"], ["the", "red", "car", "drives"]],
]


def test_a_caption_is_held_to_the_median_human():
    found = [["a", "dog", "runs"], ["two", "men", "sit"], ["nothing"]]
    score, median = c.fairness(found, REFERENCES)
    scorer = CiderD(REFERENCES)
    humans = [
        scorer.score(words, [other for other in REFERENCES[1] if other is not words])
        for words in REFERENCES[1]
    ]
    assert median[1] == sorted(humans)[1]
    assert score[1] == scorer.score(found[1], REFERENCES[1])
    assert (score >= median).tolist() == [True, True, False]


def test_five_references_are_as_hard_as_four():
    """The score against all is the mean of those against all but one: a human's own footing."""
    scorer = CiderD(REFERENCES)
    words, group = ["a", "dog", "sits"], REFERENCES[0]
    without = [scorer.score(words, group[:i] + group[i + 1 :]) for i in range(len(group))]
    assert scorer.score(words, group) == pytest.approx(np.mean(without))


def test_fairness_needs_more_than_one_human():
    with pytest.raises(DataError, match="picture 1 has one human caption"):
        c.fairness([["a"], ["b"]], [[["a"], ["b"]], [["c"]]])


def test_rare_words_tell_more():
    told = c.word_information(Vocabulary(["a", "dog", "car", "never"]), REFERENCES)
    assert told.tolist() == [0, 0, 0, 0, 0, *np.round(np.log([3, 3, 3]), 3)]
    with pytest.raises(DataError):
        c.word_information(Vocabulary(["a"]), [])
