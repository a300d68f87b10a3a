"""A map of attention as a drawing: dark but for where a word looked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FAINT = 0.08  # shares of a map's largest weight below this are not drawn
_DARKEST = 0.8


def shade_svg(attention: NDArray[np.float32]) -> str:
    """Return the rectangles that darken a picture where a word did not look.

    Args:
        attention: ``(side, side)``; the drawing's view box is ``0 0 side side``.
    """
    side = len(attention)
    # The root shows what is faint as well.
    heat = np.sqrt(attention / max(float(attention.max()), 1e-9))
    return "".join(
        f'<rect x="{x}" y="{y}" width="1" height="1" '
        f'fill-opacity="{_DARKEST * (1 - heat[y, x]):.2f}"/>'
        for y in range(side)
        for x in range(side)
        if heat[y, x] < 1 - _FAINT
    )
