"""Reading with PyAV: packet by packet, so that one bad packet costs only its own pictures."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from vidcap.video.aligned_difference import SIDE, Grey
from vidcap.video.backends.base import (
    THUMBNAIL_SHAPE,
    Plan,
    ReadStats,
    chosen_stream,
    displayed,
    sample_luma,
)
from vidcap.video.backends.keyframe_skipping import Gop, KeyframeSkipper, stretches
from vidcap.video.clock import PresentationClock
from vidcap.video.container import open_container, packets_of, why_cut_off
from vidcap.video.frame import VideoInfo
from vidcap.video.image import shrunk
from vidcap.video.luma_difference import Thumbnail

if TYPE_CHECKING:
    from av.packet import Packet
    from av.stream import Stream
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# Seconds to seek further back, in turn, when the first picture lands after the asked start.
_BACK_OFF = (0, 1, 4, 16, 64)
# Read errors in a row after which the rest of a file is given up.
_MOST_READ_ERRORS = 50


class PyAVPicture:
    """A libav frame with its settled presentation time."""

    __slots__ = ("_frame", "_info", "key", "leapt", "ticks")

    def __init__(
        self, frame: VideoFrame, ticks: int, info: VideoInfo, *, leapt: bool = False
    ) -> None:
        self._frame = frame
        self._info = info
        self.ticks = ticks
        self.key = frame.key_frame
        self.leapt = leapt

    def rgb(self) -> NDArray[np.uint8]:
        """Return it upright and in square pixels."""
        picture: NDArray[Any] = self._frame.to_ndarray(format="rgb24")
        return displayed(picture, self._info)

    def thumbnail(self) -> Thumbnail:
        """Return samples of its luma, from the decoded plane itself where it has one."""
        plane = self._luma_plane()
        if plane is None:
            return self._small(*THUMBNAIL_SHAPE).astype(np.int16)
        return (sample_luma(plane) >> self._excess()).astype(np.int16)

    def grey(self) -> Grey:
        """Return its luma plane averaged down, as ``video/aligned_difference.py`` compares it."""
        plane = self._luma_plane()
        if plane is None:
            return self._small(SIDE, SIDE).astype(np.float32)
        grey: Grey = shrunk(plane, (SIDE, SIDE)).astype(np.float32) / np.float32(
            2 ** self._excess()
        )
        return grey

    def _luma_plane(self) -> NDArray[Any] | None:
        frame = self._frame
        if not _has_luma_plane(frame):
            return None
        plane = frame.planes[0]
        samples: NDArray[Any] = np.frombuffer(
            memoryview(plane), np.uint16 if self._excess() else np.uint8
        )
        return samples.reshape(plane.height, -1)[:, : plane.width]

    def _excess(self) -> int:
        return max(0, self._frame.format.components[0].bits - 8)

    def _small(self, height: int, width: int) -> NDArray[Any]:
        small = self._frame.reformat(
            width=width, height=height, format="gray", interpolation="AREA"
        )
        return small.to_ndarray()


def _has_luma_plane(frame: VideoFrame) -> bool:
    """Whether the first plane is luma alone, in bytes or native words, top row first."""
    shape = frame.format
    odd = shape.is_rgb or shape.has_palette or shape.is_bit_stream or shape.is_big_endian
    alone = shape.is_planar or len(shape.components) == 1
    return alone and not odd and frame.planes[0].line_size > 0


class PyAVReader:
    """The back end that is right for every kind of file that was measured."""

    def __init__(self, info: VideoInfo, plan: Plan) -> None:
        self._info = info
        self._plan = plan
        self.tally = ReadStats()
        self._leapt = False
        self._open()

    def _open(self) -> None:
        self._container = open_container(self._info.path)
        self._stream = chosen_stream(self._container, self._info)
        self._prepare(self._stream)
        if self._plan.keys_only:
            self._stream.codec_context.skip_frame = "NONKEY"

    def _prepare(self, stream: VideoStream) -> None:
        stream.codec_context.thread_type = "AUTO"
        stream.codec_context.thread_count = self._plan.threads
        if self._plan.rough:
            stream.codec_context.options = {"skip_loop_filter": "noref"}

    def pictures(self) -> Iterator[PyAVPicture]:
        """Yield the pictures of the plan, in presentation order."""
        info, plan, tally = self._info, self._plan, self.tally
        clock = PresentationClock(info)
        for frame in self._frames_from_start():
            ticks = clock.ticks(frame.pts, frame.dts)
            plan.beat(ticks)
            if plan.start is not None and ticks < plan.start:
                continue
            if plan.end is not None and ticks >= plan.end:
                tally.stopped = True
                break
            if plan.keys_only and not frame.key_frame:
                continue
            tally.delivered(ticks, frame.duration, corrupt=frame.is_corrupt)
            leapt, self._leapt = self._leapt, False
            yield PyAVPicture(frame, ticks, info, leapt=leapt)
        if clock.mended:
            tally.notes.append(
                f"{clock.mended} frames had times that did not come after the frame before; "
                "they were put after it."
            )
        if clock.untimed:
            tally.notes.append(
                f"{clock.untimed} frames carried no time; they were spaced by the frame rate."
            )
        if not tally.stopped:
            tally.cut_off = why_cut_off(self._container, self._stream)
        if plan.keys_only and tally.last is not None:
            # A key frame stands for all frames until the next one.
            until = plan.end if tally.stopped else tally.stream_end
            tally.last_length = max(0, (until or 0) - tally.last)

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def _frames_from_start(self) -> Iterator[VideoFrame]:
        """Return frames from a key frame at or before the planned start, or from the beginning."""
        info, start = self._info, self._plan.start
        if start is None or start <= info.first_ticks or not info.timed:
            return self._decode()
        import av

        for seconds in _BACK_OFF:
            position = start - int(Fraction(seconds) / info.time_base)
            if position <= info.first_ticks:
                break
            try:
                self._container.seek(position, stream=self._stream)
            except av.FFmpegError:
                break
            frames = self._decode()
            # What comes before the first key frame leans on pictures that were not decoded.
            key = next((frame for frame in frames if frame.key_frame), None)
            if key is not None and key.pts is not None and key.pts <= start:
                self.tally.failures = self.tally.failures_at_end = 0
                self.tally.from_head = False
                return chain([key], frames)
        self._container.close()
        self._open()
        self.tally.failures = self.tally.failures_at_end = self.tally.packets = 0
        return self._decode()

    def _decode(self) -> Iterator[VideoFrame]:
        if self._plan.leap is not None and self._info.timed:
            yield from self._leaping(self._plan.leap)
            return
        for packet in self._packets():
            yield from self._frames_of(packet)
        yield from self._frames_of(None)

    def _frames_of(self, packet: Packet[VideoStream] | None) -> Iterator[VideoFrame]:
        """Yield what the decoder gives for a packet; for None what it held back, to begin anew."""
        import av

        context = self._stream.codec_context
        try:
            yield from context.decode(packet)
        except av.EOFError:
            pass
        except (av.FFmpegError, ValueError) as error:
            self.tally.failed(_reason(error))
        if packet is None:
            context.flush_buffers()
        self._plan.beat(None)

    def _leaping(self, leap: int) -> Iterator[VideoFrame]:
        """Yield the frames that ``keyframe_skipping.py`` selects."""
        import av

        with open_container(self._info.path) as container:
            stream = chosen_stream(container, self._info)
            self._prepare(stream)

            def keys(packet: Packet[VideoStream] | None) -> list[VideoFrame]:
                try:
                    return list(stream.codec_context.decode(packet))
                except (av.FFmpegError, ValueError):
                    return []  # the decoder of all pictures is asked then, and counts failures

            leaper = KeyframeSkipper(
                keys,
                self._frames_of,
                look=lambda frame: PyAVPicture(frame, 0, self._info).grey(),
                longest=leap,
                leapt=self._leap_over,
            )
            yield from leaper.frames(stretches(self._packets(), shortest=leap // 2 + 1))

    def _leap_over(self, stretch: Gop) -> None:
        self._leapt = True
        self.tally.passed_over(stretch.last)

    def _packets(self) -> Iterator[Packet[VideoStream]]:
        """Yield the stream's packets, going on behind what cannot be read."""
        import av

        errors = 0
        while errors < _MOST_READ_ERRORS:
            try:
                for packet in packets_of(self._container):
                    errors = 0
                    self._note_packet_end(packet)
                    if packet.stream_index == self._stream.index:
                        self.tally.packets += 1
                        yield cast("Packet[VideoStream]", packet)
                return
            except av.FFmpegError as error:
                errors += 1
                self.tally.failed(_reason(error))

    def _note_packet_end(self, packet: Packet[Stream]) -> None:
        if packet.pts is None or packet.is_discard:
            return
        end = packet.pts + (packet.duration or 0)
        tally = self.tally
        if packet.stream_index == self._stream.index:
            tally.stream_end = end if tally.stream_end is None else max(end, tally.stream_end)
        else:
            end = round(end * packet.time_base / self._info.time_base)
        tally.last_packet = end if tally.last_packet is None else max(end, tally.last_packet)


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
