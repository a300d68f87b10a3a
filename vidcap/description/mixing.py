"""The described sound: the film, turned down under a voice that is as loud as the film is.

Everything is streamed, at 48 kHz, as float32 blocks ``(samples, channels)``.
"""

from __future__ import annotations

import contextlib
import math
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidcap.description.formats.dapt import RAMP_MS
from vidcap.description.script import Description
from vidcap.description.sound import Samples
from vidcap.description.voices.base import Speech
from vidcap.errors import OutputError
from vidcap.ffmpeg import check_ffmpeg, ffmpeg_program, file_url
from vidcap.files import replacing

RATE = 48_000
# EBU R128: what a programme should have, for films that are silent; and how far from it a film's
# own loudness is followed: nobody hears a voice at -40 LUFS, and at -8 no peak is under the limit.
_TARGET_LUFS = -23.0
_QUIETEST_LUFS, _LOUDEST_LUFS = -30.0, -14.0
_SILENT_LUFS = -69.0

CEILING_DBTP = -1.0
"""True peaks of what is delivered stay below."""

_HEADROOM_DB = 0.5  # what encoders add to a peak, most often
_LIMITER_RATE = 192_000  # four times as many samples: peaks between samples are seen

_LOUDNESS = re.compile(r"I:\s+(-?[0-9.]+|-inf|nan) LUFS")
_PEAK = re.compile(r"True peak:\s+Peak:\s+(-?[0-9.]+|-inf|nan) dBFS")


@dataclass(frozen=True, slots=True)
class Loudness:
    """What EBU R128 says of a sound.

    Attributes:
        lufs: integrated loudness; minus infinity for silence.
        dbtp: true peak in dB of full scale, likewise.
    """

    lufs: float
    dbtp: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """Where the film stands still.

    Attributes:
        pauses: when it does in milliseconds of player time, and for how long, in order.
    """

    pauses: tuple[tuple[int, int], ...] = ()

    @property
    def longer_ms(self) -> int:
        """By how much what is written is longer than the film."""
        return sum(length for _, length in self.pauses)


@dataclass(frozen=True, slots=True, eq=False)
class Voiced:
    """A spoken sentence and when it is heard.

    Attributes:
        start_ms: in milliseconds of what is written.
        seconds: how long it is.
        speak: gives the sentence; called when its time has come.
    """

    start_ms: int
    seconds: Fraction
    speak: Callable[[], Speech]


def timed_voices(
    told: Sequence[Description], speak: Callable[[Description], Speech]
) -> list[Voiced]:
    """Return when each sentence is heard in a film that stands still for some of them.

    Args:
        told: in order of time, those in a pause before others of the same moment.
        speak: gives the voice of one.
    """
    voices, shift = [], 0
    for one in told:
        # In a pause, as much silence stands before the voice as behind it.
        start = one.start_ms + shift + max(0, one.pause_ms - one.spoken_ms) // 2
        voices.append(Voiced(start, Fraction(one.spoken_ms, 1000), partial(speak, one)))
        shift += one.pause_ms
    return voices


def measure(blocks: Iterable[Samples], channels: int) -> Loudness:
    """Measure blocks by ITU-R BS.1770 and EBU R128, as ffmpeg's ``ebur128`` does.

    Args:
        blocks: at 48 kHz.
        channels: how many they have.

    Raises:
        OutputError: ffmpeg fails.
    """
    arguments = ["-af", "ebur128=peak=true:framelog=verbose", "-f", "null", "-"]
    return _loudness(_feed(blocks, channels, arguments, subject="the sound"))


