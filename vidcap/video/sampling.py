"""Sample the frames of a video: by rate, key frames or shots."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, Protocol, TypeVar

from vidcap.errors import UsageError
from vidcap.video.frame import VideoInfo

_MOST_A_SHOT = 16

_NEAR = Fraction(1, 10)
"""Seconds between the pictures of a shot that may stand for one of its parts."""


@dataclass(frozen=True, slots=True)
class EverySeconds:
    """The first frame at or after every multiple of ``seconds``, counted from the start."""

    seconds: Fraction

    def __post_init__(self) -> None:
        if self.seconds <= 0:
            raise UsageError(f"seconds between frames must be above 0, not {self.seconds}")


@dataclass(frozen=True, slots=True)
class KeyFrames:
    """Every key frame; nothing else is decoded, which is the fastest way through a film."""


@dataclass(frozen=True, slots=True)
class PerShot:
    """``count`` frames of every shot, evenly spread over it, to a tenth of a second."""

    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.count <= _MOST_A_SHOT:
            raise UsageError(f"frames a shot must be 1 to {_MOST_A_SHOT}, not {self.count}")


Sampling = EverySeconds | KeyFrames | PerShot


def parse_sampling(text: str, *, fps: Fraction = Fraction(1)) -> Sampling:
    """Return the sampling that a word on the command line asks for.

    Args:
        text: ``"fps"``, ``"keyframes"``, ``"shot"`` (one frame a shot) or ``"shot:N"``.
        fps: frames a second for ``"fps"``.

    Raises:
        UsageError: the word is none of these, or a number is out of range.
    """
    if text == "fps":
        if fps <= 0:
            raise UsageError(f"frames a second must be above 0, not {fps}")
        return EverySeconds(1 / Fraction(fps))
    if text == "keyframes":
        return KeyFrames()
    shot = re.fullmatch(r"shot(?::([0-9]{1,4}))?", text)
    if shot:
        return PerShot(int(shot[1] or 1))
    raise UsageError(f"no sampling is named {text!r}; choose fps, keyframes, shot or shot:N")


class Timed(Protocol):
    """Anything with an absolute presentation time in ticks."""

    @property
    def ticks(self) -> int:
        """Absolute presentation time."""


T = TypeVar("T", bound=Timed)
Moment = TypeVar("Moment", int, Fraction)


@dataclass(frozen=True, slots=True)
class InShot(Generic[T]):
    """A picture, the number of its shot, and the ticks of that shot's first picture."""

    picture: T
    shot: int
    shot_start: int


def select(
    pictures: Iterable[InShot[T]],
    sampling: Sampling,
    info: VideoInfo,
    *,
    origin: Fraction = Fraction(0),
) -> Iterator[InShot[T]]:
    """Yield those of a video's pictures that a sampling asks for, in order, each once.

    Args:
        pictures: all pictures in presentation order; for :class:`KeyFrames` the key frames.
        sampling: what to take.
        info: the video's clock.
        origin: player time in seconds from which :class:`EverySeconds` counts.
    """
    match sampling:
        case EverySeconds(seconds):
            return _every(pictures, seconds, info, origin)
        case PerShot(count):
            return _per_shot(pictures, count)
        case KeyFrames():
            return iter(pictures)


def may_take(
    sampling: Sampling, info: VideoInfo, *, origin: Fraction = Fraction(0)
) -> Callable[[int], bool]:
    """Return what says of every picture in order, by its ticks, whether it may be chosen at all.

    The others need not be held until it is known which shot they are in.  The arguments are those
    of :func:`select`.
    """
    match sampling:
        case EverySeconds(seconds):
            return _Due(seconds, info, origin).takes
        case PerShot():
            return _Due(_NEAR, info, origin).takes
        case KeyFrames():
            return lambda ticks: True


class _Due:
    """Takes the first picture at or after every multiple of ``seconds`` behind ``origin``."""

    def __init__(self, seconds: Fraction, info: VideoInfo, origin: Fraction) -> None:
        self._seconds = seconds
        self._info = info
        self._origin = origin
        self._due = info.ticks_at(origin)

    def takes(self, ticks: int) -> bool:
        if ticks < self._due:
            return False
        steps = (self._info.player_time(ticks) - self._origin) // self._seconds + 1
        self._due = self._info.ticks_at(self._origin + steps * self._seconds)
        return True


def _every(
    pictures: Iterable[InShot[T]], seconds: Fraction, info: VideoInfo, origin: Fraction
) -> Iterator[InShot[T]]:
    due = _Due(seconds, info, origin)
    return (item for item in pictures if due.takes(item.picture.ticks))


def _per_shot(pictures: Iterable[InShot[T]], count: int) -> Iterator[InShot[T]]:
    kept: list[InShot[T]] = []
    for item in pictures:
        if kept and item.shot != kept[0].shot:
            yield from _spread(kept, count, end=item.picture.ticks)
            kept = []
        kept.append(item)
        if len(kept) > 3 * count + 2:
            del kept[most_crowded([item.picture.ticks for item in kept])]
    if kept:
        yield from _spread(kept, count, end=kept[-1].picture.ticks + 1)


def most_crowded(times: Sequence[Moment]) -> int:
    """Return the index of the inner one of three or more times whose neighbours are nearest."""
    gaps = [after - before for before, after in zip(times, times[2:], strict=False)]
    return gaps.index(min(gaps)) + 1


def _spread(kept: list[InShot[T]], count: int, *, end: int) -> Iterator[InShot[T]]:
    """Yield the pictures nearest to the middles of ``count`` equal parts of the shot."""
    start = kept[0].shot_start
    parts = min(count, len(kept))
    taken = 0
    for part in range(parts):
        # Everything times 2 * parts, so that the middle of a part is a whole number of ticks.
        middle = 2 * parts * start + (2 * part + 1) * (end - start)
        open_to_it = kept[taken : len(kept) - (parts - part - 1)]
        offsets = [abs(2 * parts * item.picture.ticks - middle) for item in open_to_it]
        taken += offsets.index(min(offsets)) + 1
        yield kept[taken - 1]
