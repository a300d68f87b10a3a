from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction as F
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcap.captioning.caption import Caption
from vidcap.errors import UsageError
from vidcap.scenes import FrameCaption, Scene, SceneSettings, scenes_from_captions
from vidcap.scenes.consensus import Consensus, likeness

DOG = "a dog runs through the grass"
DOG_TOO = "a brown dog is running through the grass"
GIRLS = "two girls play soccer"
BIKE = "a man rides a bike"


def frame(
    time: F | int, text: str, *, shot: int = 0, shot_start: F | int = 0, score: float = -0.5
) -> FrameCaption:
    return FrameCaption(round(time * 1000), F(time), shot, F(shot_start), Caption(text, score))


def shot(number: int, start: F | int, *texts: str, step: F | int = 1) -> list[FrameCaption]:
    """A shot with a frame each ``step`` seconds, the first one on the cut."""
    return [
        frame(start + step * place, text, shot=number, shot_start=start)
        for place, text in enumerate(texts)
    ]


def scenes(
    captions: list[FrameCaption], end: F | int, settings: SceneSettings | None = None
) -> list[Scene]:
    return list(scenes_from_captions(captions, end=lambda: F(end), settings=settings))


def spans(found: list[Scene]) -> list[tuple[F, F, str]]:
    return [(scene.start, scene.end, scene.text) for scene in found]


def test_no_caption_makes_no_scene() -> None:
    assert scenes([], 10) == []


def test_one_frame_makes_a_scene_until_the_end_of_the_video() -> None:
    only = frame(F(0), DOG)
    assert scenes([only], F(1, 25)) == [Scene(F(0), F(1, 25), DOG, -0.5, (only,))]


def test_a_frame_that_lasts_no_time_still_makes_a_scene() -> None:
    (scene,) = scenes([frame(0, DOG)], 0)
    assert scene.end > scene.start


def test_a_static_minute_is_one_scene() -> None:
    assert spans(scenes(shot(0, 0, *[DOG, DOG_TOO, DOG] * 20), 60)) == [(0, 60, DOG)]


def test_scenes_start_on_the_true_time_of_the_cut_not_of_the_sampled_frame() -> None:
    cut = F(1001 * 77, 30000)
    captions = [*shot(0, 0, DOG, DOG), frame(3, GIRLS, shot=1, shot_start=cut)]
    assert spans(scenes(captions, 6)) == [(0, cut, DOG), (cut, 6, GIRLS)]


def test_a_shot_without_a_sampled_frame_belongs_to_the_scene_before() -> None:
    captions = [*shot(0, 0, DOG, DOG), *shot(2, 4, GIRLS, GIRLS)]
    assert spans(scenes(captions, 6)) == [(0, 4, DOG), (4, 6, GIRLS)]


def test_neighbours_that_say_the_same_merge_across_cuts() -> None:
    captions = [*shot(0, 0, DOG, DOG), *shot(1, 2, DOG_TOO, DOG_TOO), *shot(2, 4, GIRLS, GIRLS)]
    assert [span[:2] for span in spans(scenes(captions, 6))] == [(0, 4), (4, 6)]


def test_one_odd_caption_is_flicker() -> None:
    assert spans(scenes(shot(0, 0, DOG, DOG, BIKE, DOG, DOG), 5)) == [(0, 5, DOG)]


def test_changing_captions_that_never_settle_are_flicker() -> None:
    assert len(scenes(shot(0, 0, DOG, DOG, BIKE, GIRLS, BIKE, GIRLS, DOG, BIKE), 8)) == 1


def test_an_odd_last_caption_stays_in_its_scene() -> None:
    assert spans(scenes(shot(0, 0, DOG, DOG, BIKE), 3)) == [(0, 3, DOG)]
    captions = [*shot(0, 0, DOG, DOG, BIKE), *shot(1, 3, GIRLS, GIRLS)]
    assert spans(scenes(captions, 5)) == [(0, 3, DOG), (3, 5, GIRLS)]


def test_a_change_that_stays_begins_with_its_first_frame() -> None:
    captions = shot(0, 0, DOG, DOG, DOG_TOO, BIKE, BIKE, BIKE)
    assert spans(scenes(captions, 6)) == [(0, 3, DOG), (3, 6, BIKE)]


def test_how_many_frames_make_a_change_is_a_setting() -> None:
    captions = shot(0, 0, DOG, DOG, DOG, BIKE, BIKE, BIKE)
    assert len(scenes(captions, 6, SceneSettings(change_frames=4))) == 1
    assert len(scenes(shot(0, 0, DOG, BIKE, DOG), 3, SceneSettings(change_frames=1))) == 3


