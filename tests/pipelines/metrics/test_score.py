from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.metrics.bleu import bleu_counts, bleu_of_sums
from pipelines.metrics.bootstrap import resampled_sums
from pipelines.metrics.score import (
    CiderD,
    bleu,
    bootstrap_interval,
    cider_d,
    rouge_l,
    score_corpus,
)
from vidcap.errors import UsageError

Sentence = list[str]
Corpus = tuple[list[Sentence], list[list[Sentence]]]

VOCABULARY = ["a", "the", "dog", "cat", "runs", "sits", "on", "grass"]
WORDS = st.sampled_from(VOCABULARY)
SENTENCES = st.lists(WORDS, min_size=1, max_size=10)
ITEMS = st.tuples(st.lists(WORDS, max_size=10), st.lists(SENTENCES, min_size=1, max_size=4))
CORPORA = st.lists(ITEMS, min_size=1, max_size=6).map(
    lambda items: ([candidate for candidate, _ in items], [group for _, group in items])
)

DOG = ["a", "dog", "runs", "on", "the", "grass"]
CAT = ["the", "cat", "sits", "on", "a", "dog"]


def theirs(module: str, name: str, corpus: Corpus) -> tuple[object, list[float]]:
    """Score a corpus with pycocoevalcap."""
    scorer = getattr(
        pytest.importorskip(f"pycocoevalcap.{module}", reason="the scores to compare with"), name
    )
    candidates, references = corpus
    return scorer().compute_score(
        {i: [" ".join(words) for words in group] for i, group in enumerate(references)},
        {i: [" ".join(words)] for i, words in enumerate(candidates)},
        **({"verbose": 0} if name == "Bleu" else {}),
    )


EDGE_CASES: list[Corpus] = [
    ([["dog"]], [[["dog"]]]),
    ([["dog"]], [[["cat"], ["dog", "runs"]]]),
    ([[]], [[["dog"]]]),
    ([[], DOG], [[["dog"]], [DOG, CAT]]),
    ([DOG, CAT], [[DOG], [CAT]]),
    ([["dog"] * 12, CAT], [[["dog", "runs"], DOG], [["dog", "cat"], CAT]]),
]


def with_edge_cases(test):
    return pytest.mark.parametrize("corpus", EDGE_CASES)(test)


@with_edge_cases
def test_bleu_of_edge_cases(corpus: Corpus) -> None:
    assert bleu(*corpus) == pytest.approx(theirs("bleu.bleu", "Bleu", corpus)[0], abs=1e-9)


@given(CORPORA)
def test_bleu_is_pycocoevalcaps(corpus: Corpus) -> None:
    assert bleu(*corpus) == pytest.approx(theirs("bleu.bleu", "Bleu", corpus)[0], abs=1e-9)


@with_edge_cases
def test_rouge_l_of_edge_cases(corpus: Corpus) -> None:
    assert rouge_l(*corpus) == pytest.approx(theirs("rouge.rouge", "Rouge", corpus)[1], abs=1e-9)


@given(CORPORA)
def test_rouge_l_is_pycocoevalcaps(corpus: Corpus) -> None:
    assert rouge_l(*corpus) == pytest.approx(theirs("rouge.rouge", "Rouge", corpus)[1], abs=1e-9)


@with_edge_cases
def test_cider_d_of_edge_cases(corpus: Corpus) -> None:
    assert cider_d(*corpus) == pytest.approx(theirs("cider.cider", "Cider", corpus)[1], abs=1e-9)


@given(CORPORA)
def test_cider_d_is_pycocoevalcaps(corpus: Corpus) -> None:
    assert cider_d(*corpus) == pytest.approx(theirs("cider.cider", "Cider", corpus)[1], abs=1e-9)


