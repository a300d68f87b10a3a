"""Which frames are taken, over any clock."""

from __future__ import annotations

import gc
import weakref
from dataclasses import dataclass, replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcap.errors import UsageError
from vidcap.video.frame import VideoInfo
from vidcap.video.sampling import (
    EverySeconds,
    InShot,
    KeyFrames,
    PerShot,
    Sampling,
    parse_sampling,
    select,
)

INFO = VideoInfo(
    path="a.mp4",
    container="mp4",
    codec="h264",
    width=96,
    height=64,
    coded_width=96,
    coded_height=64,
    pixel_aspect=Fraction(1),
    rotation=0,
    mirrored=False,
    time_base=Fraction(1, 1000),
    start_time=Fraction(0),
    first_ticks=0,
    timed=True,
    interlaced=False,
    duration=None,
    frame_rate=Fraction(25),
    frames=None,
    stream_index=0,
    video_streams=1,
    audio_streams=0,
)


@dataclass(eq=False)
class Picture:
    ticks: int


def in_shots(ticks: list[int], cuts: list[int] | None = None) -> list[InShot[Picture]]:
    items = []
    starts = sorted({ticks[0], *(cuts or [])}) if ticks else []
    for tick in ticks:
        shot = sum(start <= tick for start in starts) - 1
        items.append(InShot(Picture(tick), shot, starts[shot]))
    return items


def taken(
    ticks: list[int], sampling: Sampling, info: VideoInfo = INFO, origin: Fraction = Fraction(0)
) -> list[int]:
    return [item.picture.ticks for item in select(in_shots(ticks), sampling, info, origin=origin)]


rising = st.lists(st.integers(0, 20_000), unique=True, max_size=80).map(sorted)
bases = st.sampled_from([Fraction(1, 1000), Fraction(1, 90000), Fraction(1001, 30000)])


@given(
    ticks=rising,
    seconds=st.fractions(Fraction(1, 60), 20, max_denominator=60),
    base=bases,
    start=st.fractions(0, 10, max_denominator=1000),
    origin=st.fractions(0, 10, max_denominator=1000),
)
def test_every_grid_point_gets_the_first_frame_at_or_after_it(
    ticks: list[int], seconds: Fraction, base: Fraction, start: Fraction, origin: Fraction
) -> None:
    info = replace(INFO, time_base=base, start_time=start)
    times = {tick: info.player_time(tick) for tick in ticks}
    expected = []
    if ticks:
        grid, steps = origin, 0
        while grid <= times[ticks[-1]]:
            first = next(tick for tick in ticks if times[tick] >= grid)
            if first not in expected:
                expected.append(first)
            steps += 1
            grid = origin + steps * seconds
    assert taken(ticks, EverySeconds(seconds), info, origin) == expected


def test_one_a_second_of_an_even_rate_is_every_twenty_fifth_frame() -> None:
    assert taken(list(range(0, 4000, 40)), EverySeconds(Fraction(1))) == [0, 1000, 2000, 3000]


@given(ticks=rising)
def test_key_frames_are_all_taken(ticks: list[int]) -> None:
    assert taken(ticks, KeyFrames()) == ticks


@given(ticks=rising, cuts=rising, count=st.integers(1, 16))
def test_each_shot_gives_its_count_or_all_it_has(
    ticks: list[int], cuts: list[int], count: int
) -> None:
    items = in_shots(ticks, [cut for cut in cuts if cut in ticks])
    chosen = list(select(items, PerShot(count), INFO))
    assert [item.picture.ticks for item in chosen] == sorted(
        {item.picture.ticks for item in chosen}
    )
    for shot in {item.shot for item in items}:
        size = sum(item.shot == shot for item in items)
        assert sum(item.shot == shot for item in chosen) == min(count, size)


@given(length=st.integers(1, 3000), count=st.integers(1, 16))
def test_frames_of_a_shot_are_spread_evenly(length: int, count: int) -> None:
    chosen = taken(list(range(0, length * 40, 40)), PerShot(count))
    part = length * 40 / len(chosen)
    for number, tick in enumerate(chosen):
        assert abs(tick - (number + 0.5) * part) <= 0.51 * part + 40


def test_a_long_shot_is_not_held_in_memory() -> None:
    alive: weakref.WeakSet[Picture] = weakref.WeakSet()
    most = 0

    def pictures():  # type: ignore[no-untyped-def]
        nonlocal most
        for number in range(3000):
            picture = Picture(number)
            alive.add(picture)
            if number % 500 == 499:
                gc.collect()
                most = max(most, len(alive))
            yield InShot(picture, 0, 0)

    assert len(list(select(pictures(), PerShot(4), INFO))) == 4
    assert most <= 20


@pytest.mark.parametrize(
    ("text", "sampling"),
    [
        ("fps", EverySeconds(Fraction(1, 2))),
        ("keyframes", KeyFrames()),
        ("shot", PerShot(1)),
        ("shot:3", PerShot(3)),
    ],
)
def test_words_of_the_command_line(text: str, sampling: Sampling) -> None:
    assert parse_sampling(text, fps=Fraction(2)) == sampling


@pytest.mark.parametrize("text", ["", "FPS", "shot:", "shot:0", "shot:17", "shot:-1", "shot:1.5"])
def test_other_words_are_refused_with_the_choices(text: str) -> None:
    with pytest.raises(UsageError, match=r"choose|must be 1 to"):
        parse_sampling(text)


@pytest.mark.parametrize("fps", [Fraction(0), Fraction(-1)])
def test_a_rate_of_nothing_is_refused(fps: Fraction) -> None:
    with pytest.raises(UsageError, match="above 0"):
        parse_sampling("fps", fps=fps)
    with pytest.raises(UsageError, match="above 0"):
        EverySeconds(fps)
