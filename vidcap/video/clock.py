"""Presentation times of decoded pictures, as they should be."""

from __future__ import annotations

from vidcap.video.frame import VideoInfo

# A step back by more than this many usual frame lengths is a new beginning of the clock, as where
# two recordings were joined; a smaller one is a slip.
_SLIP = 25


class PresentationClock:
    """Gives every decoded picture a presentation time that is later than the one before.

    A picture's own time is taken as it is wherever it can be.  A picture without a time gets its
    decoding time if that is later, else it follows the one before by the usual frame length; a
    time that slips back by less than a second follows by one tick; a clock that begins anew is
    carried on from where it was.
    """

    def __init__(self, info: VideoInfo) -> None:
        self._first = info.first_ticks
        self.step = info.frame_ticks()
        self._last: int | None = None
        self._shift = 0
        self.mended = 0
        self.untimed = 0

    def ticks(self, pts: int | None, dts: int | None) -> int:
        """Return the time in ticks of the next picture in presentation order."""
        ticks = self._next(pts, dts)
        self._last = ticks
        return ticks

    def _next(self, pts: int | None, dts: int | None) -> int:
        last = self._last
        if pts is None:
            self.untimed += 1
            if last is None:
                return self._first
            return dts if dts is not None and dts > last else last + self.step
        ticks = pts + self._shift
        if last is None or ticks > last:
            return ticks
        self.mended += 1
        if last - ticks <= _SLIP * self.step:
            return last + 1
        self._shift = last + self.step - pts
        return last + self.step
