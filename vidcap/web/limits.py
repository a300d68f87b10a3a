"""What one visitor may ask of the machine."""

from __future__ import annotations

from dataclasses import dataclass

_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of everything is allowed; the defaults suit a small machine on a network.

    Attributes:
        file_bytes: size of an upload.
        seconds: length of a video.
        pixels: width times height of a video, or of a picture; 8K video has 33 million.
        frames: frames of a video; half an hour at 100 a second has 180,000.
        work_seconds: wall time that one request may take.
        memory_bytes: address space of each process that decodes.
        waiting: requests that may wait in the queue; more are turned away.
        rooms: results that are kept; the oldest go first.
        room_seconds: how long a result is kept.
    """

    file_bytes: int = 500 * _MEGABYTE
    seconds: int = 1800
    pixels: int = 50_000_000
    frames: int = 200_000
    work_seconds: int = 3600
    memory_bytes: int = 4096 * _MEGABYTE
    waiting: int = 16
    rooms: int = 32
    room_seconds: int = 3600
