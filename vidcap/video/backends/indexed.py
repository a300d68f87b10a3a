"""Reading with libraries that give frames but not their true times.

The times come from the file's packets, so such a back end must give exactly the frames that the
file lists; where it gives more or fewer, that is told.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidcap.video.backends.base import Plan, ReadStats, displayed, sample_luma
from vidcap.video.backends.index import presentation_index
from vidcap.video.container import open_container
from vidcap.video.frame import VideoInfo
from vidcap.video.luma_difference import Thumbnail

# Weights of red, green and blue in luma, in 256ths (ITU-R BT.601).
_LUMA = np.array([77, 150, 29])


def is_first_video_stream(info: VideoInfo) -> bool:
    """Tell whether a file's facts are about its first video stream, cover art counted."""
    with open_container(info.path) as container:
        return [stream.index for stream in container.streams.video][:1] == [info.stream_index]


class RGBPicture:
    """A decoded picture that is in RGB already."""

    __slots__ = ("_info", "_picture", "_turned", "key", "ticks")

    leapt = False  # these libraries are asked for every picture

    def __init__(
        self, picture: NDArray[np.uint8], ticks: int, key: bool, info: VideoInfo, *, turned: bool
    ) -> None:
        self._picture = picture
        self._info = info
        self._turned = turned
        self.ticks = ticks
        self.key = key

    def rgb(self) -> NDArray[np.uint8]:
        """Return it upright and in square pixels."""
        return displayed(self._picture, self._info, turned=self._turned)

    def thumbnail(self) -> Thumbnail:
        """Return samples of its luma."""
        samples: NDArray[Any] = sample_luma(self._picture).astype(np.int32)
        luma: Thumbnail = (samples @ _LUMA >> 8).astype(np.int16)
        return luma


class IndexedReader(ABC):
    """Matches the frames that a library gives in order with the times that the file lists."""

    turned = False  # Whether the library turns pictures upright itself.

    def __init__(self, info: VideoInfo, plan: Plan) -> None:
        self._info = info
        self._plan = plan
        self.tally = ReadStats()

    @abstractmethod
    def skip(self) -> bool:
        """Pass over the next frame; false where there is none."""

    @abstractmethod
    def take(self) -> NDArray[np.uint8] | None:
        """Return the next frame as ``(height, width, 3)`` RGB; ``None`` where there is none."""

    @abstractmethod
    def close(self) -> None:
        """Free what the library holds."""

    def pictures(self) -> Iterator[RGBPicture]:
        """Yield the pictures of the plan, in presentation order."""
        info, plan, tally = self._info, self._plan, self.tally
        index = presentation_index(info, plan.beat)
        entries = index.entries
        for number, (ticks, length, key) in enumerate(entries):
            plan.beat(ticks)
            if plan.end is not None and ticks >= plan.end:
                tally.stopped = True
                return
            if (plan.start is not None and ticks < plan.start) or (plan.keys_only and not key):
                if not self.skip():
                    tally.missing = len(entries) - number
                    return
                continue
            picture = self.take()
            if picture is None:
                tally.missing = len(entries) - number
                return
            tally.delivered(ticks, length)
            yield RGBPicture(picture, ticks, key, info, turned=self.turned)
        tally.packets = index.packets
        tally.cut_off = index.cut_off
        extra = 0
        while self.skip():
            extra += 1
            plan.beat(None)
            if extra > len(entries):
                break
        tally.extra = extra
