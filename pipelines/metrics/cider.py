"""CIDEr-D: consensus with the references, rare n-grams weighing more (Vedantam et al. 2015).

Written to score many candidates against the same references, as self-critical training does:
what depends on the references alone is worked out once, in :meth:`CiderD.prepare`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from vidcap.errors import UsageError
from vidcap.text.ngrams import check_corpus, check_references, check_words, count_ngrams

_ORDERS = (1, 2, 3, 4)
_SIGMA = 6.0  # words of difference in length at which the score falls to exp(-1/2)

_Words = Sequence[Hashable]
_Ngram = tuple[Hashable, ...]


@dataclass(frozen=True, slots=True)
class PreparedReferences:
    """The references of one item, weighed by the :class:`CiderD` that made this.

    Attributes:
        lengths: bigrams of each reference.
        postings: for each order, n-gram to (reference, count there, weight of one occurrence in
            the candidate).
    """

    lengths: tuple[int, ...]
    postings: tuple[dict[_Ngram, list[tuple[int, int, float]]], ...]


class CiderD:
    """CIDEr-D with the document frequencies of one reference corpus.

    Words may be strings or vocabulary numbers, as long as they are the same kind throughout.

    Args:
        corpus: for each item (picture), its reference sentences.  An n-gram counts once an item.
            A corpus of one item gives nothing but zeros: all its n-grams are in all documents.

    Raises:
        UsageError: the corpus is empty, or an item has no reference.
    """

    def __init__(self, corpus: Iterable[Sequence[_Words]]) -> None:
        items = 0
        frequencies: tuple[Counter[_Ngram], ...] = tuple(Counter() for _ in _ORDERS)
        for group in corpus:
            check_references(group, name=f"corpus[{items}]")
            items += 1
            for order, frequency in zip(_ORDERS, frequencies, strict=True):
                frequency.update({n for words in group for n in count_ngrams(words, order)})
        if not items:
            raise UsageError("corpus: is empty; document frequencies need at least one item")
        self._idf_unseen = math.log(items)
        self._idf = tuple(
            {ngram: self._idf_unseen - math.log(count) for ngram, count in frequency.items()}
            for frequency in frequencies
        )

    def prepare(self, references: Sequence[_Words]) -> PreparedReferences:
        """Return the references of one item in the form that is fastest to score against.

        Raises:
            UsageError: there is no reference.
        """
        check_references(references, name="references")
        postings: tuple[dict[_Ngram, list[tuple[int, int, float]]], ...] = tuple(
            {} for _ in _ORDERS
        )
        for index, words in enumerate(references):
            for order, posting, idf in zip(_ORDERS, postings, self._idf, strict=True):
                counts = count_ngrams(words, order)
                weights = {n: count * idf.get(n, self._idf_unseen) for n, count in counts.items()}
                norm = math.sqrt(sum(weight * weight for weight in weights.values()))
                if norm == 0:
                    continue
                for ngram, count in counts.items():
                    weight = weights[ngram] * idf.get(ngram, self._idf_unseen) / norm
                    posting.setdefault(ngram, []).append((index, count, weight))
        return PreparedReferences(
            lengths=tuple(_length(words) for words in references), postings=postings
        )

    def score(self, candidate: _Words, references: Sequence[_Words] | PreparedReferences) -> float:
        """Return CIDEr-D of one sentence, from 0 to 10.

        Raises:
            UsageError: there is no reference.
        """
        if not isinstance(references, PreparedReferences):
            references = self.prepare(references)
        check_words(candidate, name="candidate")
        length = _length(candidate)
        penalties = [
            math.exp(-((length - other) ** 2) / (2 * _SIGMA**2)) for other in references.lengths
        ]
        total = 0.0
        unseen = self._idf_unseen
        for order, idf, posting in zip(_ORDERS, self._idf, references.postings, strict=True):
            squares = common = 0.0
            for ngram, count in count_ngrams(candidate, order).items():
                weight = idf.get(ngram, unseen) * count
                squares += weight * weight
                for index, count_there, weight_there in posting.get(ngram, ()):
                    # Clipped: what a candidate repeats counts only as often as a reference has it.
                    clipped = count if count < count_there else count_there
                    common += clipped * weight_there * penalties[index]
            if common:
                total += common / math.sqrt(squares)
        return 10.0 * total / (len(_ORDERS) * len(penalties))


def cider_d(candidates: Sequence[_Words], references: Sequence[Sequence[_Words]]) -> list[float]:
    """Return CIDEr-D of each candidate, from 0 to 10, document frequencies from ``references``.

    Raises:
        UsageError: the corpus is empty, or an item has no reference.
    """
    check_corpus(candidates, references)
    scorer = CiderD(references)
    return [
        scorer.score(candidate, group)
        for candidate, group in zip(candidates, references, strict=True)
    ]


def _length(words: _Words) -> int:
    # The evaluation code of the authors measures length in bigrams; only sentences of no word and
    # of one word are any the nearer for it.
    return max(0, len(words) - 1)
