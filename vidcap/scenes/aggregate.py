"""Frame captions to scenes, as a stream.

Four steps, each a generator that holds no more than a few segments:

1. a shot cut closes a segment; inside a shot one closes when the captions change and stay changed;
2. neighbours that say the same become one, across cuts too;
3. segments too short to read anything in go to a neighbour;
4. neighbours that say the same since then become one.

So memory is bounded by the longest run of frames that says the same, texts only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from vidcap.captioning.caption import Caption
from vidcap.errors import UsageError
from vidcap.scenes.consensus import Consensus, likeness
from vidcap.scenes.scene import FrameCaption, Scene

_LEAST_SECONDS = Fraction(1, 1000)
"""A scene lasts at least this long, even where the last frame is said to last no time at all."""


@dataclass(frozen=True, slots=True)
class SceneSettings:
    """When captions make a new scene.

    Likeness is :func:`vidcap.text.similarity.token_f1`, from 0 (no content word in common) to 1
    (the same content words).  On Flickr8k, 97 of 100 pairs of captions of different pictures lie
    below 0.3, and fewer than 1 in 1000 reach 0.7.

    Attributes:
        change_below: inside a shot, captions less like the running scene's than this are a change.
        change_frames: so many sampled frames in a row must agree on a change before it counts; a
            single odd caption is flicker and stays in the scene around it.
        same_from: neighbours at least this much alike say the same and become one scene.
        shortest: seconds below which a scene goes to a neighbour.
    """

    change_below: float = 0.3
    change_frames: int = 2
    same_from: float = 0.7
    shortest: Fraction = Fraction(1)

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            UsageError: a setting is out of its range.
        """
        for key in ("change_below", "same_from"):
            if not 0 <= getattr(self, key) <= 1:
                raise UsageError(f"{key} is {getattr(self, key)}; it must be from 0 to 1")
        if self.change_frames < 1:
            raise UsageError(f"change_frames is {self.change_frames}; it must be 1 or more")
        if self.shortest < 0:
            raise UsageError(f"shortest is {self.shortest} s; it must be 0 or more")


class _Segment:
    """Frames in a row that are taken to show one thing, and what they say together."""

    caption: Caption

    def __init__(self, start: Fraction, frames: Sequence[FrameCaption]) -> None:
        self.start = start
        self.end = start  # until it is known
        self.frames: list[FrameCaption] = []
        self._vote = Consensus()
        self.take(frames)

    def take(self, frames: Sequence[FrameCaption]) -> None:
        for frame in frames:
            self.frames.append(frame)
            self._vote.add(frame.caption)
        self.caption = self._vote.winner

    def swallow(self, later: _Segment) -> None:
        self.take(later.frames)
        self.end = later.end

    def likeness(self, other: _Segment | FrameCaption) -> float:
        return likeness(self.caption.text, other.caption.text)


def scenes_from_captions(
    captions: Iterable[FrameCaption],
    *,
    end: Callable[[], Fraction],
    settings: SceneSettings | None = None,
) -> Iterator[Scene]:
    """Yield the scenes that frame captions make, each soon after its last frame has been read.

    A scene starts at a shot cut, at the true time of the shot's first frame, or inside a shot with
    the first frame of what is new; it ends where the next one starts, the last one with the video.
    A shot that no sampled frame fell into belongs to the scene before it.  The sentence of a scene
    is the caption that agrees most with those of its other frames.  Two neighbours never say the
    same.  Scenes shorter than ``settings.shortest`` stay on as part of the scene before; they go
    to the one after where there is none before, or where they are more like it: else words would
    appear before what they speak of.

    Args:
        captions: in order of time.
        end: returns the player time at which the video ends, in seconds; called once, after the
            last caption has been read.
        settings: when captions make a new scene.

    Raises:
        UsageError: the captions are not in order of time and shots.
    """
    settings = settings or SceneSettings()
    segments = _closed(_segments(captions, settings), end)
    segments = _without_repeats(segments, settings)
    segments = _without_short_ones(segments, settings)
    for segment in _without_repeats(segments, settings):
        yield Scene(
            start=segment.start,
            end=segment.end,
            text=segment.caption.text,
            score=segment.caption.score,
            frames=tuple(segment.frames),
            confidence=segment.caption.confidence,
        )


