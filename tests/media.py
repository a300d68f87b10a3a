"""Makers of small videos whose every frame carries its own number.

Everything is encoded with PyAV's bundled libraries, so that no program is needed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

SIZE = (96, 64)
_COLUMNS, _BIT_ROWS = 4, 2
_MARKS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0))


def numbered(number: int, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    """A picture that says its number (0 to 255) in black and white blocks.

    A row of red, green, blue and black above them tells whether it is upright, unmirrored and of
    the right colours.
    """
    width, height = size
    grid = np.zeros((1 + _BIT_ROWS, _COLUMNS, 3), np.uint8)
    grid[0] = _MARKS
    for bit in range(_COLUMNS * _BIT_ROWS):
        if number >> bit & 1:
            grid[1 + bit // _COLUMNS, bit % _COLUMNS] = 255
    rows = np.arange(height) * grid.shape[0] // height
    columns = np.arange(width) * grid.shape[1] // width
    return grid[rows[:, None], columns]


def read_number(picture: NDArray[np.uint8]) -> int | None:
    """The number in a picture, or ``None`` where it is turned, mirrored or of wrong colours."""
    height, width = picture.shape[:2]
    rows = (2 * np.arange(1 + _BIT_ROWS) + 1) * height // (2 * (1 + _BIT_ROWS))
    columns = (2 * np.arange(_COLUMNS) + 1) * width // (2 * _COLUMNS)
    cells = picture[rows[:, None], columns].astype(int)
    if np.abs(cells[0] - np.array(_MARKS)).max() > 100:
        return None
    bits = cells[1:].reshape(-1, 3).mean(axis=1) > 128
    return int((bits << np.arange(bits.size)).sum())


_ENCODERS = {
    "libx264": {"preset": "ultrafast", "crf": "12", "g": "12", "bf": "0"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none:keyint=12:crf=12"},
    "libvpx-vp9": {"cpu-used": "8", "deadline": "realtime", "crf": "12", "b": "0", "g": "12"},
    "libsvtav1": {"preset": "12", "crf": "20", "g": "12"},
    "mpeg2video": {"b": "2000000", "g": "12"},
    "mpeg4": {"b": "2000000", "g": "12"},
}


def write_video(
    path: Path,
    *,
    pictures: Sequence[NDArray[np.uint8]] | None = None,
    frames: int = 36,
    size: tuple[int, int] = SIZE,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    rate: int = 30,
    times: Sequence[int] | None = None,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    container_format: str | None = None,
    rotation: int = 0,
    mirrored: bool = False,
    pixel_aspect: Fraction | None = None,
    second: bool = False,
    sound: bool = False,
) -> Path:
    """Encode numbered pictures and return the path.

    ``times`` are presentation times in units of ``1 / rate``; ``rotation`` (degrees clockwise) and
    ``mirrored`` say how a player must turn the coded pictures for them to be upright.  ``second``
    puts a smaller video stream of blank pictures in front, ``sound`` adds silence.
    """
    if pictures is None:
        pictures = [numbered(number, size) for number in range(frames)]
    times = range(len(pictures)) if times is None else times
    tick = Fraction(1, rate)
    with (
        _usual_scheduling(),
        av.open(
            path, "w", format=container_format, container_options=container_options or {}
        ) as container,
    ):
        blank = container.add_stream("mpeg4", rate=rate) if second else None
        if blank is not None:
            blank.width, blank.height = 32, 32
        stream = container.add_stream(
            codec, rate=rate, options=_ENCODERS.get(codec, {}) | (options or {})
        )
        stream.height, stream.width = _coded(pictures[0], rotation, mirrored).shape[:2]
        stream.pix_fmt = pix_fmt
        stream.codec_context.time_base = tick
        if pixel_aspect is not None:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        if rotation or mirrored:
            stream.set_display_matrix(_display_matrix(rotation, mirrored))
        silence = container.add_stream("aac", rate=8000, layout="mono") if sound else None
        for picture, time in zip(pictures, times, strict=True):
            coded = np.ascontiguousarray(_coded(picture, rotation, mirrored))
            frame = av.VideoFrame.from_ndarray(coded, format="rgb24").reformat(format=pix_fmt)
            frame.pts, frame.time_base = time, tick
            container.mux(stream.encode(frame))
            if blank is not None:
                grey = av.VideoFrame(32, 32, "yuv420p")
                grey.pts, grey.time_base = time, tick
                container.mux(blank.encode(grey))
        container.mux(stream.encode(None))
        if blank is not None:
            container.mux(blank.encode(None))
        if silence is not None:
            _write_silence(container, silence, seconds=float((max(times) + 1) * tick))
    return path


@contextmanager
def _usual_scheduling() -> Iterator[None]:
    """Take back that SVT-AV1 makes a process of root's a realtime one, which starves all others."""
    if not hasattr(os, "sched_getscheduler"):
        yield
        return
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, priority)


