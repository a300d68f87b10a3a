from __future__ import annotations

from fractions import Fraction as F
from itertools import groupby, pairwise, zip_longest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcap.captioning.caption import Caption
from vidcap.errors import UsageError
from vidcap.scenes import FrameCaption, Scene
from vidcap.subtitles import (
    Break,
    Cue,
    Preset,
    breaks_line,
    cues_from_scenes,
    load_preset,
    preset_names,
)
from vidcap.subtitles.clean import clean_text, sentence_case
from vidcap.subtitles.rules import broken_rules

NETFLIX = load_preset("netflix")
RATE = F(25)  # a closed gap is 80 ms
DOG = "a dog runs through the grass"  # 29 characters as a sentence: 1.45 s
LONG = (
    "a man in a red shirt is standing in front of a large building with a black dog "
    "while two women in blue dresses walk along the street"
)


def scene(
    start: F | int, end: F | int, text: str = DOG, *, cuts: tuple[F | int, ...] = ()
) -> Scene:
    frames = tuple(
        FrameCaption(round(time * 1000), F(time), shot, F(time), Caption(text, -0.5))
        for shot, time in enumerate((start, *cuts))
    )
    return Scene(F(start), F(end), text, -0.5, frames)


def cues(*scenes: Scene, end: int | None = None, rate: F | None = RATE) -> list[Cue]:
    last = int(scenes[-1].end * 1000) if scenes else 1000
    return cues_from_scenes(
        scenes, NETFLIX, video_end_ms=last if end is None else end, frame_rate=rate
    )


def times(found: list[Cue]) -> list[tuple[int, int]]:
    return [(cue.start_ms, cue.end_ms) for cue in found]


def rules(cue: Cue) -> list[str]:
    return [found.rule for found in cue.breaks]


def test_no_scene_gives_no_cue() -> None:
    assert cues() == []


def test_a_cue_stands_while_its_scene_lasts_and_leaves_two_frames() -> None:
    found = cues(scene(0, 4), scene(4, 7, "two girls play"))
    assert found == [
        Cue(0, 3920, ("A dog runs through the grass.",), 0, ()),
        Cue(4000, 7000, ("Two girls play.",), 1, ()),
    ]


def test_a_static_minute_is_said_once_and_for_no_longer_than_the_longest_cue() -> None:
    assert cues(scene(0, 60)) == [Cue(0, 7000, ("A dog runs through the grass.",), 0, ())]


def test_starts_are_true_times_to_the_nearest_millisecond() -> None:
    cut = F(1001 * 200, 30000)  # 6.67333... s
    found = cues(scene(0, cut), scene(cut, 10), rate=F(30000, 1001))
    assert times(found) == [(0, 6606), (6673, 10000)]


def test_a_one_frame_video_has_a_cue_inside_it_and_says_what_is_wrong() -> None:
    (cue,) = cues(scene(0, F(1, 25)), end=40)
    assert (cue.start_ms, cue.end_ms) == (0, 40)
    assert cue.breaks == (Break("reading_speed", 725.0, 20.0), Break("shortest", 0.04, 0.833))


def test_the_end_may_be_a_function_that_is_asked_after_the_scenes_were_read() -> None:
    read: list[str] = []

    def scenes() -> list[Scene]:
        yield scene(0, 4)  # type: ignore[misc]
        read.append("all")

    def end() -> int:
        assert read == ["all"]
        return 3000

    (cue,) = cues_from_scenes(scenes(), NETFLIX, video_end_ms=end, frame_rate=None)
    assert cue.end_ms == 3000


def test_a_gap_is_closed_or_open_but_nothing_in_between() -> None:
    closed, _ = cues(scene(0, F("7.05")), scene(F("7.05"), 10))
    assert closed.end_ms == 6970  # 80 ms before the next
    between, _ = cues(scene(0, F("7.3")), scene(F("7.3"), 10))
    assert between.end_ms == 6800  # 7000 would leave 300 ms: so half a second
    opened, _ = cues(scene(0, F("7.6")), scene(F("7.6"), 10))
    assert opened.end_ms == 7000
    assert not any(cue.breaks for cue in (closed, between, opened))


def test_a_silent_scene_has_no_cue_and_keeps_the_scene_numbers() -> None:
    found = cues(scene(0, 3), scene(3, 6, ""), scene(6, 9))
    assert [(cue.scene, cue.start_ms, cue.end_ms) for cue in found] == [
        (0, 0, 3000),
        (2, 6000, 9000),
    ]