def _segments(captions: Iterable[FrameCaption], settings: SceneSettings) -> Iterator[_Segment]:
    """Yield segments, without their ends, as cuts and lasting changes of the captions make them."""
    running: _Segment | None = None
    changed: list[FrameCaption] = []  # frames that may turn out to be a new segment
    for frame in _in_order(captions):
        if running is None or frame.shot != running.frames[-1].shot:
            if running:
                running.take(changed)
                yield running
            running, changed = _Segment(frame.shot_start, [frame]), []
            continue
        if changed and not _goes_on(changed, running, frame, settings):
            running.take(changed)
            changed = []
        if running.likeness(frame) >= settings.change_below:
            running.take([frame])
            continue
        changed.append(frame)
        if len(changed) == settings.change_frames:
            yield running
            running, changed = _Segment(changed[0].time, changed), []
    if running:
        running.take(changed)
        yield running


def _goes_on(
    changed: Sequence[FrameCaption],
    running: _Segment,
    frame: FrameCaption,
    settings: SceneSettings,
) -> bool:
    """Return whether ``frame`` differs from the running segment in the way that others do."""
    new = likeness(frame.caption.text, changed[0].caption.text) >= settings.change_below
    return new and running.likeness(frame) < settings.change_below


def _in_order(captions: Iterable[FrameCaption]) -> Iterator[FrameCaption]:
    last: FrameCaption | None = None
    for frame in captions:
        if last and (frame.time < last.time or frame.shot < last.shot):
            raise UsageError(
                f"the frame at {float(frame.time):.3f} s of shot {frame.shot} comes after the one "
                f"at {float(last.time):.3f} s of shot {last.shot}; captions must be in order"
            )
        yield frame
        last = frame


def _closed(segments: Iterator[_Segment], end: Callable[[], Fraction]) -> Iterator[_Segment]:
    """Yield the segments with their ends: where the next one starts, or the video ends."""
    last: _Segment | None = None
    for segment in segments:
        if last:
            last.end = segment.start
            yield last
        last = segment
    if last:
        last.end = max(end(), last.frames[-1].time + _LEAST_SECONDS)
        yield last


def _without_repeats(segments: Iterator[_Segment], settings: SceneSettings) -> Iterator[_Segment]:
    """Join neighbours that say the same."""
    before: _Segment | None = None  # the one that left last
    current: _Segment | None = None
    for segment in segments:
        if current is None:
            current = segment
        elif current.likeness(segment) >= settings.same_from:
            caption = current.caption
            current.swallow(segment)
            if before and current.likeness(before) >= settings.same_from:
                # The joint vote must not bring back what the scene before says.
                current.caption = caption
        else:
            yield current
            before, current = current, segment
    if current:
        yield current


def _without_short_ones(
    segments: Iterator[_Segment], settings: SceneSettings
) -> Iterator[_Segment]:
    """Join segments that are too short to a neighbour."""
    before: _Segment | None = None
    short: _Segment | None = None
    for segment in segments:
        if short:
            if before and not _belongs_after(short, before, segment, settings):
                before.swallow(short)
            else:
                short.swallow(segment)
                segment = short
            short = None
        if segment.end - segment.start < settings.shortest:
            short = segment
        else:
            if before:
                yield before
            before = segment
    if before:
        if short:
            before.swallow(short)
        yield before
    elif short:
        yield short


def _belongs_after(
    short: _Segment, before: _Segment, after: _Segment, settings: SceneSettings
) -> bool:
    there = short.likeness(after)
    return there >= settings.change_below and there > short.likeness(before)
