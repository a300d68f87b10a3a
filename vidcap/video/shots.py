"""Finding cuts: a running shot number for every picture, from tiny luma thumbnails.

A cut is a picture that differs from the one before it by much, by far more than pictures nearby
differ from theirs, and for good.  The second condition lets camera motion pass, the third a flash.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from vidcap.video.sampling import InShot, Timed

Thumbnail = NDArray[np.int16]


class Thumbed(Timed, Protocol):
    """A timed picture that can show a thumbnail of itself."""

    def thumbnail(self) -> Thumbnail:
        """Return its luma, ``(rows, columns)``, 0 to 255; of equal shape for all pictures."""


T = TypeVar("T", bound=Thumbed)


@dataclass(frozen=True, slots=True)
class CutSettings:
    """When a difference between two pictures is a cut.

    Attributes:
        least: mean absolute luma difference, 0 to 255, below which nothing is a cut.
        ratio: how many times the mean difference of its neighbours it must be.
        window: pictures on either side that count as neighbours, and for which the new shot must
            last; 0 compares with nothing but ``least``.
    """

    least: float = 10.0
    ratio: float = 3.0
    window: int = 5


EVERY_FRAME = CutSettings()
# Key frames lie seconds apart: their neighbours tell nothing of motion, and a shot may be one long.
KEY_FRAMES_ONLY = CutSettings(least=24.0, window=0)


def label_shots(pictures: Iterable[T], settings: CutSettings = EVERY_FRAME) -> Iterator[InShot[T]]:
    """Yield every picture with its shot, ``settings.window`` pictures late.

    Works in bounded memory: it holds ``settings.window + 1`` pictures and their thumbnails.
    """
    finder = _Finder[T](settings)
    for picture in pictures:
        finder.add(picture)
        if finder.ready():
            yield finder.take()
    while finder.waiting:
        yield finder.take()


class _Finder(Generic[T]):
    """The window that slides over the pictures; its oldest waiting one is judged next."""

    def __init__(self, settings: CutSettings) -> None:
        self._settings = settings
        self.waiting: deque[tuple[T, Thumbnail, float]] = deque()
        self._past_changes: deque[float] = deque(maxlen=settings.window)
        self._past: deque[Thumbnail] = deque(maxlen=max(1, settings.window))
        self._newest: Thumbnail | None = None
        self._shot = 0
        self._shot_start: int | None = None

    def add(self, picture: T) -> None:
        thumbnail = picture.thumbnail()
        change = 0.0 if self._newest is None else difference(self._newest, thumbnail)
        self.waiting.append((picture, thumbnail, change))
        self._newest = thumbnail

    def ready(self) -> bool:
        return len(self.waiting) > self._settings.window

    def take(self) -> InShot[T]:
        cut = self._is_cut()
        picture, thumbnail, change = self.waiting.popleft()
        if self._shot_start is None:
            self._shot_start = picture.ticks
        elif cut:
            self._shot += 1
            self._shot_start = picture.ticks
        self._past.append(thumbnail)
        self._past_changes.append(change)
        return InShot(picture, self._shot, self._shot_start)

    def _is_cut(self) -> bool:
        change = self.waiting[0][2]
        least = self._settings.least
        if not self._past or change < least:
            return False
        neighbours = [*self._past_changes, *(later[2] for later in islice(self.waiting, 1, None))]
        if neighbours and change * len(neighbours) < self._settings.ratio * sum(neighbours):
            return False
        # A flash goes back to what was before it; a cut does neither go back nor come back.
        before, current = self._past[-1], self.waiting[0][1]
        goes_back = any(
            difference(before, later) < least for _, later, _ in islice(self.waiting, 1, None)
        )
        comes_back = any(difference(earlier, current) < least for earlier in self._past)
        return not goes_back and not comes_back


def difference(one: Thumbnail, other: Thumbnail) -> float:
    """Return the mean absolute difference of two thumbnails of equal shape, 0 to 255."""
    return float(np.abs(one - other).mean())
