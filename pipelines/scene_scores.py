"""Score detected scenes against known scenes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many moments were found: ``hits`` of ``true`` ones, among ``found``."""

    hits: int
    true: int
    found: int

    @property
    def precision(self) -> float:
        """Share of what was found that is true; 1 where nothing was found."""
        return self.hits / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Share of what is true that was found; 1 where there is nothing."""
        return self.hits / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        both = self.found + self.true
        return 2 * self.hits / both if both else 1.0

    def __add__(self, other: Agreement) -> Agreement:
        return Agreement(self.hits + other.hits, self.true + other.true, self.found + other.found)


def match_moments(
    found: Sequence[float], true: Sequence[float], tolerance: float
) -> list[tuple[int, int]]:
    """Pair moments one to one, as many as can be paired within a tolerance.

    Args:
        found: in seconds, rising.
        true: likewise.
        tolerance: largest distance of a pair, in seconds.

    Returns:
        Pairs of an index of ``found`` and one of ``true``.  Taking the earliest that fits each is
        the most there can be, as both are in order.
    """
    pairs: list[tuple[int, int]] = []
    place = 0
    for index, moment in enumerate(true):
        while place < len(found) and found[place] < moment - tolerance:
            place += 1
        if place < len(found) and found[place] <= moment + tolerance:
            pairs.append((place, index))
            place += 1
    return pairs


def boundaries(
    found: Sequence[float], true: Sequence[float], tolerance: float, *, counted: Sequence[bool]
) -> Agreement:
    """Score the moments where scenes begin, for some kinds of joints alone.

    Args:
        found: in seconds, rising.
        true: all joints, likewise.
        tolerance: in seconds.
        counted: which of ``true`` are scored.  What was found at one that is not is neither right
            nor wrong; what was found at none is wrong.
    """
    pairs = match_moments(found, true, tolerance)
    near = {
        index
        for index, moment in enumerate(found)
        if any(abs(moment - joint) <= max(tolerance, 0.5) for joint in true)
    }
    hits = sum(counted[index] for _, index in pairs)
    stray = len(found) - len(near)
    # A joint that is scored, and found but for more than the tolerance, is both missed and wrong.
    matched = {index for index, _ in pairs}
    late = sum(
        1
        for index in near - matched
        if any(
            scored and abs(found[index] - joint) <= max(tolerance, 0.5)
            for joint, scored in zip(true, counted, strict=True)
        )
    )
    return Agreement(hits, sum(counted), hits + stray + late)


def changes_within(
    said: Sequence[tuple[float, str]], starts: Sequence[float], *, slack: float
) -> int:
    """Count how often what is said changes although what is seen does not.

    Args:
        said: when something is said, rising, and what.
        starts: when true scenes start, rising.
        slack: a change that comes so many seconds before or after a start belongs to it.
    """
    changes = 0
    for (before, old), (time, new) in pairwise(said):
        due = any(before + slack < start <= time + slack for start in starts)
        late = any(abs(time - start) <= slack for start in starts)
        changes += old != new and not due and not late
    return changes


def overlaps(found: Sequence[Interval], true: Sequence[Interval]) -> NDArray[np.float64]:
    """Return the temporal intersection over union of every pair, ``(len(found), len(true))``."""
    if not (found and true):
        return np.zeros((len(found), len(true)))
    a, b = np.asarray(found, dtype=np.float64), np.asarray(true, dtype=np.float64)
    start = np.maximum(a[:, None, 0], b[None, :, 0])
    end = np.minimum(a[:, None, 1], b[None, :, 1])
    shared = np.maximum(0.0, end - start)
    lengths = (a[:, 1] - a[:, 0])[:, None] + (b[:, 1] - b[:, 0])[None, :]
    return shared / np.maximum(lengths - shared, 1e-9)


def soda_c(gains: NDArray[np.float64]) -> float:
    """Return SODA_c of a story told in order.

    Fujita, Hirao, Kamigaito, Okumura and Nagata, "SODA: Story Oriented Dense Video Captioning
    Evaluation Framework", ECCV 2020: the pairing of told and true scenes that keeps the order and
    has the largest sum of gains; that sum over the number of told scenes is the precision, over
    that of the true ones the recall, and the score is their F1.

    Args:
        gains: ``(told, true)`` overlap in time times likeness of the sentences.
    """
    told, true = gains.shape
    if not told or not true:
        return float(told == true)
    best = np.zeros((told + 1, true + 1))
    for row in range(1, told + 1):
        for column in range(1, true + 1):
            best[row, column] = max(
                best[row - 1, column],
                best[row, column - 1],
                best[row - 1, column - 1] + gains[row - 1, column - 1],
            )
    total = float(best[told, true])
    return 2 * total / (told + true)
