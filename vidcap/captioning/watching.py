"""From the frames of a video to their captions, a batch at a time.

What stands still is looked at once: a frame that shows what the last one that was looked at showed
has its caption.  A frame that is encoded, and whose encoding plainly says the same as that of one
before it in the shot, has the sentences that were found for that one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

import cv2
import numpy as np
from numpy.typing import NDArray

from vidcap.captioning.caption import Caption
from vidcap.captioning.captioner import Captioner
from vidcap.captioning.look import Look, SceneTeller
from vidcap.captioning.runtime import Prepared
from vidcap.video.frame import Frame

# A frame is the same as another when no 64th of it differs by more than this in the mean, of 255.
# Measured on real clips (pipelines/stills.py): of none of those did the captions suit each other's
# frame worse by 0.3 nats a word or more.
_SAME = 6.0
_SIDE = 32
_BLOCKS = 8
# So many batches of frames wait at most until there are enough of them to look at or to tell.
_MOST_BATCHES = 4


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """A frame and what the captioner says of it.

    Attributes:
        frame: the frame.
        caption: its sentence; that of an earlier one where nothing has changed since.
        look: what telling scenes needs of it; None where the captioner cannot tell them, or where
            nothing has changed since the frame before.
    """

    frame: Frame
    caption: Caption
    look: Look | None


def watch(
    frames: Iterable[Frame],
    captioner: Captioner,
    *,
    batch_size: int,
    reached: Callable[[Frame], None] | None = None,
) -> Iterator[Watched]:
    """Yield every frame with its caption.

    Args:
        frames: in order of time, squashed to ``captioner.picture_size``.
        captioner: says what is on them.
        batch_size: how many to look at together; those that are not looked at do not count.
        reached: called with the last frame of each batch.
    """
    if isinstance(captioner, SceneTeller):
        watched = _looked_at(_batches(frames, batch_size), captioner, batch_size)
    else:
        watched = _captioned(_batches(frames, batch_size), captioner)
    for group in watched:
        yield from group
        if reached is not None:
            reached(group[-1].frame)


def _batches(frames: Iterable[Frame], size: int) -> Iterator[list[tuple[Frame, bool]]]:
    """Yield frames, and whether each shows anything new, with so many new ones together."""
    waiting = iter(frames)
    still = _Still()
    while True:
        batch: list[tuple[Frame, bool]] = []
        fresh = 0
        # Where nothing changes a batch would never be full.
        for frame in islice(waiting, _MOST_BATCHES * size):
            new = still.is_new(frame)
            batch.append((frame, new))
            fresh += new
            if fresh == size:
                break
        if not batch:
            return
        yield batch


def _captioned(
    batches: Iterable[list[tuple[Frame, bool]]], captioner: Captioner
) -> Iterator[list[Watched]]:
    caption: Caption | None = None
    for batch in batches:
        made = iter(captioner.caption([frame.image for frame, new in batch if new]))
        group = []
        for frame, new in batch:
            caption = next(made) if new or caption is None else caption
            group.append(Watched(frame, caption, None))
        yield group


@dataclass(frozen=True, slots=True)
class _Encoded:
    """A frame on its way: encoded where it is new, and whether a sentence is found for it."""

    frame: Frame
    prepared: Prepared | None
    speaks: bool


def _encoded(
    batches: Iterable[list[tuple[Frame, bool]]], captioner: SceneTeller
) -> Iterator[_Encoded]:
    """Encode what is new; a sentence is found for what is not plainly the same as what has one."""
    spoken: tuple[int, Prepared] | None = None
    for batch in batches:
        prepared = iter(captioner.encode([frame.image for frame, new in batch if new]))
        for frame, new in batch:
            own = next(prepared) if new else None
            speaks = own is not None and not (
                spoken is not None and spoken[0] == frame.shot and captioner.alike(spoken[1], own)
            )
            if own is not None and speaks:
                spoken = frame.shot, own
            yield _Encoded(frame, own, speaks)


def _portions(encoded: Iterable[_Encoded], size: int) -> Iterator[list[_Encoded]]:
    """Yield frames with so many sentences to find.

    At first they are fewer, since the first scene is waited for: never more frames than a batch, or
    than came before.
    """
    portion: list[_Encoded] = []
    given = speaking = 0
    for one in encoded:
        portion.append(one)
        speaking += one.speaks
        if speaking == size or len(portion) == min(max(size, given), _MOST_BATCHES * size):
            yield portion
            given += len(portion)
            portion, speaking = [], 0
    if portion:
        yield portion


def _looked_at(
    batches: Iterable[list[tuple[Frame, bool]]], captioner: SceneTeller, size: int
) -> Iterator[list[Watched]]:
    spoken: Look | None = None
    for portion in _portions(_encoded(batches, captioner), size):
        asked = [one.prepared for one in portion if one.speaks and one.prepared is not None]
        made = iter(captioner.say(asked))
        group = []
        for one in portion:
            spoken = next(made) if one.speaks or spoken is None else spoken
            own = None if one.prepared is None else replace(spoken, prepared=one.prepared)
            group.append(Watched(one.frame, spoken.caption, own))
        yield group


class _Still:
    """Remembers the last frame that was new."""

    def __init__(self) -> None:
        self._shot = -1
        self._seen: NDArray[np.float32] | None = None

    def is_new(self, frame: Frame) -> bool:
        """Return whether a frame shows anything that the last new one did not."""
        seen = thumbnail(frame.image)
        if (
            self._seen is not None
            and frame.shot == self._shot
            and largest_change(self._seen, seen) < _SAME
        ):
            return False
        self._shot, self._seen = frame.shot, seen
        return True


def thumbnail(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a small grey picture, to compare with others by :func:`largest_change`."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)


def largest_change(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return the mean change, of 255, of that 64th of the picture that changed most."""
    side = _SIDE // _BLOCKS
    blocks = np.abs(one - other).reshape(_BLOCKS, side, _BLOCKS, side)
    return float(blocks.mean((1, 3)).max())