def test_a_short_shot_stays_on_as_part_of_the_scene_before() -> None:
    captions = [
        *shot(0, 0, DOG, DOG),
        *shot(1, 2, BIKE),
        *shot(2, F(5, 2), GIRLS, GIRLS, GIRLS),
    ]
    assert spans(scenes(captions, 6)) == [(0, F(5, 2), DOG), (F(5, 2), 6, GIRLS)]


def test_a_short_shot_goes_to_the_scene_after_where_it_resembles_that_one_more() -> None:
    captions = [
        *shot(0, 0, DOG, DOG),
        *shot(1, 2, "two girls kick a ball"),
        *shot(2, F(5, 2), GIRLS, GIRLS, GIRLS),
    ]
    settings = SceneSettings(change_below=0.2)
    assert spans(scenes(captions, 6, settings)) == [(0, 2, DOG), (2, 6, GIRLS)]


def test_a_short_first_shot_has_only_the_scene_after() -> None:
    captions = [*shot(0, 0, BIKE), *shot(1, F(1, 2), DOG, DOG, DOG)]
    assert spans(scenes(captions, 4)) == [(0, 4, DOG)]


def test_a_short_last_shot_has_only_the_scene_before() -> None:
    captions = [*shot(0, 0, DOG, DOG, DOG), *shot(1, 3, BIKE)]
    assert spans(scenes(captions, F(7, 2))) == [(0, F(7, 2), DOG)]


def test_short_shots_in_a_row_gather_until_there_is_time_to_read() -> None:
    captions = [
        part
        for number in range(8)
        for part in shot(number, F(number, 2), [DOG, GIRLS, BIKE, "a plane"][number % 4])
    ]
    found = scenes(captions, 4)
    assert found[0].start == 0
    assert found[-1].end == 4
    assert all(scene.end - scene.start >= 1 for scene in found)


def test_a_video_shorter_than_the_shortest_scene_is_still_a_scene() -> None:
    captions = [*shot(0, 0, DOG), *shot(1, F(1, 4), BIKE)]
    assert [span[:2] for span in spans(scenes(captions, F(1, 2)))] == [(0, F(1, 2))]


def test_a_shot_with_nothing_to_say_is_silent_not_described_by_its_neighbour() -> None:
    captions = [*shot(0, 0, DOG, DOG), *shot(1, 2, "", ""), *shot(2, 4, DOG, DOG)]
    assert spans(scenes(captions, 6)) == [(0, 2, DOG), (2, 4, ""), (4, 6, DOG)]


def test_the_end_is_asked_for_once_and_last() -> None:
    seen: list[str] = []

    def captions() -> Iterator[FrameCaption]:
        yield from shot(0, 0, DOG, DOG)
        seen.append("read")

    def end() -> F:
        seen.append("asked")
        return F(2)

    list(scenes_from_captions(captions(), end=end))
    assert seen == ["read", "asked"]


def test_captions_out_of_order_are_refused() -> None:
    with pytest.raises(UsageError, match=r"1\.000 s.*2\.000 s"):
        scenes([frame(2, DOG), frame(1, DOG)], 3)


@pytest.mark.parametrize(
    "wrong",
    [{"change_below": 1.5}, {"same_from": -0.1}, {"change_frames": 0}, {"shortest": F(-1)}],
)
def test_settings_out_of_range_are_refused_by_name_and_value(wrong: dict[str, F]) -> None:
    ((key, value),) = wrong.items()
    with pytest.raises(UsageError, match=f"{key} is {value}"):
        SceneSettings(**wrong)  # type: ignore[arg-type]


_TEXTS = st.sampled_from(
    [DOG, DOG_TOO, GIRLS, BIKE, "", "a dog plays in the grass", "a man in a red shirt", "a shirt"]
)


@st.composite
def films(draw: st.DrawFn) -> tuple[list[FrameCaption], F]:
    captions: list[FrameCaption] = []
    time = F(0)
    for number in range(draw(st.integers(1, 12))):
        start = time
        for _ in range(draw(st.integers(0, 6))):
            captions.append(
                frame(
                    time,
                    draw(_TEXTS),
                    shot=number,
                    shot_start=start,
                    score=draw(st.integers(-40, 0)) / 10,
                )
            )
            time += draw(st.fractions(F(1, 30), 2, max_denominator=30))
        time += draw(st.fractions(F(1, 30), 2, max_denominator=30))
    return captions, time