class TestBleu:
    def test_by_hand(self) -> None:
        # Words: the the the cat, of which "the" may count twice: 3 of 4.  Pairs: the the, the the,
        # the cat: 1 of 3.  The reference nearest to four words has five.
        scores = bleu(
            [["the", "the", "the", "cat"]], [[["the", "cat", "and", "the", "dog"], ["the"]]]
        )
        penalty = math.exp(1 - 5 / 4)
        assert scores[0] == pytest.approx(penalty * 3 / 4, abs=1e-6)
        assert scores[1] == pytest.approx(penalty * math.sqrt(3 / 4 * 1 / 3), abs=1e-6)
        assert scores[2] == pytest.approx(0, abs=1e-4)

    def test_of_two_references_as_near_the_shorter_counts(self) -> None:
        # Two and four words are both one away from three: two, so there is no penalty.
        scores = bleu([["a", "dog", "runs"]], [[["dog", "runs"], ["a", "dog", "runs", "fast"]]])
        assert scores[0] == pytest.approx(1, abs=1e-6)

    def test_counts_are_summed_over_the_corpus(self) -> None:
        # 2 of 2 and 0 of 6 words are 2 of 8, not the mean of 1 and 0.
        scores = bleu([["a", "dog"], ["x"] * 6], [[["a", "dog"]], [["y"] * 6]])
        assert scores[0] == pytest.approx(2 / 8, abs=1e-6)

    @given(st.lists(st.lists(WORDS, min_size=4, max_size=9), min_size=1, max_size=5))
    def test_of_the_references_themselves_is_one(self, sentences: list[Sentence]) -> None:
        assert bleu(sentences, [[s] for s in sentences]) == pytest.approx([1] * 4, abs=1e-6)

    @given(CORPORA)
    def test_range_and_order(self, corpus: Corpus) -> None:
        scores = bleu(*corpus)
        assert all(0 <= score <= 1 for score in scores)

    def test_of_nothing_is_zero(self) -> None:
        assert bleu([[]], [[DOG]]) == (0, 0, 0, 0)


class TestBleuOfSums:
    @given(CORPORA)
    def test_is_bleu_of_the_corpus_summed(self, corpus: Corpus) -> None:
        counts = bleu_counts(*corpus)
        twice = (corpus[0] + corpus[0][:1], corpus[1] + corpus[1][:1])
        found = bleu_of_sums(np.stack([counts.sum(axis=0), counts.sum(axis=0) + counts[0]]))
        assert found.tolist() == [list(bleu(*corpus)), list(bleu(*twice))]


class TestRougeL:
    def test_by_hand(self) -> None:
        # Longest common subsequence: a dog on grass, 4 of 5 words and 4 of 6.
        candidate = ["a", "dog", "lies", "on", "grass"]
        precision, recall = 4 / 5, 4 / 6
        expected = (1 + 1.44) * precision * recall / (recall + 1.44 * precision)
        assert rouge_l([candidate], [[DOG]]) == pytest.approx([expected])

    def test_precision_and_recall_may_come_from_different_references(self) -> None:
        # Two of two words of the long one, one of one of the short one.
        references = [["dog"], ["a", "dog", "runs"]]
        assert rouge_l([["a", "dog"]], [references]) == pytest.approx([1])

    @given(SENTENCES)
    def test_of_the_reference_itself_is_one(self, words: Sentence) -> None:
        assert rouge_l([words], [[words]]) == pytest.approx([1])

    @given(CORPORA)
    def test_range(self, corpus: Corpus) -> None:
        assert all(0 <= score <= 1 for score in rouge_l(*corpus))

    def test_of_nothing_is_zero(self) -> None:
        assert rouge_l([[], []], [[DOG], [[]]]) == [0, 0]


