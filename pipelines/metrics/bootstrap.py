"""The bootstrap: how much a figure would move with other pictures of the same kind (Efron 1979)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vidcap.errors import UsageError


def bootstrap_interval(
    values: Sequence[float], *, seed: int, resamples: int = 1000, level: float = 0.95
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of the mean of per-item values.

    Meant for metrics that are means over items: ROUGE-L and CIDEr-D.  BLEU and METEOR are made of
    sums; for them and for all together there is :func:`resampled_sums`.

    Raises:
        UsageError: there is no value, ``resamples`` is below 1, or ``level`` is not between
            0 and 1.
    """
    column = np.asarray(values, dtype=np.float64)[:, None]
    sums = resampled_sums(column, seed=seed, resamples=resamples)
    return percentile_interval(sums[:, 0] / len(column), level=level)


def resampled_sums(
    columns: NDArray[np.number], *, seed: int, resamples: int = 1000
) -> NDArray[np.float64]:
    """Return the sums over items drawn with replacement, as many as there are, time after time.

    The items that are drawn depend on their number and the seed alone: sums of two systems over
    the same items can be compared draw by draw.

    Args:
        columns: ``(items, columns)``, what is to be summed.
        seed: seed of the draws.
        resamples: how often to draw.

    Returns:
        ``(resamples, columns)``.

    Raises:
        UsageError: there is no item, or ``resamples`` is below 1.
    """
    items = len(columns)
    if not items:
        raise UsageError("values: is empty; an interval needs at least one value")
    if resamples < 1:
        raise UsageError(f"resamples: {resamples} is not possible; 1 or more is")
    each = np.asarray(columns, dtype=np.float64)
    generator = np.random.default_rng(seed)
    sums = np.empty((resamples, each.shape[1]))
    # One draw at a time: all at once would hold resamples x items in memory.
    for row in sums:
        times = np.bincount(generator.integers(items, size=items), minlength=items)
        row[:] = times @ each
    return sums


def percentile_interval(
    figures: NDArray[np.float64], *, level: float = 0.95
) -> tuple[float, float]:
    """Return between what bounds the middle share ``level`` of resampled figures lies.

    Raises:
        UsageError: ``level`` is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise UsageError(f"level: {level} is not between 0 and 1")
    low, high = np.quantile(figures, ((1 - level) / 2, (1 + level) / 2))
    return float(low), float(high)