@given(films())
def test_scenes_fill_the_video_and_hold_every_frame_once(
    film: tuple[list[FrameCaption], F],
) -> None:
    captions, end = film
    found = scenes(captions, end)
    assert [part for scene in found for part in scene.frames] == captions
    if found:
        assert found[0].start == captions[0].shot_start
        assert found[-1].end == end
    for scene in found:
        assert scene.start < scene.end
        assert scene.text in {part.caption.text for part in scene.frames}
        assert scene.end - scene.start >= 1 or len(found) == 1
    starts = {part.shot_start for part in captions} | {part.time for part in captions}
    assert {scene.start for scene in found} <= starts
    for before, after in pairwise(found):
        assert before.end == after.start
        assert likeness(before.text, after.text) < SceneSettings().same_from


@given(films())
def test_the_stream_gives_what_the_rules_give_on_whole_lists(
    film: tuple[list[FrameCaption], F],
) -> None:
    captions, end = film
    expected = _by_lists(captions, end, SceneSettings())
    found = [(scene.start, scene.text, len(scene.frames)) for scene in scenes(captions, end)]
    assert found == expected


def test_scenes_come_while_the_captions_are_read() -> None:
    """Memory: of an endless film, no more than the last few scenes are held back."""
    read = 0

    def film() -> Iterator[FrameCaption]:
        nonlocal read
        for number in range(400):
            for part in shot(number, 2 * number, *[[DOG, GIRLS, BIKE][number % 3]] * 2):
                read += 1
                yield part

    lags = [
        read // 2 - place
        for place, _ in enumerate(scenes_from_captions(film(), end=lambda: F(800)))
    ]
    assert len(lags) == 400
    assert max(lags) <= 5


# The same rules once more, on whole lists and without regard to time or memory.


@dataclass
class _Run:
    start: F
    frames: list[FrameCaption]
    text: str = ""

    def __post_init__(self) -> None:
        self.text = self.text or _says(self.frames)


def _says(frames: list[FrameCaption]) -> str:
    return Consensus(part.caption for part in frames).winner.text


def _by_lists(
    captions: list[FrameCaption], end: F, settings: SceneSettings
) -> list[tuple[F, str, int]]:
    runs = [
        run
        for number in sorted({part.shot for part in captions})
        for run in _shot_runs([part for part in captions if part.shot == number], settings)
    ]
    runs = _merged(_lengthened(_merged(runs, settings), end, settings), settings)
    return [(run.start, run.text, len(run.frames)) for run in runs]


def _shot_runs(frames: list[FrameCaption], settings: SceneSettings) -> list[_Run]:
    texts = [part.caption.text for part in frames]
    places, place = [0], 1
    while place < len(frames):
        said = _says(frames[places[-1] : place])
        new = 0
        while (
            place + new < len(frames)
            and new < settings.change_frames
            and likeness(texts[place + new], said) < settings.change_below
            and likeness(texts[place + new], texts[place]) >= settings.change_below
        ):
            new += 1
        if new == settings.change_frames:
            places.append(place)
        place += max(new, 1)
    starts = [frames[0].shot_start, *(frames[place].time for place in places[1:])]
    stops = [*places[1:], len(frames)]
    return [
        _Run(start, frames[place:stop])
        for start, place, stop in zip(starts, places, stops, strict=True)
    ]


def _merged(runs: list[_Run], settings: SceneSettings) -> list[_Run]:
    merged: list[_Run] = []
    for run in runs:
        if not merged or likeness(merged[-1].text, run.text) < settings.same_from:
            merged.append(run)
            continue
        kept = merged.pop()
        joint = _Run(kept.start, kept.frames + run.frames)
        if merged and likeness(merged[-1].text, joint.text) >= settings.same_from:
            joint.text = kept.text
        merged.append(joint)
    return merged


def _lengthened(runs: list[_Run], end: F, settings: SceneSettings) -> list[_Run]:
    runs = list(runs)
    place = 0
    while len(runs) > 1 and place < len(runs):
        stop = runs[place + 1].start if place + 1 < len(runs) else end
        if stop - runs[place].start >= settings.shortest:
            place += 1
            continue
        first = max(place - 1, 0)
        if 0 < place < len(runs) - 1:
            here = likeness(runs[place].text, runs[place - 1].text)
            there = likeness(runs[place].text, runs[place + 1].text)
            first += there >= settings.change_below and there > here
        runs[first : first + 2] = [
            _Run(runs[first].start, runs[first].frames + runs[first + 1].frames)
        ]
    return runs