def test_text_that_is_nothing_but_control_characters_is_silence() -> None:
    assert cues(scene(0, 3, "\x00 \n")) == []


def test_a_cue_goes_at_the_first_cut_that_leaves_time_to_read_it() -> None:
    (cue,) = cues(scene(0, 20, cuts=(1, 3, 5)))
    assert (cue.end_ms, cue.breaks) == (2920, (Break("shot_change", 1, 0),))
    (cue,) = cues(scene(0, 20, cuts=(4,)))
    assert (cue.end_ms, cue.breaks) == (3920, ())


def test_a_sentence_of_many_lines_takes_several_cues_where_there_is_time() -> None:
    first, second = cues(scene(0, 10, LONG))
    assert len(first.lines) == len(second.lines) == 2
    assert second.start_ms - first.end_ms == 80
    assert (first.scene, second.scene) == (0, 0)
    assert first.breaks == second.breaks == ()


def test_what_belongs_together_stands_in_two_cues_rather_than_parted_in_one() -> None:
    together = "a woman wearing a black hat and a white dress is standing in front of a sign"
    first, second = cues(scene(0, 5, together))
    assert [*first.lines, *second.lines] == [
        "A woman wearing a black hat",
        "and a white dress is standing",
        "in front of a sign.",
    ]
    assert first.breaks == second.breaks == ()
    (cue,) = cues(scene(0, F("3.85"), together))
    assert len(cue.lines) == 2
    assert rules(cue) == ["line_break"]


def test_without_time_the_lines_stand_together_and_it_is_reported() -> None:
    (cue,) = cues(scene(0, F("1.2"), LONG))
    assert len(cue.lines) == 4
    assert "lines" in rules(cue)
    assert "reading_speed" in rules(cue)


def test_a_word_longer_than_a_line_stays_whole_and_is_reported() -> None:
    (cue,) = cues(scene(0, 7, "x" * 50))
    assert cue.lines == ("X" + "x" * 49 + ".",)
    assert cue.breaks == (Break("line_length", 51, 42),)


def test_a_cue_never_leaves_the_video_even_where_its_scene_does() -> None:
    found = cues(scene(0, 2), scene(2, 9), end=1000)
    assert all(0 <= cue.start_ms < cue.end_ms <= 1000 for cue in found)
    assert len(found) == 2


def test_more_scenes_than_milliseconds_are_refused() -> None:
    with pytest.raises(UsageError, match=r"3 scenes .* 2 ms"):
        cues(scene(0, 1), scene(1, 2), scene(2, 3), end=2)


def test_breaks_are_counted_in_one_line() -> None:
    legal = Cue(0, 2000, ("A dog.",), 0, ())
    both = Cue(0, 1, ("A dog.",), 0, (Break("shortest", 0.1, 1), Break("lines", 3, 2)))
    one = Cue(0, 1, ("A dog.",), 0, (Break("lines", 3, 2),))
    assert breaks_line([legal, legal], NETFLIX) is None
    assert (
        breaks_line([legal, both], NETFLIX)
        == "1 of 2 cues breaks a rule of the preset 'netflix': shortest 1, lines 1"
    )
    assert (
        breaks_line([one, both], NETFLIX)
        == "2 of 2 cues break a rule of the preset 'netflix': lines 2, shortest 1"
    )


def test_each_rule_is_measured() -> None:
    lines = ("x" * 43, "y on the", "dog")
    found = broken_rules(lines, 0, 500, NETFLIX, gap=80, next_start=700, cuts=(0, 100, 500))
    assert found == (
        Break("line_length", 43, 42),
        Break("lines", 3, 2),
        Break("line_break", 1, 0),
        Break("reading_speed", 112.0, 20.0),
        Break("shortest", 0.5, 0.833),
        Break("gap", 0.2, 0.5),
        Break("shot_change", 1, 0),
    )
    (found_gap,) = broken_rules(("A dog.",), 0, 1000, NETFLIX, gap=80, next_start=1040)
    assert found_gap == Break("gap", 0.04, 0.08)
    (too_long,) = broken_rules(("A dog.",), 0, 7001, NETFLIX, gap=80)
    assert too_long == Break("longest", 7.001, 7.0)


def test_what_is_just_legal_is_no_break() -> None:
    assert broken_rules(("x" * 42,), 0, 2100, NETFLIX, gap=80, next_start=2180) == ()
    assert broken_rules(("A dog.",), 0, 834, NETFLIX, gap=80, next_start=1334) == ()
    assert broken_rules(("A dog.",), 0, 7000, NETFLIX, gap=80, next_start=7080) == ()


