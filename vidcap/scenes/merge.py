"""Frame captions to scenes, as a stream.

Five steps, each a generator that holds no more than a few segments:

1. a shot cut closes a segment; inside a shot one closes when what is seen changes for good;
2. neighbours that show the same become one, across cuts too;
3. segments too short to read anything in go to a neighbour;
4. each is told in one sentence, from all its frames together where the captioner can;
5. neighbours that say the same since then become one.

So memory is bounded by the longest run of frames that shows the same: their texts, eight looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from vidcap.captioning.caption import Budget
from vidcap.errors import UsageError
from vidcap.scenes.scene import FrameCaption, Scene
from vidcap.scenes.segment import Judge, SceneSettings, Segment

if TYPE_CHECKING:
    from vidcap.captioning.protocols import SceneCaptioner

_LEAST_SECONDS = Fraction(1, 1000)
"""A scene lasts at least this long, even where the last frame is said to last no time at all."""

FindChange = Callable[[Fraction, Fraction], Fraction | None]
"""Finds the first frame of what is new between two frames, the one old and the other new.

Takes and returns player times in seconds; None where it cannot tell.
"""


def scenes_from_captions(
    captions: Iterable[FrameCaption],
    *,
    end: Callable[[], Fraction],
    settings: SceneSettings | None = None,
    captioner: SceneCaptioner | None = None,
    budget: Callable[[Fraction], Budget] = lambda seconds: Budget(),
    find_change: FindChange | None = None,
) -> Iterator[Scene]:
    """Yield the scenes that frame captions make, each soon after its last frame has been read.

    A scene starts at a shot cut, at the true time of the shot's first frame, or inside a shot with
    the first frame of what is new; it ends where the next one starts, the last one with the video.
    A shot that no sampled frame fell into belongs to the scene before it.  The sentence of a scene
    is told from the looks of its frames; where there are none it is the caption that agrees most
    with those of its other frames.  Two neighbours never say the same.  Scenes shorter than
    ``settings.shortest`` stay on as part of the scene before; they go to the one after where there
    is none before, or where they are more like it: else words would appear before what they speak
    of.

    Args:
        captions: in order of time.
        end: returns the player time at which the video ends, in seconds; called once, after the
            last caption has been read.
        settings: when captions make a new scene.
        captioner: captions the pictures of a scene together and compares scenes; without one the
            captions of single frames are compared.
        budget: the longest sentence for a scene of so many seconds.
        find_change: finds where inside a shot something new begins; the first frame that was
            captioned stands for it without.

    Raises:
        UsageError: the captions are not in order of time and shots.
    """
    settings = settings or SceneSettings()
    judge = Judge(settings, captioner)
    segments = _closed(_segments(captions, settings, judge, find_change), end)
    segments = _joined(segments, judge.same)

    def caption(segment: Segment) -> None:
        segment.caption_from(captioner, budget, shortest=settings.shortest)

    segments = _captioned(_without_short_ones(segments, settings), caption)
    for segment in _joined(segments, judge.repeat, caption):
        yield Scene(
            start=segment.start,
            end=segment.end,
            text=segment.caption.text,
            score=segment.caption.score,
            frames=tuple(segment.frames),
            confidence=segment.caption.confidence,
        )


def _segments(
    captions: Iterable[FrameCaption],
    settings: SceneSettings,
    judge: Judge,
    find_change: FindChange | None,
) -> Iterator[Segment]:
    """Yield segments, without their ends, as cuts and lasting changes make them."""
    running: Segment | None = None
    changed: list[FrameCaption] = []  # frames that may turn out to be a new segment
    for frame in _in_order(captions):
        if running is None or frame.shot != running.frames[-1].shot:
            if running:
                yield from _at_a_cut(running, changed, find_change)
            running, changed = Segment(frame.shot_start, [frame]), []
            continue
        alone = Segment(frame.time, [frame])
        new = judge.differ(running, alone)
        if changed and (not new or judge.differ(Segment(frame.time, changed[:1]), alone)):
            running.take(changed)
            changed = []
            new = judge.differ(running, alone)
        if not new:
            running.take([frame])
            continue
        changed.append(frame)
        if len(changed) == settings.change_frames:
            yield running
            running, changed = Segment(_beginning(running, changed, find_change), changed), []
    if running:
        yield from _at_a_cut(running, changed, find_change)


def _at_a_cut(
    running: Segment, changed: list[FrameCaption], find_change: FindChange | None
) -> Iterator[Segment]:
    """Yield what a shot ends with: one segment, or two where its last frames show another thing.

    There were too few of those to be sure by their number, and a text alone may be flicker; one
    that was looked at and is another thing is so.
    """
    if changed and changed[0].encoded is not None:
        yield running
        yield Segment(_beginning(running, changed, find_change), changed)
    else:
        running.take(changed)
        yield running


def _beginning(
    running: Segment, changed: list[FrameCaption], find_change: FindChange | None
) -> Fraction:
    """Return where inside a shot something new begins."""
    coarse = changed[0].time
    if find_change is None:
        return coarse
    # The frames next to the change may be half way through it.
    surely_old = running.frames[-2:][0].time
    found = find_change(max(running.start, surely_old), changed[-1].time)
    return coarse if found is None or not running.start < found else found


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


def _closed(segments: Iterator[Segment], end: Callable[[], Fraction]) -> Iterator[Segment]:
    """Yield the segments with their ends: where the next one starts, or the video ends."""
    last: Segment | None = None
    for segment in segments:
        if last:
            last.end = segment.start
            yield last
        last = segment
    if last:
        last.end = max(end(), last.frames[-1].time + _LEAST_SECONDS)
        yield last


def _captioned(
    segments: Iterator[Segment], caption: Callable[[Segment], None]
) -> Iterator[Segment]:
    for segment in segments:
        caption(segment)
        yield segment


def _joined(
    segments: Iterator[Segment],
    same: Callable[[Segment, Segment], bool],
    caption_segment: Callable[[Segment], None] | None = None,
) -> Iterator[Segment]:
    """Join neighbours that are the same, and tell anew what they show together."""
    before: Segment | None = None  # the one that left last
    current: Segment | None = None
    for segment in segments:
        if current is None:
            current = segment
        elif same(current, segment):
            caption = current.caption
            current.swallow(segment)
            if caption_segment:
                caption_segment(current)
            if before and same(current, before):
                # What both say together must not be what the scene before says.
                current.caption = caption
        else:
            yield current
            before, current = current, segment
    if current:
        yield current


def _without_short_ones(segments: Iterator[Segment], settings: SceneSettings) -> Iterator[Segment]:
    """Join segments that are too short to a neighbour."""
    before: Segment | None = None
    short: Segment | None = None
    for segment in segments:
        if short:
            short.forget()  # what is seen for so short a time has no say in what is told
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
            short.forget()
            before.swallow(short)
        yield before
    elif short:
        yield short


def _belongs_after(
    short: Segment, before: Segment, after: Segment, settings: SceneSettings
) -> bool:
    there = short.likeness(after)
    return there >= settings.change_below and there > short.likeness(before)
