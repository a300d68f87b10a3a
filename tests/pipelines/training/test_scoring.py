import numpy as np
import pytest

from pipelines.metrics.bootstrap import bootstrap_interval
from pipelines.metrics.score import cider_d, score_corpus
from pipelines.training.scoring import (
    Corpus,
    diagnostics,
    difference,
    held_out,
    humans_of,
    mean_of,
    measure,
)
from vidcap.errors import DataError

THINGS = ["dog", "cat", "man", "boy", "horse", "car"]
REFERENCES = [
    [
        ["a", thing, "runs", "on", "the", "grass"],
        ["the", thing, "is", "running"],
        ["one", thing, "in", "a", "field"],
    ]
    for thing in THINGS * 5
]
GOOD = [["a", thing, "is", "on", "the", "grass"] for thing in THINGS * 5]
POOR = [["a", "dog", "runs", "on", "the", "road"]] * 30


def test_the_figures_are_those_of_the_metrics():
    (found,) = measure([Corpus(GOOD, REFERENCES)], with_meteor=False)
    expected = score_corpus(GOOD, REFERENCES)
    assert "meteor" not in found.figures
    for name, values in found.figures.items():
        assert len(values) == 1001
        assert values[0] == pytest.approx(getattr(expected, name))
    assert found.cider_d.tolist() == cider_d(GOOD, REFERENCES)


def test_each_has_an_interval_about_it():
    (found,) = measure([Corpus(GOOD, REFERENCES)], with_meteor=False)
    scores = found.to_dict()
    assert list(scores)[:2] == ["bleu1", "bleu1_95"]
    for name in found.figures:
        low, high = scores[f"{name}_95"]
        assert low <= scores[name] <= high
    expected = bootstrap_interval(cider_d(GOOD, REFERENCES), seed=0)
    assert scores["cider_d_95"] == pytest.approx(expected, abs=1e-4)
    (again,) = measure([Corpus(GOOD, REFERENCES)], with_meteor=False)
    assert again.to_dict() == scores


def test_the_interval_of_bleu_is_that_of_scoring_the_drawn_pictures():
    (found,) = measure([Corpus(GOOD, REFERENCES)], with_meteor=False)
    generator = np.random.default_rng(0)
    for draw in (1, 2, 3):
        chosen = generator.integers(len(GOOD), size=len(GOOD))
        drawn = score_corpus([GOOD[i] for i in chosen], [REFERENCES[i] for i in chosen])
        assert found.figures["bleu4"][draw] == pytest.approx(drawn.bleu4)
        assert found.figures["rouge_l"][draw] == pytest.approx(drawn.rouge_l)


def test_a_difference_is_paired():
    good, poor = measure([Corpus(GOOD, REFERENCES), Corpus(POOR, REFERENCES)], with_meteor=False)
    found = difference(good, poor)
    assert found["cider_d"] == pytest.approx(
        good.figures["cider_d"][0] - poor.figures["cider_d"][0], abs=1e-4
    )
    assert found["cider_d_95"][0] > 0
    # Of a captioner and itself nothing is left, whatever pictures are drawn.
    assert difference(good, good)["cider_d_95"] == [0, 0]


def test_one_human_is_held_out_from_the_others():
    references = [[["a"], ["b"], ["c"], ["d"], ["e"], ["f"]], [["g"], ["h"], ["i"], ["j"], ["k"]]]
    assert humans_of(references) == 5
    corpus = held_out(references, 1, 5)
    assert corpus.found == [["b"], ["h"]]
    assert corpus.references == [[["a"], ["c"], ["d"], ["e"]], [["g"], ["i"], ["j"], ["k"]]]
    assert humans_of([[["a"], ["b"], ["c"]], [["a"], ["b"]]]) == 2
    with pytest.raises(DataError, match="leave --human out"):
        humans_of([[["a"], ["b"]], [["c"]]])


def test_the_mean_over_turns_is_of_each_draw():
    first, second = measure(
        [held_out(REFERENCES, 0, 3), held_out(REFERENCES, 1, 3)], with_meteor=False
    )
    both = mean_of([first, second])
    for name, values in both.figures.items():
        assert values == pytest.approx((first.figures[name] + second.figures[name]) / 2)
    assert both.cider_d == pytest.approx((first.cider_d + second.cider_d) / 2)


@pytest.mark.slow
@pytest.mark.needs_tool("java")
def test_meteor_is_measured_beside_the_others():
    from pipelines.metrics.meteor import meteor

    pytest.importorskip("pycocoevalcap", reason="METEOR is in pycocoevalcap")
    corpora = [Corpus(GOOD, REFERENCES), Corpus(POOR[:20], REFERENCES[:20])]
    for found, corpus in zip(measure(corpora, with_meteor=True), corpora, strict=True):
        scores = found.to_dict()
        expected, _ = meteor(corpus.found, corpus.references)
        assert found.figures["meteor"][0] == pytest.approx(expected, abs=1e-12)
        assert scores["meteor_95"][0] <= scores["meteor"] <= scores["meteor_95"][1]


def test_diagnostics_count_what_scores_hide():
    loop = ["a", "hat", "on", "a", "hat", "on"]
    assert diagnostics([loop, ["a", "dog"], ["a", "dog"], []]) == {
        "count": 4,
        "distinct": 3,
        "empty": 1,
        "words": 4,
        "mean_length": 2.5,
        "repeated_trigrams": 1,
    }
    assert diagnostics([loop[:-1]])["repeated_trigrams"] == 0
