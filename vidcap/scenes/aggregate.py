"""Frame captions to scenes, as a stream.

Four steps, each a generator that holds no more than a few segments:

1. a shot cut closes a segment; inside a shot one closes when the captions change and stay changed;
2. neighbours that say the same become one, across cuts too;
3. segments too short to read anything in go to a neighbour;
4. neighbours that say the same since then become one.

So memory is bounded by the longest run of frames that says the same, texts only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class _Segment:
    """Frames in a row that are taken to show one thing."""

    start: Fraction
    frames: list[FrameCaption]
    caption: Caption = field(init=False)
    end: Fraction = Fraction(0)  # known once the next segment has begun

    def __post_init__(self) -> None:
        self.caption = Consensus(frame.caption for frame in self.frames).winner

    def likeness(self, other: _Segment) -> float:
        return likeness(self.caption.text, other.caption.text)

    def joined(self, later: _Segment) -> _Segment:
        """Return this segment and the next as one."""
        both = _Segment(self.start, self.frames + later.frames)
        both.end = later.end
        return both


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
        )


def _segments(captions: Iterable[FrameCaption], settings: SceneSettings) -> Iterator[_Segment]:
    """Yield segments, without their ends, as cuts and lasting changes of the captions make them."""
    start = Fraction(0)
    running: list[FrameCaption] = []
    vote = Consensus()
    changed: list[FrameCaption] = []  # frames that may turn out to be a new segment
    for frame in _in_order(captions):
        if not running or frame.shot != running[-1].shot:
            if running:
                yield _Segment(start, running + changed)
            start, running, changed = frame.shot_start, [frame], []
            vote = Consensus([frame.caption])
        elif likeness(frame.caption.text, vote.winner.text) >= settings.change_below:
            # Whatever differed in between was flicker.
            for late in [*changed, frame]:
                vote.add(late.caption)
            running += [*changed, frame]
            changed = []
        else:
            if changed and not _alike(frame, changed[0], settings):
                for late in changed:
                    vote.add(late.caption)
                running += changed
                changed = []
            changed.append(frame)
            if len(changed) >= settings.change_frames:
                yield _Segment(start, running)
                start, running, changed = changed[0].time, changed, []
                vote = Consensus(late.caption for late in running)
    if running:
        yield _Segment(start, running + changed)


def _alike(a: FrameCaption, b: FrameCaption, settings: SceneSettings) -> bool:
    return likeness(a.caption.text, b.caption.text) >= settings.change_below


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
    before: Caption | None = None  # of the segment that left last
    current: _Segment | None = None
    for segment in segments:
        if current is None:
            current = segment
        elif current.likeness(segment) >= settings.same_from:
            caption = current.caption
            current = current.joined(segment)
            # The joint vote must not bring back what the scene before says.
            if before and likeness(before.text, current.caption.text) >= settings.same_from:
                current.caption = caption
        else:
            yield current
            before, current = current.caption, segment
    if current:
        yield current


def _without_short_ones(
    segments: Iterator[_Segment], settings: SceneSettings
) -> Iterator[_Segment]:
    """Join segments that are too short to a neighbour."""
    held: list[_Segment] = []  # at most: the one before, a short one
    for segment in segments:
        if held and _short(held[-1], settings):
            short = held.pop()
            if not held or _belongs_after(short, held[-1], segment, settings):
                segment = short.joined(segment)
            else:
                held[-1] = held[-1].joined(short)
        held.append(segment)
        if len(held) > 1 and not _short(held[-1], settings):
            yield held.pop(0)
    if len(held) > 1 and _short(held[-1], settings):
        short = held.pop()
        held[-1] = held[-1].joined(short)
    yield from held


def _short(segment: _Segment, settings: SceneSettings) -> bool:
    return segment.end - segment.start < settings.shortest


def _belongs_after(
    short: _Segment, before: _Segment, after: _Segment, settings: SceneSettings
) -> bool:
    there = short.likeness(after)
    return there >= settings.change_below and there > short.likeness(before)