class TestCiderD:
    def test_by_hand(self) -> None:
        # Three documents.  "a" is in all: weight 0.  dog, a dog: in one, weight log 3.
        # Of three and four words there is no n-gram, so two orders of four give 1.
        scorer = CiderD([[["a", "dog"]], [["a", "cat"]], [["a", "man"]]])
        assert scorer.score(["a", "dog"], [["a", "dog"]]) == pytest.approx(10 * 2 / 4)
        assert scorer.score(["a"], [["a", "dog"]]) == 0

    def test_length_costs(self) -> None:
        # The words "x" are in no document: weight log 2 each, as "dog" has.
        scorer = CiderD([[["dog"]], [["cat"]]])
        cosine = 1 / math.sqrt(1 + 6**2)
        penalty = math.exp(-(6**2) / (2 * 6**2))
        score = scorer.score(["dog"] + ["x"] * 6, [["dog"]])
        assert score == pytest.approx(10 / 4 * cosine * penalty)

    def test_repeating_a_word_does_not_pay(self) -> None:
        scorer = CiderD([[["dog", "runs"]], [["cat"]]])
        once = scorer.score(["dog", "runs"], [["dog", "runs"]])
        assert scorer.score(["dog", "runs", "dog", "runs"], [["dog", "runs"]]) < once

    def test_mean_over_references(self) -> None:
        scorer = CiderD([[DOG], [CAT]])
        each = [scorer.score(DOG, [reference]) for reference in (DOG, CAT)]
        assert scorer.score(DOG, [DOG, CAT]) == pytest.approx(sum(each) / 2)

    def test_frequencies_are_those_of_the_corpus_it_was_made_of(self) -> None:
        common_dog = CiderD([[DOG], [DOG, CAT], [["x"]]])
        rare_dog = CiderD([[DOG], [CAT], [["x"]]])
        candidate = ["dog", "runs", "x", "y"]
        assert common_dog.score(candidate, [DOG]) < rare_dog.score(candidate, [DOG])

    @given(CORPORA)
    def test_prepared_references_score_the_same(self, corpus: Corpus) -> None:
        candidates, references = corpus
        scorer = CiderD(references)
        for candidate, group in zip(candidates, references, strict=True):
            prepared = scorer.prepare(group)
            assert scorer.score(candidate, prepared) == scorer.score(candidate, group)

    @given(CORPORA)
    def test_word_numbers_score_as_words(self, corpus: Corpus) -> None:
        candidates, references = corpus
        number = {word: n for n, word in enumerate(VOCABULARY)}.__getitem__
        numbered = (
            [list(map(number, words)) for words in candidates],
            [[list(map(number, words)) for words in group] for group in references],
        )
        assert cider_d(*numbered) == cider_d(*corpus)

    @given(CORPORA)
    def test_range(self, corpus: Corpus) -> None:
        assert all(0 <= score <= 10 + 1e-9 for score in cider_d(*corpus))

    @given(st.lists(st.lists(WORDS, min_size=4, max_size=9), min_size=2, max_size=5))
    def test_of_the_reference_itself_is_ten(self, sentences: list[Sentence]) -> None:
        # No word is in two documents: one that is in all of them weighs nothing.
        sentences = [[f"{word}{i}" for word in words] for i, words in enumerate(sentences)]
        scores = cider_d(sentences, [[sentence] for sentence in sentences])
        assert scores == pytest.approx([10] * len(sentences))

    def test_one_document_makes_everything_common(self) -> None:
        assert cider_d([DOG], [[DOG]]) == [0]


class TestScoreCorpus:
    def test_gathers_the_metrics(self) -> None:
        corpus = ([DOG, CAT, DOG, ["a"]], [[DOG, CAT], [CAT], [CAT], [["a", "dog"]]])
        scores = score_corpus(*corpus)
        assert (scores.bleu1, scores.bleu2, scores.bleu3, scores.bleu4) == bleu(*corpus)
        assert scores.rouge_l == pytest.approx(sum(rouge_l(*corpus)) / 4)
        assert scores.cider_d == pytest.approx(sum(cider_d(*corpus)) / 4)
        assert (scores.count, scores.distinct) == (4, 3)
        assert scores.mean_length == pytest.approx(19 / 4)


