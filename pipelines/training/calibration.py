"""Fitting and judging how sure captions are; see :mod:`vidcap.captioning.confidence`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.metrics.cider import CiderD
from vidcap.captioning.confidence import FEATURES, Calibration, clipped
from vidcap.captioning.decoding.vocabulary import Vocabulary
from vidcap.errors import DataError

Array = NDArray[Any]

# Of 30 to 3,000 what the scores of training pictures, in five folds, are told best with.
_PROSPECT_SHRINK = 300.0
_STEPS = 200
_CLOSE = 1e-10


def fairness(
    found: Sequence[Sequence[str]], references: Sequence[Sequence[Sequence[str]]]
) -> tuple[Array, Array]:
    """Return the captions' CIDEr-D, and what the median human of each picture reaches.

    Both with the document frequencies of all the references.  A caption is scored against all n
    human sentences of its picture, a human one against the n - 1 others.  That is comparable:
    CIDEr-D is a mean over references, so the score against n is exactly the mean of the n scores
    against n - 1 that a human's place would give.

    Raises:
        DataError: a picture has fewer than two human captions.
        UsageError: there is no picture.
    """
    for index, group in enumerate(references):
        if len(group) < 2:
            raise DataError(f"picture {index} has one human caption; fairness needs two or more")
    scorer = CiderD(references)
    scores = [scorer.score(words, group) for words, group in zip(found, references, strict=True)]
    medians = [
        np.median(
            [
                scorer.score(words, [*group[:place], *group[place + 1 :]])
                for place, words in enumerate(group)
            ]
        )
        for group in references
    ]
    return np.array(scores), np.array(medians)


def word_information(vocabulary: Vocabulary, corpus: Iterable[Sequence[Sequence[str]]]) -> Array:
    """Return how telling each word number is, in nats, rounded to three decimals.

    Minus the logarithm of the share of pictures that some person used the word for; words that
    nobody used count as used once.  The special words tell nothing.

    Args:
        vocabulary: the captioner's.
        corpus: the human sentences of each picture, best those it was trained on.

    Raises:
        DataError: the corpus is empty.
    """
    counts: Counter[str] = Counter()
    pictures = 0
    for group in corpus:
        pictures += 1
        counts.update({word for sentence in group for word in sentence})
    if not pictures:
        raise DataError("there is no picture to learn from how telling words are")
    special = len(vocabulary) - len(vocabulary.to_list())
    told = [math.log(pictures / max(1, counts[word])) for word in vocabulary.to_list()]
    return np.round(np.array([0.0] * special + told), 3)


def prospect(directions: Array, scores: Array) -> tuple[float, ...]:
    """Return what each part of a picture's direction promises, rounded to six digits.

    A ridge regression (Hoerl and Kennard 1970) of the square root of CIDEr-D, which a few lucky
    captions would rule otherwise, on the standardised parts.  How well a captioner does on
    pictures it learnt from is not how well it does on others, but where it does better is.

    Args:
        directions: ``(N, D)`` of pictures, best those the captioner learnt from.
        scores: ``(N,)`` the CIDEr-D of their captions, 0 or more.
    """
    scales = directions.std(0)
    scales = np.where(scales > 1e-9, scales, 1.0)
    design = ((directions - directions.mean(0)) / scales).astype(np.float64)
    roots = np.sqrt(np.maximum(scores, 0.0))
    penalty = _PROSPECT_SHRINK * np.eye(design.shape[1])
    weights = np.linalg.solve(design.T @ design + penalty, design.T @ (roots - roots.mean()))
    return _rounded(weights / scales)


@dataclass(frozen=True, slots=True)
class Fit:
    """A logistic regression on standardised features; see :class:`Calibration` for its form."""

    means: Array
    scales: Array
    weights: Array
    bias: float

    def chances(self, values: Array) -> Array:
        """Return the chance for each row of ``(N, F)`` feature values."""
        odds = self.bias + clipped(values, self.means, self.scales) @ self.weights
        return np.asarray(1 / (1 + np.exp(-odds)))


def fit(
    values: Array,
    fair: Array,
    directions: Sequence[int],
    *,
    shrink: float = 10.0,
    weights: Array | None = None,
) -> Fit:
    """Fit the chance that a caption is fair.

    Maximum likelihood with an L2 penalty on the weights and their signs held to ``directions``, by
    Newton steps; a weight that wants to point the wrong way is zero.  Deterministic.

    Args:
        values: ``(N, F)`` features.
        fair: ``(N,)`` booleans.
        directions: for each feature 1, -1 or, for either, 0.
        shrink: penalty, in captions' worth of squared weight.
        weights: ``(N,)`` how many captions each counts for; one without it.

    Raises:
        DataError: the captions are all fair or all unfair, or not enough.
    """
    outcome = np.asarray(fair, dtype=np.float64)
    weights = np.ones(len(outcome)) if weights is None else weights
    if len(outcome) < 10 or not 0 < outcome.mean() < 1:
        raise DataError(
            f"{int(outcome.sum())} of {len(outcome)} captions are fair; to calibrate takes ten or "
            "more, and some of either kind"
        )
    means, scales = values.mean(0), values.std(0)
    scales = np.where(scales > 1e-9, scales, 1.0)
    design = np.column_stack([np.ones(len(values)), clipped(values, means, scales)])
    signs = np.array([0, *directions])
    free = np.ones(design.shape[1], dtype=bool)
    while True:
        solution = np.zeros(design.shape[1])
        solution[free] = _newton(design[:, free], outcome, weights, shrink)
        wrong = free & (solution * signs < 0)
        if not wrong.any():
            break
        # One at a time, the worst first: with it gone, the others may turn.
        free[np.argmin(np.where(wrong, solution * signs, 0.0))] = False
    return Fit(means, scales, solution[1:], float(solution[0]))


def _newton(design: Array, outcome: Array, weights: Array, shrink: float) -> Array:
    penalty = shrink * np.eye(design.shape[1])
    penalty[0, 0] = 1e-6  # the bias is free; this keeps the system regular
    solution = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        chances = 1 / (1 + np.exp(-design @ solution))
        slope = design.T @ (weights * (chances - outcome)) + penalty @ solution
        curve = (design * (weights * chances * (1 - chances))[:, None]).T @ design + penalty
        step = np.linalg.solve(curve, slope)
        solution -= step
        if np.abs(step).max() < _CLOSE:
            break
    return solution


def cross_fitted(
    values: Array,
    fair: Array,
    directions: Sequence[int],
    *,
    folds: int = 5,
    seed: int = 0,
    weights: Array | None = None,
) -> Array:
    """Return each caption's chance from a fit on the other folds, which are drawn at random."""
    weights = np.ones(len(fair)) if weights is None else weights
    order = np.random.default_rng(seed).permutation(len(fair))
    chances = np.zeros(len(fair))
    for fold in np.array_split(order, folds):
        rest = np.setdiff1d(order, fold)
        fitted = fit(values[rest], fair[rest], directions, weights=weights[rest])
        chances[fold] = fitted.chances(values[fold])
    return chances


