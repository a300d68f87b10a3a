"""From the frames of a video to their captions, a batch at a time.

What stands still is looked at once: a frame that shows what the last one that was looked at showed
has its caption.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
from numpy.typing import NDArray

from vidcap.captioning.caption import Caption
from vidcap.captioning.captioner import Captioner
from vidcap.captioning.look import Look, SceneTeller
from vidcap.video.frame import Frame

# A frame is the same as another when no 64th of it differs by more than this in the mean, of 255.
# Measured on real clips (pipelines/stills.py): of none of those did the captions suit each other's
# frame worse by 0.3 nats a word or more.
_SAME = 6.0
_SIDE = 32
_BLOCKS = 8


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
    waiting = iter(frames)
    still = _Still()
    last: Watched | None = None
    while True:
        batch: list[tuple[Frame, bool]] = []
        fresh = 0
        # Where nothing changes a batch would never be full.
        for frame in islice(waiting, 4 * batch_size):
            new = still.is_new(frame)
            batch.append((frame, new))
            fresh += new
            if fresh == batch_size:
                break
        if not batch:
            return
        made = _look(captioner, [frame.image for frame, new in batch if new])
        for frame, new in batch:
            if new:
                caption, look = next(made)
                last = Watched(frame, caption, look)
                yield last
            elif last is not None:
                yield Watched(frame, last.caption, None)
        if reached is not None:
            reached(batch[-1][0])


def _look(
    captioner: Captioner, pictures: list[NDArray[np.uint8]]
) -> Iterator[tuple[Caption, Look | None]]:
    if not pictures:
        return
    if isinstance(captioner, SceneTeller):
        for look in captioner.look(pictures):
            yield look.caption, look
    else:
        for caption in captioner.caption(pictures):
            yield caption, None


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
