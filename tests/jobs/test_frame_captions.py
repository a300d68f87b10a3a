"""Frames to captions: every frame has one, and what stands still is looked at once."""

import itertools
from fractions import Fraction

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fakes import ShadeCaptioner
from vidcap.captioning.protocols import EncodedCaption
from vidcap.jobs.frame_captions import caption_frames
from vidcap.video.frame import Frame


def frames(levels, shots=None):
    """Plain pictures of the given brightness, a second apart."""
    return [
        Frame(
            np.full((24, 32, 3), level, np.uint8),
            place,
            Fraction(place),
            shots[place] if shots else 0,
            Fraction(0),
        )
        for place, level in enumerate(levels)
    ]


@given(
    levels=st.lists(st.integers(0, 255), max_size=40),
    batch_size=st.integers(1, 5),
)
def test_every_frame_has_a_caption_in_order_and_changes_are_never_missed(levels, batch_size):
    given_frames = frames(levels)
    reached = []
    captioner = ShadeCaptioner()
    found = list(
        caption_frames(given_frames, captioner, batch_size=batch_size, reached=reached.append)
    )
    assert [one.ticks for one in found] == [one.ticks for one in given_frames]
    assert max(captioner.batches, default=0) <= batch_size
    if levels:
        assert reached[-1] == given_frames[-1].time
    own = ShadeCaptioner().caption([f.image for f in given_frames])
    seen = 0
    for place, one in enumerate(found):
        if place == 0 or abs(levels[place] - levels[seen]) >= 6:
            seen = place
        assert one.caption == own[seen]


def test_a_slow_change_does_not_creep_by():
    captioner = ShadeCaptioner()
    found = list(caption_frames(frames(range(0, 255, 2)), captioner, batch_size=8))
    assert sum(captioner.batches) > 30
    assert found[-1].caption.text == ShadeCaptioner.sentences[2]


def test_a_new_shot_is_looked_at_even_if_it_looks_the_same():
    captioner = ShadeCaptioner()
    list(caption_frames(frames([9, 9, 9], [0, 0, 1]), captioner, batch_size=8))
    assert captioner.batches == [2]


def test_something_small_is_something_new():
    captioner = ShadeCaptioner()
    one, other = frames([9, 9])
    other.image[:4, :4] = 200
    list(caption_frames([one, other], captioner, batch_size=8))
    assert captioner.batches == [2]


class TellingCaptioner(ShadeCaptioner):
    """Can be asked for scenes."""

    def encode(self, pictures):
        return [(picture,) for picture in pictures]

    def decode(self, prepared):
        return [
            EncodedCaption(caption, (), own)
            for caption, own in zip(
                self.caption([one[0] for one in prepared]), prepared, strict=True
            )
        ]

    def near_duplicate(self, one, other):
        return abs(int(one[0].mean()) - int(other[0].mean())) < 50

    def caption_scene(self, looks, budget):
        raise AssertionError("nobody asks here")

    def cross_likelihood_gap(self, one, other):
        raise AssertionError("nobody asks here")


def test_looks_go_along_with_what_was_looked_at():
    found = list(caption_frames(frames([9, 9, 90]), TellingCaptioner(), batch_size=8))
    assert [one.encoded is not None for one in found] == [True, False, True]


def looked_at(levels, shots):
    """Return which frames are encoded, of plain pictures."""
    new = []
    for place, level in enumerate(levels):
        if not new or shots[place] != shots[new[-1]] or abs(level - levels[new[-1]]) >= 6:
            new.append(place)
    encoded = set()
    for shot in set(shots):
        own = [place for place in new if shots[place] == shot]
        followed = zip(own, [*own[1:], shots.index(shot) + shots.count(shot)], strict=True)
        still = [place for place, after in followed if after - place > 4]
        ends = sorted({*own[::4], *still, own[-1]})
        encoded |= set(ends)
        for one, other in itertools.pairwise(ends):
            apart = abs(levels[one] - levels[other])
            encoded |= {
                place
                for place in own
                if one < place < other
                and (
                    apart >= 50
                    or min(abs(levels[place] - levels[end]) for end in (one, other)) > apart
                )
            }
    return encoded


slow = st.lists(st.integers(-20, 20), max_size=60).map(
    lambda steps: [int(level) % 256 for level in np.cumsum(steps)]
)


@given(
    levels=st.lists(st.integers(0, 255), max_size=60) | slow,
    cuts=st.lists(st.sampled_from([False, False, False, True]), min_size=60, max_size=60),
    batch_size=st.integers(1, 5),
)
@example(levels=[0, 10, 20, 30, 40, 50, 60], cuts=[False] * 60, batch_size=3)
@example(levels=[0, 90, 0, 90, 10, 20, 20], cuts=[False] * 60, batch_size=3)
@example(levels=[0, 10, *[20] * 6, 30, 40, 50, *[60] * 5, 70], cuts=[False] * 60, batch_size=3)
def test_what_is_plainly_the_same_has_the_sentences_found_for_it_in_batches_of_any_size(
    levels, cuts, batch_size
):
    shots = [int(shot) for shot in np.cumsum(cuts)[: len(levels)]]
    given_frames = frames(levels, shots)
    captioner = TellingCaptioner()
    found = list(caption_frames(given_frames, captioner, batch_size=batch_size))
    assert [one.ticks for one in found] == [one.ticks for one in given_frames]
    assert max(captioner.batches, default=0) <= batch_size
    own = ShadeCaptioner().caption([f.image for f in given_frames])
    encoded = looked_at(levels, shots)
    spoken = 0
    for place, one in enumerate(found):
        if place in encoded and (
            shots[place] != shots[spoken] or abs(levels[place] - levels[spoken]) >= 50
        ):
            spoken = place
        assert one.caption == own[spoken]
        assert (one.encoded is not None) == (place in encoded)
        if one.encoded is not None:
            assert one.encoded.image[0] is given_frames[place].image


def test_what_is_still_does_not_wait_for_what_moves_next():
    asked = []

    def coming():
        for frame in frames([9, 20, *[40] * 1000, 80]):
            asked.append(frame)
            yield frame

    most = 0
    for told, _ in enumerate(caption_frames(coming(), TellingCaptioner(), batch_size=4), 1):
        most = max(most, len(asked) - told)
    assert most < 40


def test_whoever_walks_through_a_still_picture_is_looked_at():
    """Between two frames that show the same, and between which nothing moves of itself."""
    levels = [100, 107, 160, 107, 100]
    found = list(caption_frames(frames(levels), TellingCaptioner(), batch_size=8))
    assert [one.encoded is not None for one in found] == [True, True, True, True, True]
    drifting = list(
        caption_frames(frames([100, 107, 114, 121, 128]), TellingCaptioner(), batch_size=8)
    )
    assert [one.encoded is not None for one in drifting] == [True, False, False, False, True]


def test_the_first_scene_does_not_wait_for_a_full_batch_of_sentences():
    asked = []

    def coming():
        for frame in frames([9, 20] * 50):
            asked.append(frame)
            yield frame

    next(caption_frames(coming(), TellingCaptioner(), batch_size=4))
    assert len(asked) == 2
