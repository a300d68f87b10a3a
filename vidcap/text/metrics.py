"""How near sentences come to what people wrote: BLEU, ROUGE-L and CIDEr-D over lists of words.

The figures are those of the COCO caption evaluation (Chen et al. 2015), its numerical constants
included, so that they can stand beside published ones.  METEOR, which needs Java, is in
:mod:`vidcap.text.meteor`.

Throughout, ``candidates[i]`` is one sentence as a list of words and ``references[i]`` are the
sentences people wrote for the same item, one or more.  A candidate without words is scored like
any other, and scores zero.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vidcap.errors import UsageError
from vidcap.text.cider import CiderD, cider_d
from vidcap.text.ngrams import check_corpus, count_ngrams

__all__ = ["CiderD", "Scores", "bleu", "bootstrap_interval", "cider_d", "rouge_l", "score_corpus"]

Sentence = Sequence[str]

_ORDERS = (1, 2, 3, 4)
# What keeps the COCO evaluation from dividing by zero.  They show in the figures of very small
# corpora (a single word has a BLEU-2 of 0.001), so equal figures need equal constants.
_TINY = 1e-15
_SMALL = 1e-9

_ROUGE_BETA = 1.2


@dataclass(frozen=True, slots=True)
class Scores:
    """What a corpus of candidates scored against its references.

    Attributes:
        bleu1, bleu2, bleu3, bleu4: corpus BLEU with n-grams of up to so many words, 0 to 1.
        rouge_l: mean ROUGE-L, 0 to 1.
        cider_d: mean CIDEr-D, 0 to 10, document frequencies taken from the same references.
        count: number of candidates.
        distinct: number of different sentences among them.
        mean_length: mean number of words of a candidate.
    """

    bleu1: float
    bleu2: float
    bleu3: float
    bleu4: float
    rouge_l: float
    cider_d: float
    count: int
    distinct: int
    mean_length: float


def score_corpus(
    candidates: Sequence[Sentence], references: Sequence[Sequence[Sentence]]
) -> Scores:
    """Return every metric of this module for one corpus.

    Raises:
        UsageError: the corpus is empty, or an item has no reference.
    """
    bleu1, bleu2, bleu3, bleu4 = bleu(candidates, references)
    return Scores(
        bleu1=bleu1,
        bleu2=bleu2,
        bleu3=bleu3,
        bleu4=bleu4,
        rouge_l=math.fsum(rouge_l(candidates, references)) / len(candidates),
        cider_d=math.fsum(cider_d(candidates, references)) / len(candidates),
        count=len(candidates),
        distinct=len({tuple(candidate) for candidate in candidates}),
        mean_length=sum(map(len, candidates)) / len(candidates),
    )


def bleu(
    candidates: Sequence[Sentence], references: Sequence[Sequence[Sentence]]
) -> tuple[float, float, float, float]:
    """Return corpus BLEU-1 to BLEU-4, each from 0 to 1 (Papineni et al. 2002).

    The brevity penalty compares with the reference nearest in length, the shorter of two.

    Raises:
        UsageError: the corpus is empty, or an item has no reference.
    """
    check_corpus(candidates, references)
    candidate_length = reference_length = 0
    guessed = dict.fromkeys(_ORDERS, 0)
    correct = dict.fromkeys(_ORDERS, 0)
    for candidate, group in zip(candidates, references, strict=True):
        length = len(candidate)
        candidate_length += length
        reference_length += min(
            (len(reference) for reference in group), key=lambda n: (abs(n - length), n)
        )
        for order in _ORDERS:
            counts = count_ngrams(candidate, order)
            in_references = [count_ngrams(reference, order) for reference in group]
            guessed[order] += max(0, length - order + 1)
            correct[order] += sum(
                min(count, max(counted.get(ngram, 0) for counted in in_references))
                for ngram, count in counts.items()
            )

    ratio = (candidate_length + _TINY) / (reference_length + _SMALL)
    brevity_penalty = math.exp(min(0.0, 1 - 1 / ratio))
    product = 1.0
    scores = []
    for order in _ORDERS:
        product *= (correct[order] + _TINY) / (guessed[order] + _SMALL)
        scores.append(brevity_penalty * product ** (1 / order))
    return scores[0], scores[1], scores[2], scores[3]


def rouge_l(
    candidates: Sequence[Sentence], references: Sequence[Sequence[Sentence]]
) -> list[float]:
    """Return ROUGE-L of each candidate, from 0 to 1 (Lin 2004, beta 1.2).

    Precision and recall of the longest common subsequence are each the best over the references.

    Raises:
        UsageError: the corpus is empty, or an item has no reference.
    """
    check_corpus(candidates, references)
    return [
        _rouge_l_of_one(candidate, group)
        for candidate, group in zip(candidates, references, strict=True)
    ]


def _rouge_l_of_one(candidate: Sentence, references: Sequence[Sentence]) -> float:
    common = [_longest_common_subsequence(candidate, reference) for reference in references]
    if max(common) == 0:
        return 0.0
    precision = max(common) / len(candidate)
    recall = max(
        length / len(reference)
        for length, reference in zip(common, references, strict=True)
        if length
    )
    weight = _ROUGE_BETA**2
    return (1 + weight) * precision * recall / (recall + weight * precision)


def _longest_common_subsequence(first: Sentence, second: Sentence) -> int:
    """Return how many words two sentences share in the same order."""
    row = [0] * (len(second) + 1)
    for word in first:
        diagonal = 0
        for column, other in enumerate(second, start=1):
            above = row[column]
            row[column] = diagonal + 1 if word == other else max(above, row[column - 1])
            diagonal = above
    return row[-1]


def bootstrap_interval(
    values: Sequence[float], *, seed: int, resamples: int = 1000, level: float = 0.95
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of the mean of per-item values (Efron 1979).

    Meant for metrics that are means over items: ROUGE-L and CIDEr-D, not BLEU.

    Raises:
        UsageError: there is no value, ``resamples`` is below 1, or ``level`` is not between
            0 and 1.
    """
    if not len(values):
        raise UsageError("values: is empty; an interval needs at least one value")
    if resamples < 1:
        raise UsageError(f"resamples: {resamples} is not possible; 1 or more is")
    if not 0 < level < 1:
        raise UsageError(f"level: {level} is not between 0 and 1")
    sample = np.asarray(values, dtype=np.float64)
    generator = np.random.default_rng(seed)
    # One resample at a time: all at once would hold resamples x values in memory.
    means = [
        sample[generator.integers(len(sample), size=len(sample))].mean() for _ in range(resamples)
    ]
    low, high = np.quantile(means, ((1 - level) / 2, (1 + level) / 2))
    return float(low), float(high)
