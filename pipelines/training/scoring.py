"""Every metric of captions with its interval, of several captioners, and of people beside them.

Intervals are 95 % percentile bootstrap intervals over pictures
(:mod:`pipelines.metrics.bootstrap`), 1,000 draws.  BLEU and METEOR, which are figures of a corpus
and no means, are worked out anew for each draw from the sums of its pictures' counts.  The document
frequencies of CIDEr-D stay those of the whole corpus.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.metrics.bleu import bleu_counts, bleu_of_sums
from pipelines.metrics.bootstrap import percentile_interval, resampled_sums
from pipelines.metrics.meteor import Meteor
from pipelines.metrics.score import cider_d, rouge_l
from vidcap.errors import DataError
from vidcap.text.ngrams import has_repeated_ngram

Sentence = Sequence[str]

METRICS = ("bleu1", "bleu2", "bleu3", "bleu4", "rouge_l", "meteor", "cider_d")
# The published practice: Flickr8k, Flickr30k and nearly all of COCO have five captions a picture.
_HUMANS = 5
_SEED = 0
_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Corpus:
    """Sentences to score and what they are scored against.

    Attributes:
        found: one sentence a picture, as words.
        references: the human sentences of each picture, as words.
    """

    found: Sequence[Sentence]
    references: Sequence[Sequence[Sentence]]


@dataclass(frozen=True, slots=True)
class Measured:
    """The scores of a corpus, and of the corpora drawn from its pictures.

    Attributes:
        figures: for each of :data:`METRICS` (METEOR only where it was asked for) the score of the
            corpus, followed by those of the draws.  The draws of two corpora of the same pictures
            are of the same pictures.
        cider_d: CIDEr-D of each picture.
    """

    figures: Mapping[str, NDArray[np.float64]]
    cider_d: NDArray[np.float64]

    def to_dict(self) -> dict[str, Any]:
        """Return each score, and its interval under its name and ``_95``, to four decimals."""
        result: dict[str, Any] = {}
        for name, values in self.figures.items():
            result[name] = round(float(values[0]), 4)
            result[f"{name}_95"] = _interval(values)
        return result


def measure(corpora: Sequence[Corpus], *, with_meteor: bool) -> list[Measured]:
    """Score corpora with every metric, all at once, since METEOR takes seconds to start.

    Raises:
        UsageError: a corpus is empty, or an item has no reference.
        MissingExtraError: METEOR was asked for and cannot run; the message says why.
        VidcapError: METEOR failed.
    """
    sums, each = [], []
    for corpus in corpora:
        each.append(np.array(cider_d(corpus.found, corpus.references)))
        columns = np.column_stack(
            [
                bleu_counts(corpus.found, corpus.references),
                np.array(rouge_l(corpus.found, corpus.references)),
                each[-1],
            ]
        )
        sums.append(_sums(columns))
    meteors = _meteors(corpora) if with_meteor else None
    measured = []
    for index, (corpus, own) in enumerate(zip(corpora, sums, strict=True)):
        bleus = bleu_of_sums(own[:, :10])
        figures = {f"bleu{order}": bleus[:, order - 1] for order in (1, 2, 3, 4)}
        figures["rouge_l"] = own[:, 10] / len(corpus.found)
        if meteors is not None:
            figures["meteor"] = meteors[index]
        figures["cider_d"] = own[:, 11] / len(corpus.found)
        measured.append(Measured(figures, each[index]))
    return measured


def _sums(columns: NDArray[np.number]) -> NDArray[np.float64]:
    """Return the sums of all rows, and below them those of the draws."""
    drawn = resampled_sums(columns, seed=_SEED, resamples=_RESAMPLES)
    return np.vstack([columns.sum(axis=0), drawn])


def _meteors(corpora: Sequence[Corpus]) -> list[NDArray[np.float64]]:
    found = [sentence for corpus in corpora for sentence in corpus.found]
    references = [group for corpus in corpora for group in corpus.references]
    ends = np.cumsum([len(corpus.found) for corpus in corpora])
    with Meteor() as meteor:
        counts = meteor.counts(found, references)
        sums = np.vstack([_sums(own) for own in np.split(counts, ends[:-1])])
        return list(meteor.of_sums(sums).reshape(len(corpora), -1))


def difference(first: Measured, second: Measured) -> dict[str, Any]:
    """Return by how much ``first`` scores above ``second`` on the same pictures, with intervals.

    The bootstrap is paired: both are scored on the pictures of each draw, so that what makes a
    picture hard for both does not widen the interval.
    """
    result: dict[str, Any] = {}
    for name in first.figures:
        values = first.figures[name] - second.figures[name]
        result[name] = round(float(values[0]), 4)
        result[f"{name}_95"] = _interval(values)
    return result


def _interval(values: NDArray[np.float64]) -> list[float]:
    return [round(bound, 4) for bound in percentile_interval(values[1:])]


def mean_of(measured: Sequence[Measured]) -> Measured:
    """Return the mean of each score, draw by draw, over measurements of the same pictures."""
    return Measured(
        {
            name: np.mean([one.figures[name] for one in measured], axis=0)
            for name in measured[0].figures
        },
        np.mean([one.cider_d for one in measured], axis=0),
    )


def humans_of(references: Sequence[Sequence[Sentence]]) -> int:
    """Return how many people can be held out in turn: five, or as many as every picture has.

    Raises:
        DataError: a picture has a single caption, so that nobody is left to compare with.
    """
    fewest = min(len(group) for group in references)
    if fewest < 2:
        raise DataError(
            "a human row needs two captions or more of every picture, and a picture here has one; "
            "leave --human out"
        )
    return min(fewest, _HUMANS)


def held_out(references: Sequence[Sequence[Sentence]], human: int, humans: int) -> Corpus:
    """Return one person's sentences as candidates, with those of the others as references.

    Args:
        references: the human sentences of each picture.
        human: which of them is held out, from 0.
        humans: of how many; a picture's sentences beyond these are left out.
    """
    return Corpus(
        [group[human] for group in references],
        [[*group[:human], *group[human + 1 : humans]] for group in references],
    )


def diagnostics(found: Sequence[Sentence]) -> dict[str, int | float]:
    """Return what scores do not show of a set of sentences.

    ``count`` sentences, ``distinct`` ones among them, ``empty`` ones without a word, ``words``
    that are used at all, ``mean_length`` in words, and ``repeated_trigrams``: sentences in which
    some run of three words comes twice.
    """
    return {
        "count": len(found),
        "distinct": len({tuple(sentence) for sentence in found}),
        "empty": sum(not sentence for sentence in found),
        "words": len({word for sentence in found for word in sentence}),
        "mean_length": round(sum(map(len, found)) / len(found), 4),
        "repeated_trigrams": sum(has_repeated_ngram(sentence, 3) for sentence in found),
    }
