"""BLEU of a corpus, and the counts of each sentence that it is made of (Papineni et al. 2002).

The figures are those of the COCO caption evaluation, its numerical constants included.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vidcap.text.ngrams import check_corpus, count_ngrams

Sentence = Sequence[str]

_ORDERS = (1, 2, 3, 4)
# What keeps the COCO evaluation from dividing by zero.  They show in the figures of very small
# corpora (a single word has a BLEU-2 of 0.001), so equal figures need equal constants.
_TINY = 1e-15
_SMALL = 1e-9


def bleu(
    candidates: Sequence[Sentence], references: Sequence[Sequence[Sentence]]
) -> tuple[float, float, float, float]:
    """Return corpus BLEU-1 to BLEU-4, each from 0 to 1.

    The brevity penalty compares with the reference nearest in length, the shorter of two.

    Raises:
        UsageError: the corpus is empty, or an item has no reference.
    """
    scores = bleu_of_sums(bleu_counts(candidates, references).sum(axis=0))
    return float(scores[0]), float(scores[1]), float(scores[2]), float(scores[3])


def bleu_counts(
    candidates: Sequence[Sentence], references: Sequence[Sequence[Sentence]]
) -> NDArray[np.int64]:
    """Return the counts of each candidate, whose sum over a corpus is all that BLEU looks at.

    Returns:
        ``(items, 10)``: words of the candidate, words of the reference nearest in length, and for
        runs of one to four words first how many the candidate has, then how many of them are right.

    Raises:
        UsageError: the corpus is empty, or an item has no reference.
    """
    check_corpus(candidates, references)
    counts = np.zeros((len(candidates), 10), dtype=np.int64)
    for row, candidate, group in zip(counts, candidates, references, strict=True):
        length = len(candidate)
        row[0] = length
        row[1] = min((len(reference) for reference in group), key=lambda n: (abs(n - length), n))
        for order in _ORDERS:
            in_references = [count_ngrams(reference, order) for reference in group]
            row[1 + order] = max(0, length - order + 1)
            row[5 + order] = sum(
                min(count, max(counted.get(ngram, 0) for counted in in_references))
                for ngram, count in count_ngrams(candidate, order).items()
            )
    return counts


def bleu_of_sums(sums: NDArray[np.number]) -> NDArray[np.float64]:
    """Return BLEU-1 to BLEU-4 of corpora whose summed counts are given.

    Args:
        sums: ``(..., 10)``, sums of rows of :func:`bleu_counts`.

    Returns:
        ``(..., 4)``, each from 0 to 1.
    """
    counts = np.asarray(sums, dtype=np.float64)
    ratio = (counts[..., 0] + _TINY) / (counts[..., 1] + _SMALL)
    brevity_penalty = np.exp(np.minimum(0.0, 1 - 1 / ratio))
    precisions = (counts[..., 6:] + _TINY) / (counts[..., 2:6] + _SMALL)
    means = np.cumprod(precisions, axis=-1) ** (1 / np.array(_ORDERS))
    scores: NDArray[np.float64] = brevity_penalty[..., None] * means
    return scores
