"""Finding gradual transitions: cross-fades, and fades through one colour.

Half a transition before its middle a picture still shows the old scene, half a transition after it
the new one, and in between lies a mixture of the two.  So three things tell one: the pictures on
either side of a moment differ by much, and by more than pictures as far apart do just before or
after; they are not the same in another light; and those between them lie on the straight line from
the one to the other, half way at the middle.  Under a moving camera the picture half way lies off
that line.  A fade through one colour is told by the contrast that goes and comes back.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from vidcap.video.luma_difference import change

_STEP = Fraction(1, 25)
"""Seconds between the looks that are compared; faster videos are thinned, slower ones held."""


@dataclass(frozen=True, slots=True)
class FadeSettings:
    """When a change that takes its time is a transition.

    Attributes:
        half: looks (of 1/25 s) on either side that are compared; transitions may take twice that.
        least: change, as :func:`vidcap.video.luma_difference.change` measures it, below which there
            is none.
        ratio: how many times the change of the calmer side, just before or just after, it must be.
        off_line: largest distance of the pictures inside from the line, as a share of its length.
        alike: correlation of both sides from which on they show one scene in another light.
        faint: share of the contrast of both sides below which the picture between them is of one
            colour.
    """

    half: int = 15
    least: float = 0.6
    ratio: float = 1.6
    off_line: float = 0.5
    alike: float = 0.8
    faint: float = 0.35


Luma = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Look:
    luma: Luma
    spread: float
    ticks: int
    time: Fraction


class FadeFinder:
    """Takes the luma of every picture and says, some two seconds later, where transitions are.

    Args:
        clock: ticks to seconds.
        settings: when a change is a transition.

    Attributes:
        settled: ticks up to which, and not with, all transitions have been told.
    """

    def __init__(
        self, clock: Callable[[int], Fraction], settings: FadeSettings | None = None
    ) -> None:
        self._clock = clock
        self._settings = settings or FadeSettings()
        self._half = self._settings.half
        # Three halves on either side of the moment that is judged.
        self._looks: deque[_Look] = deque(maxlen=6 * self._half + 1)
        # Of the looks but the first and the last half: how much changes around each.
        self._changes: deque[float] = deque(maxlen=4 * self._half + 1)
        self._due = Fraction(0)
        self._last: _Look | None = None
        self._cuts: deque[Fraction] = deque(maxlen=32)
        self._told = -math.inf
        self.settled: float = -math.inf

    def add(self, ticks: int, luma: Luma, deviation: float) -> Iterator[int]:
        """Take the next picture; yield the ticks of the middles of transitions.

        Args:
            ticks: its presentation time, risen since the last call.
            luma: its thumbnail, flat, as long for all pictures.
            deviation: what :func:`vidcap.video.luma_difference.spread` says of it.
        """
        time = self._clock(ticks)
        look = _Look(luma, deviation, ticks, time)
        if self._last is None:
            self._due = time
            for _ in range(3 * self._half):
                yield from self._push(look)
        else:
            # A picture stands until the next comes; one that stands for long tells no more.
            standing = max(0, math.ceil((time - self._due) / _STEP))
            for _ in range(min(standing, 6 * self._half)):
                yield from self._push(self._last)
            self._due += standing * _STEP
        if self._due <= time:
            yield from self._push(look)
            self._due += _STEP
        self._last = look

    def cut(self, ticks: int) -> None:
        """Say that there is a cut; what changes around it is no transition."""
        self._cuts.append(self._clock(ticks))

    def end(self) -> Iterator[int]:
        """Say that there are no more pictures; yield what is left."""
        if self._last is not None:
            for _ in range(4 * self._half):
                yield from self._push(self._last)
        self.settled = math.inf

    def _push(self, look: _Look) -> Iterator[int]:
        half, looks = self._half, self._looks
        looks.append(look)
        if len(looks) > 2 * half:
            self._changes.append(change(looks[-1 - 2 * half], look))
        if len(looks) < 6 * half + 1:
            return
        found = self._middle_near(3 * half)
        if found is not None and looks[found].ticks > self._told and not self._near_cut(found):
            self._told = looks[min(found + half, 6 * half)].ticks
            yield looks[found].ticks
        self.settled = looks[2 * half + 1].ticks

    def _near_cut(self, place: int) -> bool:
        time = self._looks[place].time
        return any(abs(time - cut) <= self._half * _STEP for cut in self._cuts)

    def _change_at(self, place: int) -> float:
        return self._changes[place - self._half]

    def _middle_near(self, place: int) -> int | None:
        """Return the place of the middle of a transition that is all around a place, if one is."""
        settings, half, looks = self._settings, self._half, self._looks
        here = self._change_at(place)
        if here < settings.least:
            return None
        if here < max(self._change_at(other) for other in range(place - half, place + half + 1)):
            return None
        along, _ = self._line(place)
        middle = place - half + int(np.argmin(np.abs(along - 0.5)))
        here = self._change_at(middle)
        if here < settings.least:
            return None
        if self._alike(middle) > settings.alike:
            return None
        sides = min(looks[middle - half].spread, looks[middle + half].spread)
        inside = [looks[other].spread for other in range(middle - half, middle + half + 1)]
        if min(inside) < settings.faint * sides:
            faintest = middle - half + int(np.argmin(inside))
            if self._change_at(faintest) < settings.least:
                return None  # the old scene comes back
            return max(2 * half, faintest)
        along, off = self._line(middle)
        if not 0.25 <= along[half] <= 0.75:
            return None
        if off[half // 2 : 2 * half - half // 2 + 1].max() > settings.off_line:
            return None
        before = change(looks[middle - 2 * half], looks[middle - half])
        after = change(looks[middle + half], looks[middle + 2 * half])
        if here < settings.ratio * (min(before, after) + 0.05):
            return None
        return middle

    def _alike(self, place: int) -> float:
        sides = (self._looks[place - self._half].luma, self._looks[place + self._half].luma)
        one, other = (luma - luma.mean() for luma in sides)
        return float(one @ other) / (float(np.linalg.norm(one) * np.linalg.norm(other)) + 1e-6)

    def _line(self, place: int) -> tuple[Luma, Luma]:
        """Return how far the looks around a place are along the line, and how far off it."""
        around = range(place - self._half, place + self._half + 1)
        looks = np.stack([self._looks[other].luma for other in around])
        way = looks[-1] - looks[0]
        square = float(way @ way) + 1e-6
        along = (looks - looks[0]) @ way / square
        rest = looks - looks[0] - along[:, None] * way
        return along, np.sqrt((rest * rest).sum(1) / square)