def write_sound(path: Path, *, seconds: float = 1.0, cover: bool = False) -> Path:
    """Write silence as ``.mp3``, with a picture for its cover if asked."""
    with av.open(path, "w") as container:
        silence = container.add_stream("libmp3lame", rate=44100, layout="mono")
        if cover:
            art = container.add_stream("mjpeg", rate=1)
            art.width, art.height = SIZE
            art.pix_fmt = "yuvj420p"
            frame = av.VideoFrame.from_ndarray(numbered(7), format="rgb24")
            frame = frame.reformat(format="yuvj420p")
            frame.pts, frame.time_base = 0, Fraction(1)
            container.mux(art.encode(frame))
            container.mux(art.encode(None))
        _write_silence(container, silence, seconds=seconds)
    return path


def remux(source: Path, path: Path, *, shift: int) -> Path:
    """Copy a video's packets with their times shifted by ``shift`` ticks of its time base.

    Into MP4, times below zero become an edit list that hides those frames.
    """
    with av.open(source) as old, av.open(path, "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(old.streams.video[0]):
            if packet.dts is None or packet.pts is None:
                continue
            packet.pts += shift
            packet.dts += shift
            packet.stream = stream
            new.mux(packet)
    return path


def cut_off(source: Path, path: Path, *, keep: float) -> Path:
    """Copy the first part of a file, as a broken download would."""
    data = source.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    return path


def damage(source: Path, path: Path, *, packets: Sequence[int]) -> Path:
    """Copy a file with the inside of some of its video packets, by number, overwritten."""
    data = bytearray(source.read_bytes())
    with av.open(source) as container:
        for number, packet in enumerate(container.demux(container.streams.video[0])):
            if number in packets and packet.pos is not None:
                data[packet.pos + 4 : packet.pos + packet.size] = b"\xff" * (packet.size - 4)
    path.write_bytes(data)
    return path


def decode_fully(path: Path) -> list[tuple[int | None, NDArray[np.uint8]]]:
    """Every frame as PyAV gives it: presentation time in ticks and RGB as coded."""
    with av.open(path) as container:
        return [
            (frame.pts, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)
        ]


def _coded(picture: NDArray[Any], rotation: int, mirrored: bool) -> NDArray[Any]:
    turned = np.rot90(picture, rotation // 90)
    return turned[:, ::-1] if mirrored else turned


def _display_matrix(rotation: int, mirrored: bool) -> list[int]:
    one = 1 << 16
    cosine, sine = {0: (one, 0), 90: (0, one), 180: (-one, 0), 270: (0, -one)}[rotation]
    flip = -1 if mirrored else 1
    return [flip * cosine, flip * sine, 0, -sine, cosine, 0, 0, 0, 1 << 30]


def _write_silence(container: Any, stream: Any, *, seconds: float) -> None:
    rate = stream.codec_context.sample_rate
    samples = np.zeros((1, 1024), np.float32)
    for block in range(int(seconds * rate) // 1024 + 1):
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate = rate
        frame.pts, frame.time_base = block * 1024, Fraction(1, rate)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
