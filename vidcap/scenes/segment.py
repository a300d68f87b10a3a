"""Frames in a row that are taken to show one thing, and whether two such rows show the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from vidcap.captioning.caption import Budget, Caption
from vidcap.errors import UsageError
from vidcap.scenes.consensus import Consensus, likeness
from vidcap.scenes.scene import FrameCaption
from vidcap.video.sampling import most_crowded

if TYPE_CHECKING:
    from vidcap.captioning.protocols import EncodedCaption, SceneCaptioner

_MOST_LOOKS = 8
"""Looks are large: of a long segment some are kept, spread over it."""


@dataclass(frozen=True, slots=True)
class SceneSettings:
    """When captions make a new scene.

    Likeness is :func:`vidcap.text.similarity.token_f1`, from 0 (no content word in common) to 1
    (the same content words).  On Flickr8k, 97 of 100 pairs of captions of different pictures lie
    below 0.3, and fewer than 1 in 1000 reach 0.7.  Where frames have encodings, the captioner's
    ``cross_likelihood_gap`` decides: of 936 pairs of frames under a slow camera, none was 1.0
    apart or more and 98 in 100 less than 0.5; of 699 pairs of frames of different pictures, 4 in
    1000 were less than 0.5 apart (docs/scenes.md).

    Attributes:
        change_below: inside a shot, captions less like the running scene's than this are a change,
            where nothing but their texts is known.
        doubt_below: captions less like the running scene's than this make one ask how far apart
            they are.
        apart_from: so far apart, they are a change.
        change_frames: so many sampled frames in a row must agree on a change before it counts; a
            single odd caption is flicker and stays in the scene around it.
        same_from: neighbours at least this much alike say the same and become one scene, where
            nothing but their texts is known.
        same_below: neighbours less far apart than this become one scene.
        shortest: seconds below which a scene goes to a neighbour.
    """

    change_below: float = 0.3
    doubt_below: float = 0.5
    apart_from: float = 1.0
    change_frames: int = 2
    same_from: float = 0.7
    same_below: float = 0.5
    shortest: Fraction = Fraction(1)

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            UsageError: a setting is out of its range.
        """
        for key in ("change_below", "doubt_below", "same_from"):
            if not 0 <= getattr(self, key) <= 1:
                raise UsageError(f"{key} is {getattr(self, key)}; it must be from 0 to 1")
        if self.change_frames < 1:
            raise UsageError(f"change_frames is {self.change_frames}; it must be 1 or more")
        if self.shortest < 0:
            raise UsageError(f"shortest is {self.shortest} s; it must be 0 or more")


class Segment:
    """Frames in a row that are taken to show one thing, and what they say together."""

    caption: Caption

    def __init__(self, start: Fraction, frames: Sequence[FrameCaption]) -> None:
        self.start = start
        self.end = start  # until it is known
        self.frames: list[FrameCaption] = []
        self._looks: list[tuple[Fraction, EncodedCaption]] = []
        self._vote = Consensus()
        self.take(frames)

    @property
    def looks(self) -> list[EncodedCaption]:
        """What is remembered of the frames, in order of time."""
        return [look for _, look in self._looks]

    def take(self, frames: Sequence[FrameCaption]) -> None:
        """Let more frames belong to the segment."""
        for frame in frames:
            if frame.encoded is not None:
                self._keep([(frame.time, frame.encoded)])
            self.frames.append(replace(frame, encoded=None) if frame.encoded is not None else frame)
            self._vote.add(frame.caption)
        self.caption = self._vote.winner

    def swallow(self, later: Segment) -> None:
        """Become one with the segment that follows."""
        self.take(later.frames)
        self._keep(later._looks)
        self.end = later.end

    def caption_from(
        self,
        captioner: SceneCaptioner | None,
        budget: Callable[[Fraction], Budget],
        *,
        shortest: Fraction,
    ) -> None:
        """Caption the whole segment in one sentence that fits the time it is shown for.

        A cut inside the segment ends that time, unless it comes sooner than ``shortest`` seconds.

        Args:
            captioner: captions several pictures together; without one the sentence stays.
            budget: the longest sentence for so many seconds.
            shortest: seconds of the shortest scene.
        """
        if captioner is None or not self._looks:
            return
        cuts = [frame.shot_start for frame in self.frames if frame.shot_start > self.start]
        until = min(cuts, default=self.end)
        if until - self.start < shortest:
            until = self.end
        self.caption = captioner.caption_scene(self.looks, budget(until - self.start))

    def forget(self) -> None:
        """Have no say any more in what is told."""
        self._looks.clear()

    def likeness(self, other: Segment) -> float:
        """Return how much both say the same, from 0 to 1."""
        return likeness(self.caption.text, other.caption.text)

    def _keep(self, looks: Sequence[tuple[Fraction, EncodedCaption]]) -> None:
        for entry in looks:
            self._looks.append(entry)
            if len(self._looks) > _MOST_LOOKS:
                del self._looks[most_crowded([time for time, _ in self._looks])]


class Judge:
    """Says whether two segments show the same, or another thing.

    What was looked at decides, where both have looks; else the texts do.
    """

    def __init__(self, settings: SceneSettings, captioner: SceneCaptioner | None) -> None:
        self._settings = settings
        self._captioner = captioner

    def differ(self, one: Segment, other: Segment) -> bool:
        """Return whether what follows inside a shot is another thing."""
        likeness = one.likeness(other)
        if self._captioner is None or not (one.looks and other.looks):
            return likeness < self._settings.change_below
        if likeness >= self._settings.doubt_below:
            return False
        return (
            self._captioner.cross_likelihood_gap(one.looks, other.looks)
            >= self._settings.apart_from
        )

    def same(self, one: Segment, other: Segment) -> bool:
        """Return whether neighbours show the same thing."""
        if self._captioner is None or not (one.looks and other.looks):
            return one.likeness(other) >= self._settings.same_from
        return (
            self._captioner.cross_likelihood_gap(one.looks, other.looks) < self._settings.same_below
        )

    def repeat(self, one: Segment, other: Segment) -> bool:
        """Return whether neighbours say the same: nobody reads a sentence twice in a row."""
        if self._captioner is None or not (one.looks and other.looks):
            return one.likeness(other) >= self._settings.same_from
        return one.likeness(other) == 1
