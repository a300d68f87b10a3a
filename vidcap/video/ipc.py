"""The messages between vidcap and its decoder process.

A message is a length (4 bytes, big-endian), that many bytes of JSON, and then as many raw bytes as
the JSON's ``payload`` says.  Nothing is unpickled and nothing from the pipe is executed.
"""

from __future__ import annotations

import json
import struct
from dataclasses import fields
from fractions import Fraction
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from vidcap.video.frame import VideoInfo
from vidcap.video.sampling import EverySeconds, KeyFrames, PerShot, Sampling

Message = dict[str, Any]

_LENGTH = struct.Struct(">I")


def send(stream: IO[bytes], message: Message, payload: NDArray[np.uint8] | None = None) -> None:
    """Write a message, with the bytes of a contiguous array behind it if there is one."""
    if payload is not None:
        message = {**message, "payload": payload.nbytes, "shape": payload.shape}
    head = json.dumps(message).encode("ascii")
    stream.write(_LENGTH.pack(len(head)) + head)
    if payload is not None:
        stream.write(payload.reshape(-1).data)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[Message, NDArray[np.uint8] | None] | None:
    """Read a message and its array; ``None`` where the stream ends, even inside a message."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    length = _LENGTH.unpack(head)[0]
    body = stream.read(length)
    if len(body) < length:
        return None
    message: Message = json.loads(body)
    if "payload" not in message:
        return message, None
    payload = np.empty(message["shape"], np.uint8)
    view = payload.reshape(-1).data
    filled = 0
    while filled < len(view):
        count = stream.readinto(view[filled:])  # type: ignore[attr-defined]
        if not count:
            return None
        filled += count
    return message, payload


def pack_info(info: VideoInfo) -> Message:
    """Return facts about a video as JSON values."""
    packed: Message = {}
    for field in fields(info):
        value = getattr(info, field.name)
        packed[field.name] = str(value) if isinstance(value, Fraction) else value
    return packed


def unpack_info(packed: Message) -> VideoInfo:
    """Return what :func:`pack_info` packed."""
    exact = {"pixel_aspect", "time_base", "start_time", "duration", "frame_rate"}
    values: dict[str, Any] = {
        name: Fraction(value) if name in exact and value is not None else value
        for name, value in packed.items()
    }
    return VideoInfo(**values)


def pack_sampling(sampling: Sampling) -> list[str]:
    """Return a sampling as JSON values."""
    match sampling:
        case EverySeconds(seconds):
            return ["seconds", str(seconds)]
        case PerShot(count):
            return ["shot", str(count)]
        case KeyFrames():
            return ["keyframes"]


def unpack_sampling(packed: list[str]) -> Sampling:
    """Return what :func:`pack_sampling` packed."""
    match packed:
        case ["seconds", seconds]:
            return EverySeconds(Fraction(seconds))
        case ["shot", count]:
            return PerShot(int(count))
        case _:
            return KeyFrames()
