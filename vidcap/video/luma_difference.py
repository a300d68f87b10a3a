"""Comparing pictures by tiny thumbnails of their luma."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Thumbnail = NDArray[np.int16]

# Luma spread, 0 to 255, below which contrast is only noise.
NOISE = 4.0


class Measured(Protocol):
    """A thumbnail whose spread is known."""

    @property
    def luma(self) -> NDArray[Any]:
        """Luma, 0 to 255, as floats; of equal shape for all that are compared."""

    @property
    def spread(self) -> float:
        """What :func:`spread` says of it."""


def spread(luma: NDArray[Any]) -> float:
    """Return the mean absolute deviation of float luma from its mean."""
    return mean(np.abs(luma - mean(luma)))


def change(one: Measured, other: Measured) -> float:
    """Return how much two thumbnails of equal shape differ, in terms of their own contrast.

    The mean absolute difference of their luma over their mean absolute deviation from its mean: 0
    for equal pictures, about 1 for two that have nothing to do with each other, in a dark film as
    in a bright one.
    """
    return mean(np.abs(one.luma - other.luma)) / ((one.spread + other.spread) / 2 + NOISE)


def mean(luma: NDArray[np.floating[Any]]) -> float:
    """Return the mean; a third of the time of numpy's own, which is called for every frame."""
    return float(np.add.reduce(luma, axis=None)) / luma.size