def calibration(
    names: Sequence[str],
    values: Array,
    fair: Array,
    information: Array,
    record: dict[str, Any],
    *,
    weights: Array | None = None,
    prospect: tuple[float, ...] = (),
) -> Calibration:
    """Fit on all captions and return what a checkpoint holds, numbers rounded to six digits."""
    found = fit(values, fair, [FEATURES[name] for name in names], weights=weights)
    return Calibration(
        features=tuple(names),
        means=_rounded(found.means),
        scales=_rounded(found.scales),
        weights=_rounded(found.weights),
        bias=float(f"{found.bias:.6g}"),
        information=tuple(information.tolist()),
        record=record,
        prospect=prospect,
    )


def _rounded(numbers: Array) -> tuple[float, ...]:
    return tuple(float(f"{number:.6g}") for number in numbers)


@dataclass(frozen=True, slots=True)
class Bin:
    """Captions of like confidence.

    Attributes:
        count: how many.
        confidence: their mean chance.
        fair: share of them that is fair.
    """

    count: int
    confidence: float
    fair: float


def reliability(chances: Array, fair: Array, *, bins: int = 5) -> list[Bin]:
    """Return bins of equally many captions each, by rising chance; equals stay in their order."""
    order = np.argsort(chances, kind="stable")
    return [
        Bin(len(part), float(np.mean(chances[part])), float(np.mean(fair[part])))
        for part in np.array_split(order, bins)
        if len(part)
    ]


def calibration_error(chances: Array, fair: Array, *, bins: int = 5) -> float:
    """Return the expected calibration error, 0 to 1, over bins of equal mass.

    The mean distance of a bin's mean chance from its share of fair captions (Naeini, Cooper and
    Hauskrecht, AAAI 2015).
    """
    parts = reliability(chances, fair, bins=bins)
    return sum(part.count * abs(part.confidence - part.fair) for part in parts) / len(chances)


def brier(chances: Array, fair: Array) -> float:
    """Return the mean squared distance of the chances from what came true (Brier 1950)."""
    return float(np.mean((chances - fair) ** 2))


def auroc(chances: Array, fair: Array) -> float:
    """Return the chance that a fair caption has more confidence than an unfair one; ties half.

    Raises:
        DataError: the captions are all fair or all unfair.
    """
    fair = np.asarray(fair, dtype=bool)
    count, others = int(fair.sum()), int((~fair).sum())
    if not count or not others:
        raise DataError("captions are all fair or all unfair; nothing can tell them apart")
    _, inverse, times = np.unique(chances, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(times) - (times - 1) / 2)[inverse]
    return float((ranks[fair].sum() - count * (count + 1) / 2) / (count * others))


def kept_mean(chances: Array, scores: Array, coverage: float) -> float:
    """Return the mean score of the share ``coverage`` of captions that are surest, at least one."""
    kept = max(1, round(coverage * len(scores)))
    return float(np.mean(scores[np.argsort(-chances, kind="stable")[:kept]]))


def gain(chances: Array, scores: Array, coverage: float = 0.7) -> float:
    """Return by which share the mean score rises where only the surest are kept."""
    whole = float(np.mean(scores))
    return kept_mean(chances, scores, coverage) / whole - 1 if whole else 0.0


def bootstrap(
    measure: Callable[..., float], *arrays: Array, seed: int = 0, resamples: int = 1000
) -> tuple[float, float]:
    """Return the 95 % percentile interval of a measure of captions drawn again (Efron 1979)."""
    generator = np.random.default_rng(seed)
    count = len(arrays[0])
    found = []
    for _ in range(resamples):
        drawn = generator.integers(count, size=count)
        found.append(measure(*(array[drawn] for array in arrays)))
    low, high = np.quantile(found, (0.025, 0.975))
    return float(low), float(high)
