"""The sound of a video, decoded by the ffmpeg program and streamed in player time."""

from __future__ import annotations

import contextlib
import selectors
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidcap.errors import MediaError
from vidcap.ffmpeg import ffmpeg_program, file_url
from vidcap.video.container import open_container

Samples = NDArray[np.float32]

_BLOCK_SECONDS = 4
_SILENT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class SoundInfo:
    """The sound that a player would play.

    Attributes:
        path: the file.
        number: which of the file's audio streams it is, from 0.
        streams: how many there are.
        channels: of this one.
        rate: samples a second.
        codec: its name.
        language: as the file has it, three letters; ``und`` where it does not say.
    """

    path: Path
    number: int
    streams: int
    channels: int
    rate: int
    codec: str
    language: str


def find_sound(path: Path) -> SoundInfo | None:
    """Return the sound that a player would play, or None where a file has none.

    The stream that is marked as the default goes before others, one that is itself a description
    or a comment goes last, and a stream that cannot be decoded counts for nothing.

    Raises:
        MediaError: the file cannot be opened.
    """
    from av.stream import Disposition

    beside = Disposition.visual_impaired | Disposition.descriptions | Disposition.comment
    with open_container(path) as container:
        streams = container.streams.audio
        usable = [
            (number, stream)
            for number, stream in enumerate(streams)
            if stream.codec_context is not None and stream.codec_context.channels
        ]
        if not usable:
            return None
        number, chosen = min(
            usable,
            key=lambda one: (
                bool(one[1].disposition & beside),
                not one[1].disposition & Disposition.default,
                one[0],
            ),
        )
        return SoundInfo(
            path=path,
            number=number,
            streams=len(streams),
            channels=chosen.codec_context.channels,
            rate=chosen.codec_context.sample_rate,
            codec=chosen.codec_context.name,
            language=chosen.metadata.get("language", "und"),
        )


def stream_sound(sound: SoundInfo, *, rate: int, channels: int) -> Iterator[Samples]:
    """Yield blocks ``(samples, channels)`` of a video's sound, float32, from player time 0 on.

    Sound that begins late is preceded by silence, and holes in its times are filled with it.

    Args:
        sound: which.
        rate: samples a second.
        channels: 1 or 2; more are mixed down.

    Raises:
        MediaError: it cannot be decoded, or the decoder hangs.
        MissingExtraError: there is no ffmpeg program.
    """
    command = [
        ffmpeg_program(),
        *("-nostdin", "-hide_banner", "-v", "error", "-protocol_whitelist", "file"),
        *("-i", file_url(sound.path), "-map", f"0:a:{sound.number}"),
        # Times decide, not the number of samples.
        *("-af", f"aresample={rate}:async=1:first_pts=0", "-ac", str(channels)),
        *("-f", "f32le", "-protocol_whitelist", "pipe", "pipe:1"),
    ]
    size = _BLOCK_SECONDS * rate * channels * 4
    with tempfile.TemporaryFile() as messages:
        process = subprocess.Popen(  # noqa: S603 - a list of arguments, files as file: URLs
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=messages
        )
        try:
            assert process.stdout is not None
            given = False
            for block in _blocks(process, size, sound.path):
                whole = len(block) - len(block) % (4 * channels)
                if whole:
                    given = True
                    yield np.frombuffer(block[:whole], dtype="<f4").reshape(-1, channels)
            if process.wait() and not given:
                messages.seek(0)
                lines = messages.read().decode("utf-8", "replace").strip().split("\n")
                raise MediaError(
                    f"{sound.path}: its {sound.codec} sound cannot be decoded: {lines[-1][:200]}"
                )
        finally:
            with contextlib.suppress(OSError):
                process.kill()
            process.wait()


def _blocks(process: subprocess.Popen[bytes], size: int, path: Path) -> Iterator[bytes]:
    """Yield what a process writes in blocks of ``size`` bytes, the last one shorter."""
    assert process.stdout is not None
    waiting = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            if not selector.select(timeout=_SILENT_SECONDS):
                raise MediaError(
                    f"{path}: its sound gave nothing for {_SILENT_SECONDS:g} s; the file may be "
                    "damaged"
                )
            read = process.stdout.read1(1 << 16)  # type: ignore[attr-defined]
            if not read:
                break
            waiting += read
            while len(waiting) >= size:
                yield bytes(waiting[:size])
                del waiting[:size]
    if waiting:
        yield bytes(waiting)
