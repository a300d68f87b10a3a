"""Gaps are what speech leaves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vidcap.description.gaps import MARGIN_MS, find_gaps, free_of
from vidcap.description.script import Span

END = 60_000


@st.composite
def spans(draw: st.DrawFn) -> list[Span]:
    times = sorted(draw(st.lists(st.integers(0, END), max_size=20, unique=True)))
    return [Span(a, b) for a, b in zip(times[::2], times[1::2], strict=False)]


def test_head_and_tail_are_gaps_too() -> None:
    assert find_gaps([Span(5000, 6000), Span(7000, 8000)], end_ms=12_000, min_gap_ms=2000) == [
        Span(0, 5000 - MARGIN_MS),
        Span(8000 + MARGIN_MS, 12_000),
    ]


def test_a_film_without_speech_is_one_gap() -> None:
    assert find_gaps([], end_ms=1234, min_gap_ms=2000) == []
    assert find_gaps([], end_ms=2345, min_gap_ms=2000) == [Span(0, 2345)]


def test_speech_behind_the_end_counts_for_nothing() -> None:
    speech = [Span(1000, 9000), Span(9500, 9900)]
    assert find_gaps(speech, end_ms=4000, min_gap_ms=1000, margin_ms=0) == [Span(0, 1000)]


@given(spans(), st.integers(0, 5000), st.integers(0, 500))
def test_no_gap_touches_speech_and_none_is_missing(
    speech: list[Span], least: int, margin: int
) -> None:
    gaps = find_gaps(speech, end_ms=END, min_gap_ms=least, margin_ms=margin)
    assert gaps == sorted(gaps, key=lambda gap: gap.start_ms)
    for gap in gaps:
        assert 0 <= gap.start_ms < gap.end_ms <= END
        for span in speech:
            assert gap.end_ms <= span.start_ms - margin or gap.start_ms >= span.end_ms + margin
    # Every moment of a silence that is long enough is in a gap, but for its margins.
    borders = [0, *(time for span in speech for time in (span.start_ms, span.end_ms)), END]
    for start, end in zip(borders[::2], borders[1::2], strict=True):
        if end - start >= max(least, 2 * margin + 1):
            assert any(start <= gap.start_ms and gap.end_ms <= end for gap in gaps)


@given(spans(), spans(), st.integers(0, 500))
def test_what_is_taken_is_free_no_more(gaps: list[Span], taken: list[Span], apart: int) -> None:
    left = free_of(gaps, taken, apart_ms=apart)
    for span in left:
        assert span.length_ms > 0
        assert any(gap.start_ms <= span.start_ms and span.end_ms <= gap.end_ms for gap in gaps)
        for one in taken:
            assert span.end_ms <= one.start_ms - apart or span.start_ms >= one.end_ms + apart
