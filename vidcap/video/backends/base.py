"""The protocol of decoder back ends, and their read statistics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vidcap.errors import VidcapError
from vidcap.video.frame import VideoInfo
from vidcap.video.image import resize_stretch, upright
from vidcap.video.luma_difference import Thumbnail

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

# Rows and columns of a thumbnail: enough to tell shots apart, few enough to cost nothing.
THUMBNAIL_SHAPE = (32, 32)


class DecoderError(VidcapError):
    """A back end cannot read this file; another one may."""


class Picture(Protocol):
    """One decoded picture, converted only when asked; ``ticks`` rise strictly in a reading."""

    @property
    def ticks(self) -> int:
        """Absolute presentation time."""

    @property
    def key(self) -> bool:
        """Whether it is a key frame."""

    @property
    def leapt(self) -> bool:
        """Whether pictures were left out before it that show what it shows; see ``Plan.leap``."""

    def rgb(self) -> NDArray[np.uint8]:
        """Return it as ``(info.height, info.width, 3)`` uint8 RGB, upright, in square pixels."""

    def thumbnail(self) -> Thumbnail:
        """Return its luma, sampled to :data:`THUMBNAIL_SHAPE`, neither turned nor stretched."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a reader is to deliver.

    Attributes:
        start: first presentation time in ticks to deliver, ``None`` for the beginning.
        end: presentation time in ticks at which to stop, ``None`` for the end of the file.
        keys_only: deliver key frames only.
        leap: a reader that can need not deliver what lies between key frames that look alike, if
            they are at most so many ticks apart; ``None`` for every frame.
        rough: pictures will be made much smaller: a reader that can need not smooth the edges
            between blocks in those that no other picture leans on.
        threads: decoding threads, 0 for as many as the library likes.
        beat: called often, with the ticks reached or ``None``, to show that the reader lives.
    """

    start: int | None = None
    end: int | None = None
    keys_only: bool = False
    leap: int | None = None
    rough: bool = False
    threads: int = 0
    beat: Callable[[int | None], None] = lambda ticks: None


@dataclass(slots=True)
class ReadStats:
    """What a reader saw on its way, for judging whether the reading was complete.

    Attributes:
        decoded: frames decoded and in the asked range.
        last: ticks of the last of them.
        last_length: ticks for which it is shown, 0 where the file does not say.
        longest_gap: most ticks between two frames that followed each other.
        failures: packets that could not be read or decoded.
        failures_at_end: those of them after which no picture came any more.
        failure: what the decoder said of the first of them.
        corrupt: pictures that the decoder itself marked as damaged.
        corrupt_at_end: those of them after which no good picture came any more.
        from_head: whether reading began at the head of the file, or found its start by seeking.
        stopped: whether reading stopped at the asked end, before the file's.
        stream_end: ticks at which the last packet of the stream itself ends.
        last_packet: ticks at which the last packet of any stream ends, in the stream's time base.
        packets: packets of the stream that were read.
        cut_off: how the file shows that it once was longer, if it does.
        missing: frames that the file lists and the back end did not give.
        extra: frames that the back end gave and the file does not list.
        notes: other things to tell, one sentence each.
    """

    decoded: int = 0
    last: int | None = None
    last_length: int = 0
    longest_gap: int = 0
    failures: int = 0
    failures_at_end: int = 0
    failure: str = ""
    corrupt: int = 0
    corrupt_at_end: int = 0
    from_head: bool = True
    stopped: bool = False
    stream_end: int | None = None
    last_packet: int | None = None
    packets: int = 0
    cut_off: str = ""
    missing: int = 0
    extra: int = 0
    notes: list[str] = field(default_factory=list)

    def delivered(self, ticks: int, length: int, *, corrupt: bool = False) -> None:
        """Count a picture."""
        if self.last is not None:
            self.longest_gap = max(self.longest_gap, ticks - self.last)
        self.decoded += 1
        self.last = ticks
        self.last_length = length
        self.failures_at_end = 0
        self.corrupt += corrupt
        self.corrupt_at_end = self.corrupt_at_end + 1 if corrupt else 0

    def passed_over(self, ticks: int) -> None:
        """Note that all frames up to this one were left out, because they were not needed."""
        self.last = ticks

    def failed(self, reason: str) -> None:
        """Count a packet that could not be read or decoded."""
        self.failure = self.failure or reason
        self.failures += 1
        self.failures_at_end += 1


class Reader(Protocol):
    """A back end that decodes one stream of one file in presentation order.

    It is made with the file's facts and a plan, and raises :class:`DecoderError` from any of its
    methods when it cannot go on.
    """

    tally: ReadStats

    def __init__(self, info: VideoInfo, plan: Plan) -> None: ...

    def pictures(self) -> Iterator[Picture]:
        """Yield the pictures of the plan, in presentation order."""

    def close(self) -> None:
        """Free what the library holds."""


def chosen_stream(container: InputContainer, info: VideoInfo) -> VideoStream:
    """Return the stream that a file's facts are about.

    Raises:
        DecoderError: it is not there: the file has changed, or names the stream only later on.
    """
    for stream in container.streams.video:
        if stream.index == info.stream_index:
            return stream
    raise DecoderError("its video stream is not at the place where it was found before")


def displayed(
    picture: NDArray[np.uint8], info: VideoInfo, *, turned: bool = False
) -> NDArray[np.uint8]:
    """Return a decoded RGB picture as it is displayed: upright, in square pixels, of one size.

    Args:
        picture: ``(height, width, 3)`` as decoded.
        info: the file's facts.
        turned: whether the back end has already turned it.
    """
    if not turned:
        picture = upright(picture, mirrored=info.mirrored, rotation=info.rotation)
    return np.ascontiguousarray(resize_stretch(picture, (info.width, info.height)))


def sample_luma(plane: NDArray[Any]) -> NDArray[Any]:
    """Return :data:`THUMBNAIL_SHAPE` samples from the middles of a plane's cells."""
    samples: NDArray[Any] = plane[_middles(*plane.shape[:2])]
    return samples


@lru_cache(maxsize=4)
def _middles(height: int, width: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    rows, columns = (
        (2 * np.arange(count) + 1) * length // (2 * count)
        for count, length in zip(THUMBNAIL_SHAPE, (height, width), strict=True)
    )
    return rows[:, None], columns
