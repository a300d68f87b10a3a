"""Every sentence gets a verdict, and the verdict is what the figures say."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcap.description.scheduling import Fitter
from vidcap.description.script import Candidate, Detail, Span, Verdict
from vidcap.description.voices.base import Speech

LONG = "A person in a red shirt is riding a bike in a parking lot."


class Metronome:
    """Takes 50 ms for a letter, at speed 1."""

    name = "metronome"
    words_per_minute = 160.0
    version = "1"

    def speak(self, text: str, *, speed: float = 1.0) -> Speech:
        return Speech(np.zeros(round(len(text) * 400 / speed), np.int16), 8000)


def fitter(*, pauses: bool = False, rate: float = 160.0) -> Fitter:
    return Fitter(Metronome(), words_per_minute=rate, pauses=pauses)


def scene(start: int, end: int, text: str = LONG, number: int = 0) -> Candidate:
    return Candidate(number, start, end, text, Detail.FULL, 0.5)


def fit_one(text: str, room: int, *, pauses: bool = False):  # type: ignore[no-untyped-def]
    return fitter(pauses=pauses).fit([scene(5000, 15_000, text)], [Span(5000, 5000 + room)])


@pytest.mark.parametrize(
    ("room", "verdict", "text"),
    [
        (2900, Verdict.FITS, LONG),
        (2899, Verdict.FASTER, LONG),
        (2417, Verdict.FASTER, LONG),
        (2416, Verdict.SHORTENED, "A person is riding a bike in a parking lot."),
        (700, Verdict.SHORTENED, "A person."),
        (374, None, None),
        (1, None, None),
    ],
)
def test_the_verdict_is_what_the_figures_say(room, verdict, text) -> None:  # type: ignore[no-untyped-def]
    assert len(LONG) * 50 == 2900
    made = fit_one(LONG, room)
    if verdict is None:
        assert not made.told
        (left,) = made.left
        assert (left.verdict, left.reason) == (Verdict.PAUSE, "no room")
        assert (left.needed_ms, left.available_ms) == (2900, room)
        return
    (told,) = made.told
    assert (told.verdict, told.text) == (verdict, text)
    assert (told.needed_ms, told.available_ms) == (2900, room)
    assert told.spoken_ms == told.end_ms - told.start_ms <= room
    assert told.words_per_minute == pytest.approx(
        60_000 * len(text.split()) / told.spoken_ms, abs=0.1
    )


def test_extended_a_film_stands_still_for_what_has_no_room() -> None:
    (told,) = fit_one(LONG, 2416, pauses=True).told
    assert told.verdict is Verdict.PAUSE
    assert told.text == LONG
    assert told.start_ms == told.end_ms == 5000
    assert told.spoken_ms == 2900
    assert told.pause_ms > told.spoken_ms
    (told,) = fit_one(LONG, 2900, pauses=True).told
    assert (told.verdict, told.pause_ms) == (Verdict.FITS, 0)


def test_a_description_begins_with_its_scene_or_as_much_earlier_as_it_takes() -> None:
    gaps = [Span(0, 20_000)]
    (told,) = fitter().fit([scene(5000, 9000)], gaps).told
    assert told.start_ms == 5000
    (told,) = fitter().fit([scene(5000, 5500)], gaps).told
    assert told.start_ms == 4100
    assert told.end_ms == 7000  # at most so long behind the scene


def test_the_rate_decides_how_long_a_sentence_lasts() -> None:
    slow = fitter(rate=120).fit([scene(0, 20_000)], [Span(0, 20_000)]).told[0]
    fast = fitter(rate=200).fit([scene(0, 20_000)], [Span(0, 20_000)]).told[0]
    assert slow.spoken_ms == pytest.approx(2900 * 160 / 120, abs=2)
    assert fast.spoken_ms == pytest.approx(2900 * 160 / 200, abs=2)


def test_nothing_is_told_twice() -> None:
    scenes = [
        scene(0, 9000),
        scene(10_000, 19_000, "A red car.", 1),
        scene(20_000, 29_000, LONG, 2),
    ]
    made = fitter().fit(scenes, [Span(0, 30_000)])
    assert [told.candidate.scene for told in made.told] == [0, 1]
    assert [(left.candidate.scene, left.reason) for left in made.left] == [(2, "told elsewhere")]


def test_a_repeat_is_told_where_the_first_had_no_room() -> None:
    scenes = [scene(0, 1000), scene(20_000, 29_000, LONG, 1)]
    made = fitter().fit(scenes, [Span(15_000, 30_000)])
    assert [told.candidate.scene for told in made.told] == [1]


def test_what_brings_little_new_is_left_out() -> None:
    made = fitter().fit(
        [scene(0, 9000), scene(10_000, 19_000, "A red bike in a lot.", 1)],
        [Span(0, 30_000)],
    )
    assert len(made.told) == 1
    assert [left.reason for left in made.left] == ["little new"]


def test_of_two_that_want_one_gap_the_more_telling_is_told() -> None:
    dull = replace(scene(0, 2000, "A dog.", 0), confidence=0.3)
    telling = scene(2000, 4000, "A brown horse jumps over a white fence.", 1)
    others = [scene(60_000 * n, 60_000 * n + 3000, "A dog.", n) for n in (2, 3)]
    made = fitter().fit([dull, telling, *others], [Span(1500, 3700)])
    assert [told.candidate.scene for told in made.told] == [1]


@st.composite
def films(draw: st.DrawFn):  # type: ignore[no-untyped-def]
    words = ["dog", "bike", "horse", "beach", "ball", "child", "tree", "car", "boat", "snow"]
    times = sorted(draw(st.lists(st.integers(0, 60_000), min_size=2, max_size=9, unique=True)))
    scenes = [
        Candidate(
            number,
            start,
            end,
            f"A {draw(st.sampled_from(words))} is near a {draw(st.sampled_from(words))}.",
            Detail.FULL,
            draw(st.none() | st.floats(0, 1)),
        )
        for number, (start, end) in enumerate(pairwise(times))
    ]
    borders = sorted(draw(st.lists(st.integers(0, 62_000), max_size=12, unique=True)))
    gaps = [Span(a, b) for a, b in zip(borders[::2], borders[1::2], strict=False)]
    return scenes, gaps


@given(films(), st.booleans())
def test_all_is_told_in_a_gap_or_accounted_for(film, pauses: bool) -> None:  # type: ignore[no-untyped-def]
    scenes, gaps = film
    made = fitter(pauses=pauses).fit(scenes, gaps)
    accounted = [one.candidate.scene for one in (*made.told, *made.left)]
    assert sorted(accounted) == [one.scene for one in scenes]
    spoken = [one for one in made.told if not one.pause_ms]
    for one in spoken:
        assert any(gap.start_ms <= one.start_ms and one.end_ms <= gap.end_ms for gap in gaps)
        assert one.spoken_ms <= one.available_ms
        assert one.start_ms >= one.candidate.start_ms - 1000
        assert one.end_ms <= one.candidate.end_ms + 1500
        whole = one.needed_ms <= one.available_ms
        assert (one.verdict is Verdict.FITS) == whole
        if one.verdict is not Verdict.SHORTENED:
            assert one.text == one.candidate.text
    for one, following in pairwise(spoken):
        assert one.end_ms + 400 <= following.start_ms
    for one in made.told:
        if one.pause_ms:
            assert pauses
            assert one.start_ms == one.candidate.start_ms
            assert not any(other.start_ms < one.start_ms < other.end_ms for other in spoken)


def script(start: int, end: int, text: str = LONG) -> Candidate:
    return Candidate(None, start, end, text, Detail.SCRIPT)


def test_a_script_is_told_where_it_says() -> None:
    texts = [script(1000, 4000), script(5000, 7600), script(8000, 9000), script(9500, 9700, "Go.")]
    told = fitter().as_written(texts).told
    assert [one.start_ms for one in told] == [1000, 5000, 8000, 10_417]
    assert [one.text for one in told] == [one.text for one in texts]
    assert [one.verdict for one in told] == [
        Verdict.FITS,
        Verdict.FASTER,
        Verdict.FASTER,
        Verdict.FASTER,
    ]
    assert told[0].note == told[1].note == ""
    assert told[2].note == "runs 1.4 s over its end"
    assert told[3].note == ("begins 0.9 s late, behind the one before; runs 0.8 s over its end")


def test_extended_a_script_makes_the_film_stand_still() -> None:
    first, second = fitter(pauses=True).as_written([script(1000, 4000), script(5000, 6000)]).told
    assert first.pause_ms == 0
    assert second.verdict is Verdict.PAUSE
    assert second.note == ""
