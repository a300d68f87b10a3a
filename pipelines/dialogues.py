"""Dialogues whose speech is known to the millisecond, alone and over music or noise."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidcap.description.mixing import resampled
from vidcap.description.script import Span
from vidcap.description.voices.hibari_voice import HibariVoice

RATE = 16_000
SENTENCES = (
    "Where have you been all this time?",
    "I was at the harbour, looking for the old boat.",
    "No.",
    "You never told me that you could sail, and now it is too late.",
    "The weather will change before the evening comes.",
)
Signal = NDArray[np.float64]


@cache
def _voice() -> HibariVoice:
    return HibariVoice()


@cache
def spoken(text: str) -> Signal:
    """Return a sentence at 16 kHz, from its first sound to its last, as loud as any other."""
    signal = resampled(_voice().speak(text), rate=RATE).astype(float)
    heard = np.flatnonzero(np.abs(signal) > 0.03 * np.abs(signal).max())
    signal = signal[heard[0] : heard[-1] + 1]
    return signal / np.sqrt((signal**2).mean()) * 0.08


@dataclass(frozen=True)
class Dialogue:
    """A sound at 16 kHz, and where somebody speaks in it."""

    signal: Signal
    speech: tuple[Span, ...]

    @property
    def length_ms(self) -> int:
        """How long it is."""
        return len(self.signal) * 1000 // RATE


def dialogue(pauses: tuple[float, ...], *, sentences: tuple[str, ...] = SENTENCES) -> Dialogue:
    """Return sentences with silence of so many seconds before, between and behind them."""
    parts = [np.zeros(round(pauses[0] * RATE))]
    spans = []
    place = len(parts[0])
    for number, pause in enumerate(pauses[1:]):
        own = spoken(sentences[number % len(sentences)])
        spans.append(Span(place * 1000 // RATE, (place + len(own)) * 1000 // RATE))
        parts += [own, np.zeros(round(pause * RATE))]
        place += len(own) + len(parts[-1])
    return Dialogue(np.concatenate(parts), tuple(spans))


def music(count: int, *, seed: int = 0) -> Signal:
    """Return struck chords over a beat, which a detector of voices may stumble over."""
    rng = np.random.default_rng(seed)
    signal = np.zeros(count)
    beat = RATE // 2
    for start in range(0, count, beat):
        pitch = 220 * 2 ** (rng.integers(-12, 13) / 12)
        length = min(count - start, 2 * beat)
        time = np.arange(length) / RATE
        for above in (1, 1.25, 1.5, 2, 3):
            note = np.sin(2 * np.pi * pitch * above * time) * np.exp(-3 * time) / above
            signal[start : start + length] += note
        length = min(count - start, 2000)
        struck = rng.standard_normal(length) * np.exp(-np.arange(length) / 300)
        signal[start : start + length] += struck / 2
    return signal


def noise(count: int, *, seed: int = 0) -> Signal:
    """Return white noise."""
    return np.random.default_rng(seed).standard_normal(count)


def under(said: Dialogue, other: Signal, decibels: float) -> NDArray[np.float32]:
    """Return a dialogue over a sound that is so many decibels louder than the speech in it."""
    speech = np.concatenate(
        [said.signal[s.start_ms * RATE // 1000 : s.end_ms * RATE // 1000] for s in said.speech]
    )
    level = np.sqrt((speech**2).mean()) * 10 ** (decibels / 20)
    return (said.signal + other * level / np.sqrt((other**2).mean())).astype(np.float32)


def write_wave(path: Path, signal: NDArray[np.floating], *, rate: int = RATE) -> Path:
    """Write a signal, ``(samples,)`` or ``(samples, channels)``, as 16-bit WAV."""
    channels = 1 if signal.ndim == 1 else signal.shape[1]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.rint(np.clip(signal, -1, 1) * 32767).astype("<i2").tobytes())
    return path
