"""Caption the frames of a video in batches, and skip near-duplicate frames.

A frame that shows the same as the last new frame reuses its caption.  Of the frames that change,
every fourth frame of a shot is encoded; the frames between two encoded ones are encoded only where
these two differ, or where a frame differs from both by more than they from each other.  A frame
whose encoding is near that of an earlier frame of the shot reuses the sentences of that frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain, islice, zip_longest

import cv2
import numpy as np
from numpy.typing import NDArray

from vidcap.captioning.caption import Caption
from vidcap.captioning.captioner import Captioner
from vidcap.captioning.protocols import EncodedCaption, SceneCaptioner
from vidcap.captioning.runtimes.base import EncodedImage
from vidcap.scenes import FrameCaption
from vidcap.video.frame import Frame

# A frame is the same as another when no 64th of it differs by more than this in the mean, of 255.
# Measured on real clips (pipelines/stills.py): of none of those did the captions suit each other's
# frame worse by 0.3 nats a word or more.
_SAME = 6.0
_SIDE = 32
_BLOCKS = 8
# Of so many new frames of a shot one is encoded whatever the others show, and so is one that has
# so many behind it which show the same: else what is still would wait for what moves next.
_SPAN = 4
# So many batches of frames wait at most until there are enough of them to look at or to tell.
_MOST_BATCHES = 4


def caption_frames(
    frames: Iterable[Frame],
    captioner: Captioner,
    *,
    batch_size: int,
    reached: Callable[[Fraction], None] | None = None,
) -> Iterator[FrameCaption]:
    """Yield every frame with its caption, without its picture.

    Args:
        frames: in order of time, resized to ``captioner.picture_size``.
        captioner: captions the pictures.
        batch_size: pictures to encode at a time; frames that are skipped do not count.
        reached: called with the player time of the last frame of each batch.
    """
    if isinstance(captioner, SceneCaptioner):
        groups = _decoded(_batches(frames, batch_size), captioner, batch_size)
    else:
        groups = _captioned(_batches(frames, batch_size), captioner)
    for group in groups:
        yield from group
        if reached is not None:
            reached(group[-1].time)


def _frame_caption(frame: Frame, caption: Caption, encoded: EncodedCaption | None) -> FrameCaption:
    return FrameCaption(frame.ticks, frame.time, frame.shot, frame.shot_start, caption, encoded)


@dataclass(slots=True, eq=False)
class _Seen:
    """A frame on its way.

    Attributes:
        frame: the frame.
        thumbnail: what it is compared by.
        new: whether it shows anything that the last new one did not.
        place: how many new ones of its shot came before it.
        stills: how many came behind it, so far, that show nothing new.
        encoding: what the decoder needs of it, once it is encoded.
        speaks: whether a sentence is found for it.
    """

    frame: Frame
    thumbnail: NDArray[np.float32]
    new: bool
    place: int
    stills: int = 0
    encoding: EncodedImage | None = None
    speaks: bool = False


def _batches(frames: Iterable[Frame], size: int) -> Iterator[list[_Seen]]:
    """Yield frames, with so many together of those that show anything new; at first half."""
    waiting = iter(frames)
    still = _Still()
    wanted = -(-size // 2)
    while True:
        batch: list[_Seen] = []
        fresh = 0
        # Where nothing changes a batch would never be full.
        for frame in islice(waiting, _MOST_BATCHES * size):
            batch.append(still.see(frame))
            fresh += batch[-1].new
            if fresh == wanted:
                break
        if not batch:
            return
        yield batch
        wanted = size


def _captioned(
    batches: Iterable[list[_Seen]], captioner: Captioner
) -> Iterator[list[FrameCaption]]:
    caption: Caption | None = None
    for batch in batches:
        new = [seen.frame.image for seen in _new(batch)]
        made = iter(captioner.caption(new) if new else ())
        group = []
        for seen in batch:
            caption = next(made) if seen.new or caption is None else caption
            group.append(_frame_caption(seen.frame, caption, None))
        yield group


def _encoded(batches: Iterable[list[_Seen]], captioner: SceneCaptioner) -> Iterator[list[_Seen]]:
    """Encode what is new and does not plainly lie between two frames that show the same.

    A sentence is found for what is not plainly the same as what has one.
    """
    spoken: tuple[int, EncodedImage] | None = None
    waiting: list[_Seen] = []
    begun: list[_Seen] = []  # the end that the next span begins with, which is out already
    for batch in chain(batches, [[]]):
        waiting += batch
        spans, left = _spans([*begun, *_new(waiting)], whole=not batch)
        _encode((end for span in spans for end in (span[0], span[-1])), captioner)
        _encode((seen for span in spans for seen in _to_encode(span, captioner)), captioner)
        begun = left[:1]
        known = waiting.index(left[1]) if len(left) > 1 else len(waiting)
        for seen in waiting[:known]:
            own = seen.encoding
            if own is not None and not (
                spoken is not None
                and spoken[0] == seen.frame.shot
                and captioner.near_duplicate(spoken[1], own)
            ):
                seen.speaks, spoken = True, (seen.frame.shot, own)
        yield waiting[:known]
        waiting = waiting[known:]


def _new(several: Iterable[_Seen]) -> list[_Seen]:
    return [seen for seen in several if seen.new]


def _spans(new: list[_Seen], *, whole: bool) -> tuple[list[list[_Seen]], list[_Seen]]:
    """Part new frames into spans of a shot, of which each begins with the end of the one before.

    Returns:
        the spans that have ended, and what there is of the last one; with ``whole`` no frame comes
        any more, and all have ended.
    """
    spans: list[list[_Seen]] = []
    span: list[_Seen] = []
    for seen, after in zip_longest(new, new[1:]):
        span.append(seen)
        shot_ends = whole if after is None else after.place == 0
        if shot_ends or seen.place % _SPAN == 0 or seen.stills >= _SPAN:
            spans.append(span)
            span = [] if shot_ends else [seen]
    return spans, span


def _encode(several: Iterable[_Seen], captioner: SceneCaptioner) -> None:
    asked = list(dict.fromkeys(seen for seen in several if seen.encoding is None))
    made = captioner.encode([seen.frame.image for seen in asked]) if asked else ()
    for seen, prepared in zip(asked, made, strict=True):
        seen.encoding = prepared


def _to_encode(span: list[_Seen], captioner: SceneCaptioner) -> list[_Seen]:
    """Return which of the frames between the ends of a span are not told by these."""
    first, between, last = span[0], span[1:-1], span[-1]
    assert first.encoding is not None
    assert last.encoding is not None
    if not between or not captioner.near_duplicate(first.encoding, last.encoding):
        return between
    most = _change(first, last)
    return [seen for seen in between if min(_change(first, seen), _change(seen, last)) > most]


def _change(one: _Seen, other: _Seen) -> float:
    return largest_change(one.thumbnail, other.thumbnail)


def _portions(batches: Iterable[list[_Seen]], size: int) -> Iterator[list[_Seen]]:
    """Yield frames with so many sentences to find.

    At first they are fewer, since the first scene is waited for: no batch is waited for where as
    many frames have come as came before.
    """
    portion: list[_Seen] = []
    given = speaking = 0
    for batch in batches:
        for place, seen in enumerate(batch, 1):
            portion.append(seen)
            speaking += seen.speaks
            enough = len(portion) >= min(given, _MOST_BATCHES * size)
            if speaking == size or (place == len(batch) and enough):
                yield portion
                given += len(portion)
                portion, speaking = [], 0
    if portion:
        yield portion


def _decoded(
    batches: Iterable[list[_Seen]], captioner: SceneCaptioner, size: int
) -> Iterator[list[FrameCaption]]:
    spoken: EncodedCaption | None = None
    for portion in _portions(_encoded(batches, captioner), size):
        asked = [one.encoding for one in portion if one.speaks and one.encoding is not None]
        made = iter(captioner.decode(asked) if asked else ())
        group = []
        for one in portion:
            spoken = next(made) if one.speaks or spoken is None else spoken
            own = None if one.encoding is None else replace(spoken, image=one.encoding)
            group.append(_frame_caption(one.frame, spoken.caption, own))
        yield group


class _Still:
    """Remembers the last frame that was new."""

    def __init__(self) -> None:
        self._last: _Seen | None = None

    def see(self, frame: Frame) -> _Seen:
        """Return a frame, and whether it shows anything that the last new one did not."""
        seen, last = _Seen(frame, thumbnail(frame.image), new=True, place=0), self._last
        if last is not None and frame.shot == last.frame.shot:
            if _change(last, seen) < _SAME:
                last.stills += 1
                seen.new = False
                return seen
            seen.place = last.place + 1
        self._last = seen
        return seen


def thumbnail(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a small grey picture, to compare with others by :func:`largest_change`."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)


def largest_change(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return the mean change, of 255, of that 64th of the picture that changed most."""
    side = _SIDE // _BLOCKS
    blocks = np.abs(one - other).reshape(_BLOCKS, side, _BLOCKS, side)
    return float(blocks.mean((1, 3)).max())