_WORDS = ["a", "the", "dog", "red", "is", "running", "in", "grass,", "and", "water", "w" * 45]
_TEXTS = st.one_of(
    st.lists(st.sampled_from(_WORDS), max_size=40).map(" ".join),
    st.text(st.characters(), max_size=60),
)
_PRESETS = st.sampled_from(
    [
        NETFLIX,
        *map(load_preset, preset_names()),
        Preset("small", 12, 1, F(2), F(3), 0, F(1), reading_speed=F(10)),
        Preset("strict", 20, 3, F(1), F(1), 4, F(2), reading_speed=F(5), word_time=F(1, 2)),
    ]
)


@st.composite
def films(draw: st.DrawFn) -> list[Scene]:
    time = F(draw(st.integers(0, 90)), 90)
    scenes = []
    for _ in range(draw(st.integers(1, 8))):
        length = F(draw(st.integers(5, 20_000)), draw(st.sampled_from([999, 1000])))
        cuts = draw(st.lists(st.integers(1, 15), max_size=3).map(sorted))
        inside = tuple(time + length * cut / 16 for cut in cuts)
        scenes.append(scene(time, time + length, draw(_TEXTS), cuts=inside))
        time += length
    return scenes


@given(
    films(),
    _PRESETS,
    st.sampled_from([None, F(1, 10), F(12), F(25), F(60000, 1001), F(1000)]),
    st.integers(-3000, 3000),
)
def test_cues_of_any_film_are_in_order_inside_whole_and_honest(
    scenes: list[Scene], preset: Preset, rate: F | None, longer: int
) -> None:
    end = max(len(scenes), int(scenes[-1].end * 1000) + longer)
    found = cues_from_scenes(scenes, preset, video_end_ms=end, frame_rate=rate)

    assert all(0 <= cue.start_ms < cue.end_ms <= end for cue in found)
    assert all(before.end_ms <= after.start_ms for before, after in pairwise(found))
    said = {
        index: " ".join(line for cue in group for line in cue.lines)
        for index, group in groupby(found, key=lambda cue: cue.scene)
    }
    assert said == {
        index: sentence
        for index, each in enumerate(scenes)
        if (sentence := sentence_case(clean_text(each.text)))
    }
    if longer >= 0:
        for cue in found:
            assert cue.start_ms >= scenes[cue.scene].start * 1000 - F(1, 2)
            assert cue.end_ms <= scenes[cue.scene].end * 1000 + F(1, 2)
    gap = preset.gap_ms(rate)
    for cue, after in zip_longest(found, found[1:]):
        assert rules(cue) == _broken(cue, after, preset, gap, scenes[cue.scene])


def _broken(cue: Cue, after: Cue | None, preset: Preset, gap: int, of: Scene) -> list[str]:
    """The rules that a cue breaks, but for line breaks, found out in another way."""
    seconds = F(cue.end_ms - cue.start_ms, 1000)
    to_next = None if after is None else after.start_ms - cue.end_ms
    cuts = {int(frame.shot_start * 1000 + F(1, 2)) for frame in of.frames}
    broken = {
        "line_length": any(len(line) > preset.line_length for line in cue.lines),
        "lines": len(cue.lines) > preset.lines,
        "line_break": "line_break" in rules(cue),
        "reading_speed": preset.reading_speed is not None
        and len(" ".join(cue.lines)) > preset.reading_speed * seconds,
        "word_time": preset.word_time is not None
        and seconds / len(" ".join(cue.lines).split()) < preset.word_time,
        "shortest": seconds < preset.shortest,
        "longest": seconds > preset.longest,
        "gap": to_next is not None and to_next != gap and to_next < preset.open_gap * 1000,
        "shot_change": any(cue.start_ms < cut < cue.end_ms for cut in cuts),
    }
    return [rule for rule, is_broken in broken.items() if is_broken]


@given(st.lists(st.integers(240, 1800), min_size=1, max_size=8), st.data())
def test_where_there_is_time_no_rule_is_broken(lengths: list[int], data: st.DataObject) -> None:
    texts = st.sampled_from(
        [DOG, "two girls play soccer", "a man in a red shirt is standing in front of a building"]
    )
    time, scenes = F(0), []
    for length in lengths:
        scenes.append(scene(time, time + F(length, 60), data.draw(texts)))
        time += F(length, 60)
    found = cues(*scenes)
    assert [cue.breaks for cue in found] == [()] * len(scenes)
