"""Comparing pictures under a moving camera: laid over each other before they are compared."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from vidcap.video.luma_difference import NOISE, spread

SIDE = 64
"""Width and height of the small grey pictures that are compared."""

_FURTHEST = SIDE // 4
"""Cells by which one may lie off the other: less of them in common would tell little."""

Grey = NDArray[np.float32]


@lru_cache(maxsize=1)
def _window() -> NDArray[np.float32]:
    return cv2.createHanningWindow((SIDE, SIDE), cv2.CV_32F).astype(np.float32)


def aligned_change(one: Grey, other: Grey) -> float:
    """Return how much two small pictures differ where they lie over each other.

    The shift between them is found by phase correlation (Kuglin and Hines, "The Phase Correlation
    Image Alignment Method", 1975).

    Args:
        one: ``(SIDE, SIDE)`` luma, 0 to 255.
        other: likewise.

    Returns:
        what :func:`vidcap.video.luma_difference.change` would say of the part that both show; the
        smaller of it with the shift, and without.
    """
    plain = _change(one, other)
    # Copies, because OpenCV lays the window over what it is given.
    (right, down), _ = cv2.phaseCorrelate(one.copy(), other.copy(), _window())
    if max(abs(right), abs(down)) > _FURTHEST or not (right or down):
        return plain
    shift = np.array([[1, 0, -right], [0, 1, -down]], np.float32)
    moved = cv2.warpAffine(other, shift, (SIDE, SIDE), flags=cv2.INTER_LINEAR).astype(np.float32)
    left, top = int(np.ceil(max(0, -right))), int(np.ceil(max(0, -down)))
    end, bottom = SIDE - int(np.ceil(max(0, right))), SIDE - int(np.ceil(max(0, down)))
    both = slice(top, bottom), slice(left, end)
    return min(plain, _change(one[both], moved[both]))


def _change(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    apart = float(np.abs(one - other).mean())
    return apart / ((spread(one) + spread(other)) / 2 + NOISE)