@pytest.mark.parametrize("metric", [bleu, rouge_l, cider_d, score_corpus])
class TestRefusals:
    def test_empty_corpus(self, metric) -> None:
        with pytest.raises(UsageError, match="candidates: is empty"):
            metric([], [])

    def test_lengths_differ(self, metric) -> None:
        with pytest.raises(UsageError, match="2 candidates and 1 groups"):
            metric([DOG, DOG], [[DOG]])

    def test_item_without_reference(self, metric) -> None:
        with pytest.raises(UsageError, match=r"references\[1\]: is empty"):
            metric([DOG, DOG], [[DOG], []])

    def test_strings_for_lists(self, metric) -> None:
        with pytest.raises(UsageError, match=r"candidates\[0\]: 'a dog' is a string"):
            metric(["a dog"], [[DOG]])
        with pytest.raises(UsageError, match=r"references\[0\]: 'a dog' is a string"):
            metric([DOG], ["a dog"])
        with pytest.raises(UsageError, match=r"references\[0\]: 'a dog' is a string"):
            metric([DOG], [[DOG, "a dog"]])


def test_cider_d_refuses_what_the_metrics_refuse() -> None:
    with pytest.raises(UsageError, match="corpus: is empty"):
        CiderD([])
    with pytest.raises(UsageError, match=r"corpus\[1\]: is empty"):
        CiderD([[DOG], []])
    scorer = CiderD([[DOG], [CAT]])
    with pytest.raises(UsageError, match="references: is empty"):
        scorer.score(DOG, [])
    with pytest.raises(UsageError, match="candidate: 'a dog' is a string"):
        scorer.score("a dog", [DOG])


class TestBootstrapInterval:
    def test_is_near_the_normal_one(self) -> None:
        values = [float(i % 10) for i in range(400)]
        deviation = math.sqrt(8.25 / 400)
        low, high = bootstrap_interval(values, seed=1)
        assert low == pytest.approx(4.5 - 1.96 * deviation, abs=0.05)
        assert high == pytest.approx(4.5 + 1.96 * deviation, abs=0.05)

    def test_same_seed_same_interval(self) -> None:
        values = [(7 * i % 11) / 11 for i in range(40)]
        assert bootstrap_interval(values, seed=3) == bootstrap_interval(values, seed=3)
        assert bootstrap_interval(values, seed=3) != bootstrap_interval(values, seed=4)

    def test_a_higher_level_is_wider(self) -> None:
        values = [0.1, 0.7, 0.4, 0.9, 0.3]
        intervals = [bootstrap_interval(values, seed=0, level=level) for level in (0.5, 0.9, 0.99)]
        for (low, high), (wider_low, wider_high) in pairwise(intervals):
            assert wider_low <= low <= high <= wider_high

    @given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.integers(0, 2**32))
    def test_lies_within_the_values(self, values: list[float], seed: int) -> None:
        low, high = bootstrap_interval(values, seed=seed, resamples=20)
        assert min(values) - 1e-12 <= low <= high <= max(values) + 1e-12

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"resamples": 0}, "resamples: 0"),
            ({"level": 0.0}, "level: 0.0"),
            ({"level": 1.0}, "level: 1.0"),
            ({"level": 95.0}, "level: 95.0"),
        ],
    )
    def test_options_are_checked(self, options: dict[str, float], message: str) -> None:
        with pytest.raises(UsageError, match=message):
            bootstrap_interval([1.0], seed=0, **options)

    @given(st.integers(1, 30), st.integers(0, 5))
    def test_sums_draw_the_same_items_for_all(self, items: int, seed: int) -> None:
        own = np.arange(items)[:, None]
        sums = resampled_sums(np.hstack([np.ones_like(own), own]), seed=seed, resamples=20)
        assert (sums[:, 0] == items).all()
        again = resampled_sums(2 * own, seed=seed, resamples=20)
        assert again[:, 0].tolist() == (2 * sums[:, 1]).tolist()

    def test_no_values(self) -> None:
        with pytest.raises(UsageError, match="values: is empty"):
            bootstrap_interval([], seed=0)