def measure_file(path: Path, *, stream: int = 0) -> Loudness:
    """Measure an audio stream of a file; see :func:`measure`.

    Raises:
        OutputError: ffmpeg fails.
    """
    command = [
        ffmpeg_program(),
        *("-nostdin", "-hide_banner", "-nostats", "-i", file_url(path), "-map", f"0:a:{stream}"),
        *("-af", "ebur128=peak=true:framelog=verbose", "-f", "null", "-"),
    ]
    done = subprocess.run(  # noqa: S603 - a list of arguments, files as file: URLs
        command, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if done.returncode:
        raise OutputError(f"{path}: its loudness cannot be measured")
    return _loudness(done.stderr)


def voice_gain(voice: Loudness, film: Loudness | None) -> float:
    """Return the factor that makes a voice as loud as a film, or as a programme should be."""
    target = _TARGET_LUFS
    if film is not None and film.lufs > _SILENT_LUFS:
        target = min(_LOUDEST_LUFS, max(_QUIETEST_LUFS, film.lufs))
    if voice.lufs <= _SILENT_LUFS:
        return 1.0
    return float(10 ** ((target - voice.lufs) / 20))


def resampled(speech: Speech, *, rate: int = RATE) -> NDArray[np.float32]:
    """Return a spoken sentence with so many samples a second, ``(n,)``, from -1 to 1."""
    import av

    if not len(speech.samples):
        return np.zeros(0, np.float32)
    frame = av.AudioFrame.from_ndarray(speech.samples[None], format="s16", layout="mono")
    frame.sample_rate = speech.rate
    resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
    parts = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([part.to_ndarray().reshape(-1) for part in parts]).astype(np.float32)


def mixed(
    film: Iterable[Samples],
    voices: Sequence[Voiced],
    *,
    channels: int,
    timeline: Timeline,
    length_ms: int,
    gain: float,
    duck_db: float,
) -> Iterator[Samples]:
    """Yield the film with its voices.

    Args:
        film: its sound; shorter than the film, or empty, means silence.
        voices: in order of time; they do not overlap.
        channels: of the film's sound.
        timeline: where the film stands still.
        length_ms: how long the film is; sound that goes on longer is kept.
        gain: factor for the voices.
        duck_db: by how much the film is turned down under them.
    """
    spans = [
        (_samples(one.start_ms), _samples(one.start_ms) + math.ceil(one.seconds * RATE))
        for one in voices
    ]
    low = 10 ** (-duck_db / 20)
    sounding = (-1, np.zeros(0, np.float32))
    place = 0
    for block in _with_pauses(_at_least(film, _samples(length_ms), channels), timeline, channels):
        mix = block * _envelope(place, len(block), spans, low)[:, None]
        for number, (start, end) in enumerate(spans):
            if start >= place + len(block) or end <= place:
                continue
            if sounding[0] != number:
                sounding = number, resampled(voices[number].speak()) * np.float32(gain)
            part = sounding[1][max(0, place - start) : place + len(block) - start]
            begin = max(start - place, 0)
            mix[begin : begin + len(part)] += part[:, None]
        yield mix.astype(np.float32)
        place += len(block)


def write_mix(
    blocks: Iterable[Samples],
    target: Path,
    *,
    channels: int,
    lowered_db: float = 0.0,
    subject: str,
    progress: Callable[[Fraction], None] = lambda time: None,
) -> None:
    """Write blocks as FLAC, their true peaks limited.

    Args:
        blocks: at 48 kHz.
        target: the file, replaced when it is whole.
        channels: how many they have.
        lowered_db: how much lower than usual the limit is.
        subject: the file that an error is about.
        progress: is called with the seconds that are done.

    Raises:
        OutputError: ffmpeg fails, or the file cannot be written.
    """
    limit = 10 ** ((CEILING_DBTP - _HEADROOM_DB - lowered_db) / 20)
    limiter = f"alimiter=level=false:limit={limit:.6f}:attack=5:release=50:latency=1"
    with replacing(target) as scratch:
        arguments = [
            *("-af", f"aresample={_LIMITER_RATE},{limiter},aresample={RATE}"),
            *("-c:a", "flac", "-sample_fmt", "s16", "-fflags", "+bitexact", "-f", "flac", "-y"),
            file_url(scratch),
        ]
        _feed(_reported(blocks, progress), channels, arguments, subject=subject)


def _samples(milliseconds: int) -> int:
    return milliseconds * RATE // 1000


def _reported(blocks: Iterable[Samples], progress: Callable[[Fraction], None]) -> Iterator[Samples]:
    done = 0
    for block in blocks:
        yield block
        done += len(block)
        progress(Fraction(done, RATE))


def _at_least(blocks: Iterable[Samples], samples: int, channels: int) -> Iterator[Samples]:
    """Yield blocks, and silence until there were so many samples."""
    done = 0
    for block in blocks:
        yield block
        done += len(block)
    while done < samples:
        block = np.zeros((min(RATE, samples - done), channels), np.float32)
        yield block
        done += len(block)


def _with_pauses(blocks: Iterable[Samples], timeline: Timeline, channels: int) -> Iterator[Samples]:
    """Yield blocks with silence where the film stands still."""
    waiting = [(_samples(at), _samples(length)) for at, length in timeline.pauses]
    place = 0
    for block in blocks:
        begin = 0
        while waiting and waiting[0][0] < place + len(block):
            at, length = waiting.pop(0)
            yield block[begin : at - place]
            yield np.zeros((length, channels), np.float32)
            begin = at - place
        yield block[begin:]
        place += len(block)


def _envelope(
    place: int, count: int, spans: Sequence[tuple[int, int]], low: float
) -> NDArray[np.float32]:
    """Return the film's gain for some samples: down before a voice, up behind it, in a ramp."""
    ramp = _samples(RAMP_MS)
    nearest = np.full(count, ramp, np.float32)  # samples to the nearest voice, at most a ramp
    for start, end in spans:
        first, last = max(start - ramp, place), min(end + ramp, place + count)
        if first < last:
            times = np.arange(first, last)
            away = np.maximum(np.maximum(start - times, times - end), 0).astype(np.float32)
            part = nearest[first - place : last - place]
            np.minimum(part, away, out=part)
    # In decibels a ramp is even to the ear.
    return np.asarray(low ** (1 - nearest / ramp), np.float32)


def _feed(
    blocks: Iterable[Samples], channels: int, arguments: Sequence[str], *, subject: str
) -> bytes:
    """Run ffmpeg on blocks; return what it said."""
    command = [
        ffmpeg_program(),
        *("-hide_banner", "-nostats", "-f", "f32le", "-ar", str(RATE), "-ac", str(channels)),
        *("-i", "pipe:0", *arguments),
    ]
    with tempfile.TemporaryFile() as messages:
        process = subprocess.Popen(  # noqa: S603 - a list of arguments, files as file: URLs
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=messages
        )
        try:
            assert process.stdin is not None
            with contextlib.suppress(BrokenPipeError):  # it ended early; its code tells
                for block in blocks:
                    process.stdin.write(np.ascontiguousarray(block, "<f4").data)
                process.stdin.close()
            code = process.wait()
        finally:
            with contextlib.suppress(OSError):
                process.kill()
            process.wait()
        messages.seek(0)
        said = messages.read()
    check_ffmpeg(code, said.decode("utf-8", "replace"), subject=subject)
    return said


def _loudness(said: bytes) -> Loudness:
    text = said.decode("utf-8", "replace")
    found = _LOUDNESS.findall(text), _PEAK.findall(text)
    lufs, dbtp = (float(values[-1]) if values else float("-inf") for values in found)
    quiet = float("-inf")
    return Loudness(quiet if lufs != lufs else lufs, quiet if dbtp != dbtp else dbtp)
