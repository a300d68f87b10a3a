"""Probe a file for its video stream by opening it and decoding its first picture."""

from __future__ import annotations

import math
import os
import re
from fractions import Fraction
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from vidcap.errors import MediaError
from vidcap.video.container import (
    open_container,
    packets_of,
    regular_file,
    shown_stream,
    video_streams,
)
from vidcap.video.frame import VideoInfo

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# Packets to try before saying that nothing decodes; damage at the head is rarely longer.
_FIRST_PICTURE_PACKETS = 2000
# Pixel aspects beyond this are mistakes in the file, not wishes of its maker.
_WIDEST_PIXEL = 8
_MICROSECONDS = 1_000_000
_NO_CLOCK = Fraction(1, _MICROSECONDS)


def probe(path: str | os.PathLike[str]) -> VideoInfo:
    """Return what a video file says of itself.

    The first picture is decoded, because rotation and true size are only known from it.

    Raises:
        MediaError: the file cannot be opened, holds no video, or no picture of it can be decoded.
    """
    with open_container(path) as container:
        stream = _pick_stream(path, container)
        picture = _first_picture(path, container, stream)
        mirrored, rotation = orientation(picture)
        aspect = _pixel_aspect(stream)
        width, height = max(1, round(picture.width * aspect)), picture.height
        if rotation in (90, 270):
            width, height = height, width
        time_base = stream.time_base or _NO_CLOCK
        start_time = _start_time(container)
        first = picture.pts if picture.pts is not None else picture.dts
        if first is None:
            first = round(start_time / time_base)
        timed = picture.pts is not None
        # Raw streams get an invented average; what the codec says of itself is nearer the truth.
        rate = (stream.average_rate if timed else None) or stream.guessed_rate
        return VideoInfo(
            path=str(regular_file(path)),
            container=container.format.name,
            codec=stream.codec_context.name,
            width=width,
            height=height,
            coded_width=picture.width,
            coded_height=picture.height,
            pixel_aspect=aspect,
            rotation=rotation,
            mirrored=mirrored,
            time_base=time_base,
            start_time=start_time,
            first_ticks=first,
            timed=timed,
            interlaced=picture.interlaced_frame,
            duration=_duration(container, stream, start_time),
            frame_rate=rate if rate and rate > 0 else None,
            frames=stream.frames or None,
            stream_index=stream.index,
            video_streams=len(video_streams(container)),
            audio_streams=len(container.streams.audio),
        )


def _pick_stream(path: str | os.PathLike[str], container: InputContainer) -> VideoStream:
    streams = video_streams(container)
    if streams:
        stream = shown_stream(streams)
        if stream.codec_context is None:
            raise MediaError(
                f"{path}: its video is in a codec that cannot be decoded here; "
                "convert it to H.264 first"
            )
        return stream
    if container.streams.video:
        raise MediaError(f"{path}: holds sound with cover art but no video")
    if container.streams.audio:
        raise MediaError(f"{path}: holds only sound, no video")
    raise MediaError(f"{path}: holds no video")


def _first_picture(
    path: str | os.PathLike[str], container: InputContainer, stream: VideoStream
) -> VideoFrame:
    import av

    # One thread has no delay: the first packet already gives a picture.
    stream.codec_context.thread_count = 1
    reason = "no picture was in it"
    try:
        packets = (one for one in packets_of(container) if one.stream_index == stream.index)
        # Nothing behind the last packet: what a decoder has kept for later.
        for packet in chain(islice(packets, _FIRST_PICTURE_PACKETS), [None]):
            try:
                for picture in stream.codec_context.decode(packet):
                    return picture
            except (av.FFmpegError, ValueError) as error:
                reason = str(getattr(error, "strerror", None) or error)
    except av.FFmpegError as error:
        reason = str(error.strerror or error)
    codec = stream.codec_context.name
    raise MediaError(f"{path}: no picture of its {codec} video can be decoded ({reason})")


def orientation(picture: VideoFrame) -> tuple[bool, int]:
    """Return whether to mirror a decoded picture and then by how many degrees to turn it clockwise.

    The display matrix of ISO/IEC 14496-12 (8.3.2) as libav hands it on; turns that are not
    multiples of 90 degrees go to the nearest.
    """
    from av.sidedata.sidedata import Type

    # PyAV's type hints do not know that side data is a mapping by type.
    side_data: Any = picture.side_data
    if Type.DISPLAYMATRIX not in side_data:
        return False, 0
    a, b, _, c, d = memoryview(bytes(side_data[Type.DISPLAYMATRIX])).cast("i")[:5]
    mirrored = a * d - b * c < 0
    if mirrored:
        a, b = -a, -b
    return mirrored, round(math.degrees(math.atan2(b, a)) / 90) % 4 * 90


def _pixel_aspect(stream: VideoStream) -> Fraction:
    aspect = stream.sample_aspect_ratio
    if not aspect or aspect <= 0 or not Fraction(1, _WIDEST_PIXEL) <= aspect <= _WIDEST_PIXEL:
        return Fraction(1)
    return Fraction(aspect)


def _start_time(container: InputContainer) -> Fraction:
    """Return the container's start in seconds, exactly.

    libav keeps it in microseconds, rounded from the earliest stream's start; that stream's own
    ticks are exact, so that the first frame's player time is 0 and not a little less.
    """
    if container.start_time is None:
        return Fraction(0)
    rounded = Fraction(container.start_time, _MICROSECONDS)
    for stream in container.streams:
        if stream.start_time is not None and stream.time_base is not None:
            start = stream.start_time * stream.time_base
            if abs(start - rounded) < Fraction(1, _MICROSECONDS):
                return Fraction(start)
    return rounded


def _duration(
    container: InputContainer, stream: VideoStream, start_time: Fraction
) -> Fraction | None:
    """Return the player time at which the video ends, as declared; else the container's end."""
    if stream.duration and stream.time_base:
        begins = start_time
        if stream.start_time is not None:
            begins = stream.start_time * stream.time_base
        return Fraction(stream.duration * stream.time_base) + begins - start_time
    tagged = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", stream.metadata.get("DURATION", ""))
    if tagged:
        hours, minutes, seconds = tagged.groups()
        # Matroska's statistics tag holds the time at which the track ends, not its length.
        return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds) - start_time
    if container.duration:
        return Fraction(container.duration, _MICROSECONDS)
    return None
