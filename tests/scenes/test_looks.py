"""Scenes of frames that were looked at: what is seen decides, and all frames tell together."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction as F
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcap.captioning.caption import Caption
from vidcap.captioning.protocols import EncodedCaption
from vidcap.scenes import FrameCaption, Scene, SceneSettings, scenes_from_captions

TEXTS = {
    "dog": ("a dog runs through the grass", "a brown animal in a field", "a puppy plays outside"),
    "girls": ("two girls play soccer", "children kick a ball", "a football match"),
    "bike": ("a man rides a bike", "a cyclist on a road", "somebody is racing"),
}


class FakeSceneCaptioner:
    """Knows what is on a picture, and remembers what it was asked."""

    def __init__(self) -> None:
        self.told: list[tuple[list[str], F]] = []

    def caption_scene(self, looks: Sequence[EncodedCaption], seconds: F) -> Caption:
        things = [look.image[0] for look in looks]
        self.told.append((things, seconds))
        return Caption(f"the {max(things, key=things.count)} scene", -0.1, 0.5)

    def cross_likelihood_gap(
        self, one: Sequence[EncodedCaption], other: Sequence[EncodedCaption]
    ) -> float:
        alike = {look.image[0] for look in one} & {look.image[0] for look in other}
        return 0.0 if alike else 2.0


def frame(time: F | int, thing: str, way: int = 0, shot: int = 0, start: F | int = 0):
    """A frame that shows a thing, which the captioner describes in one of three ways."""
    caption = Caption(TEXTS[thing][way], -0.5)
    look = EncodedCaption(caption, (), (thing,))  # type: ignore[arg-type]
    return FrameCaption(round(time * 1000), F(time), shot, F(start), caption, look)


def scenes(
    frames: list[FrameCaption], end: F | int, captioner: FakeSceneCaptioner | None = None, **options
):
    captioner = captioner or FakeSceneCaptioner()
    return list(
        scenes_from_captions(
            frames,
            end=lambda: F(end),
            captioner=captioner,
            budget=lambda seconds: seconds,
            **options,
        )
    )


def spans(found: list[Scene]) -> list[tuple[F, F, str]]:
    return [(scene.start, scene.end, scene.text) for scene in found]


def test_flickering_captions_of_one_thing_are_one_scene() -> None:
    frames = [frame(time, "dog", way=time % 3) for time in range(9)]
    assert spans(scenes(frames, 9)) == [(0, 9, "the dog scene")]


def test_a_thing_that_comes_again_after_a_cut_is_one_scene() -> None:
    frames = [frame(0, "dog"), frame(1, "dog"), *(frame(t, "dog", 1, 1, 2) for t in (2, 3))]
    assert spans(scenes(frames, 4)) == [(0, 4, "the dog scene")]


def test_another_thing_inside_a_shot_is_another_scene() -> None:
    frames = [frame(t, "dog", t % 2) for t in range(4)] + [
        frame(t, "bike", t % 2) for t in range(4, 8)
    ]
    assert spans(scenes(frames, 8)) == [(0, 4, "the dog scene"), (4, 8, "the bike scene")]


def test_one_frame_of_another_thing_is_flicker() -> None:
    frames = [frame(t, "bike" if t == 2 else "dog") for t in range(5)]
    assert spans(scenes(frames, 5)) == [(0, 5, "the dog scene")]


def test_another_thing_at_the_end_of_a_shot_is_a_scene_if_it_lasts() -> None:
    frames = [*(frame(t, "dog") for t in (0, 1)), frame(2, "bike")]
    after = [frame(t, "girls", 0, 1, 3) for t in (3, 4)]
    assert [scene.start for scene in scenes(frames + after, 5)] == [0, 2, 3]
    soon = [frame(t, "girls", 0, 1, F(5, 2)) for t in (3, 4)]
    assert [scene.start for scene in scenes(frames + soon, 5)] == [0, F(5, 2)]


def test_a_change_is_looked_for_between_what_is_surely_old_and_surely_new() -> None:
    asked = []

    def find_change(old: F, new: F) -> F:
        asked.append((old, new))
        return F(7, 2)

    frames = [frame(t, "dog") for t in range(4)] + [frame(t, "bike") for t in range(4, 8)]
    found = scenes(frames, 8, find_change=find_change)
    assert asked == [(2, 5)]
    assert [scene.start for scene in found] == [0, F(7, 2)]


@pytest.mark.parametrize("answer", [None, F(0), F(-1)])
def test_where_no_change_is_found_the_first_new_frame_stands_for_it(answer: F | None) -> None:
    frames = [frame(t, "dog") for t in range(2)] + [frame(t, "bike") for t in range(2, 6)]
    found = scenes(frames, 6, find_change=lambda old, new: answer)
    assert [scene.start for scene in found] == [0, 2]


def test_a_scene_is_told_from_its_frames_for_the_time_until_its_first_cut() -> None:
    captioner = FakeSceneCaptioner()
    frames = [
        frame(0, "dog"),
        frame(2, "dog"),
        *(frame(t, "dog", 1, 1, 3) for t in (3, 4)),
        *(frame(t, "bike", 0, 2, 5) for t in (5, 6)),
    ]
    scenes(frames, 7, captioner)
    assert captioner.told == [(["dog"] * 4, 3), (["bike"] * 2, 2)]


def test_what_is_seen_for_less_than_a_second_has_no_say() -> None:
    captioner = FakeSceneCaptioner()
    short = F(5, 2)
    frames = [
        frame(0, "dog"),
        frame(1, "dog"),
        frame(2, "girls", 0, 1, 2),
        *(frame(t, "bike", 0, 2, short) for t in (3, 4)),
    ]
    assert spans(scenes(frames, 5, captioner)) == [
        (0, short, "the dog scene"),
        (short, 5, "the bike scene"),
    ]
    assert [things for things, _ in captioner.told] == [["dog"] * 2, ["bike"] * 2]


def test_a_long_scene_remembers_eight_frames_spread_over_it() -> None:
    captioner = FakeSceneCaptioner()
    frames = [frame(time, "dog", way=time % 3) for time in range(600)]
    (scene,) = scenes(frames, 600, captioner)
    assert len(scene.frames) == 600
    assert all(one.encoded is None for one in scene.frames)
    ((things, seconds),) = captioner.told
    assert (len(things), seconds) == (8, 600)


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(TEXTS)), st.integers(0, 2), st.booleans()),
        min_size=1,
        max_size=40,
    )
)
def test_scenes_are_in_order_without_gaps_and_never_say_the_same_twice(shown) -> None:
    frames, shot, start = [], 0, 0
    for time, (thing, way, cut) in enumerate(shown):
        if cut and time:
            shot, start = shot + 1, time
        frames.append(frame(time, thing, way, shot, start))
    found = scenes(frames, len(shown))
    assert found[0].start == 0
    assert found[-1].end == len(shown)
    assert [one.time for scene in found for one in scene.frames] == list(range(len(shown)))
    for one, other in pairwise(found):
        assert one.end == other.start
        assert one.text != other.text
    shortest = SceneSettings().shortest
    assert all(scene.end - scene.start >= shortest for scene in found)
