"""Exact seconds to the integer milliseconds that subtitles count in."""

from __future__ import annotations

import math
from fractions import Fraction


def nearest_ms(seconds: Fraction) -> int:
    """Return ``seconds`` in milliseconds, to the nearest; halves go up."""
    return math.floor(seconds * 1000 + Fraction(1, 2))


def video_end_ms(end: Fraction) -> int:
    """Return the last whole millisecond inside a video that ends at ``end`` seconds, at least 1.

    Rounded down, so that a cue which ends there does not leave the video.
    """
    return max(1, math.floor(end * 1000))


def clock(milliseconds: int, decimal_mark: str) -> str:
    """Return a time as ``HH:MM:SS`` and three decimals behind ``decimal_mark``."""
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    seconds, rest = divmod(rest, 1000)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{decimal_mark}{rest:03d}"
