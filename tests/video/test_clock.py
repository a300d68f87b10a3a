"""Presentation times are the file's own where they can be, and always rise."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.video.test_sampling import INFO
from vidcap.video.clock import PresentationClock


def ticks(times: list[int | None]) -> list[int]:
    clock = PresentationClock(INFO)
    return [clock.ticks(time, None) for time in times]


@given(st.lists(st.integers(-10_000, 10_000), unique=True).map(sorted))
def test_rising_times_stay_as_they_are(times: list[int]) -> None:
    assert ticks(list(times)) == times


@given(st.lists(st.none() | st.integers(-10_000, 10_000)))
def test_times_rise_whatever_comes(times: list[int | None]) -> None:
    given_out = ticks(times)
    assert all(later > earlier for earlier, later in pairwise(given_out))


def test_frames_without_times_are_spaced_by_the_rate() -> None:
    clock = PresentationClock(replace(INFO, first_ticks=7, frame_rate=Fraction(50)))
    assert [clock.ticks(None, None) for _ in range(4)] == [7, 27, 47, 67]
    assert clock.untimed == 4


def test_a_doubled_time_costs_one_tick_and_no_more() -> None:
    assert ticks([0, 40, 40, 80, 120]) == [0, 40, 41, 80, 120]


def test_a_clock_that_begins_anew_is_carried_on() -> None:
    assert ticks([90_000, 90_040, 90_080, 0, 40, 80]) == [
        90_000, 90_040, 90_080, 90_120, 90_160, 90_200,
    ]  # fmt: skip
