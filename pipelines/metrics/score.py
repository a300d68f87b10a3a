"""Score candidate sentences against references: BLEU, ROUGE-L and CIDEr-D over lists of words.

The figures are those of the COCO caption evaluation (Chen et al. 2015), its numerical constants
included, so that they can stand beside published ones.  METEOR, which needs Java, is in
:mod:`pipelines.metrics.meteor`.

Throughout, ``candidates[i]`` is one sentence as a list of words and ``references[i]`` are the
sentences people wrote for the same item, one or more.  A candidate without words is scored like
any other, and scores zero.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.metrics.bleu import bleu
from pipelines.metrics.bootstrap import bootstrap_interval
from pipelines.metrics.cider import CiderD, cider_d
from vidcap.text.ngrams import check_corpus

__all__ = ["CiderD", "Scores", "bleu", "bootstrap_interval", "cider_d", "rouge_l", "score_corpus"]

Sentence = Sequence[str]

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
