from __future__ import annotations

from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcap.subtitles.times import clock, nearest_ms, video_end_ms


@pytest.mark.parametrize(
    ("seconds", "milliseconds"),
    [(F(0), 0), (F(1, 30), 33), (F(2, 30), 67), (F(1, 2000), 1), (F(1001, 30000), 33)],
)
def test_times_are_rounded_not_truncated(seconds: F, milliseconds: int) -> None:
    assert nearest_ms(seconds) == milliseconds


@given(st.fractions(0, 10**6))
def test_the_end_never_leaves_the_video(end: F) -> None:
    milliseconds = video_end_ms(end)
    assert milliseconds == 1 or F(milliseconds, 1000) <= end < F(milliseconds + 1, 1000)


@pytest.mark.parametrize(
    ("milliseconds", "written"),
    [
        (0, "00:00:00,000"),
        (59_999, "00:00:59,999"),
        (3_661_007, "01:01:01,007"),
        (359_999_999, "99:59:59,999"),
        (360_000_000, "100:00:00,000"),
    ],
)
def test_clock(milliseconds: int, written: str) -> None:
    assert clock(milliseconds, ",") == written
