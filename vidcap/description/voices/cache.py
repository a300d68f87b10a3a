"""Spoken sentences, kept from one run to the next."""

from __future__ import annotations

import contextlib
import hashlib
import os
import wave
from pathlib import Path

import numpy as np

from vidcap.description.voices.base import Speech, Voice
from vidcap.errors import OutputError
from vidcap.files import replacing

_MOST_BYTES = 200_000_000
_LONGEST_SECONDS = 600


def cache_folder() -> Path:
    """Return where spoken sentences are kept: ``vidcap/speech`` in the user's cache folder."""
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(home) if home else Path.home() / ".cache") / "vidcap" / "speech"


class CachedVoice:
    """Another voice, which speaks each sentence once.

    What is kept is what was spoken, to the sample; a file that is damaged, or a folder that cannot
    be written, means that a sentence is spoken again.

    Args:
        voice: the other one.
        folder: where sentences are kept.
    """

    def __init__(self, voice: Voice, folder: Path | None = None) -> None:
        self.name = voice.name
        self.words_per_minute = voice.words_per_minute
        self.version = voice.version
        self._voice = voice
        self._folder = folder or cache_folder()

    def speak(self, text: str, *, speed: float = 1.0) -> Speech:
        """Speak a text, or take it from the folder."""
        key = "\0".join((self.name, self.version, f"{speed:.6f}", text))
        file = self._folder / f"{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()}.wav"
        speech = _read(file)
        if speech is None:
            speech = self._voice.speak(text, speed=speed)
            with contextlib.suppress(OutputError):
                _write(file, speech)
        return speech

    def prune(self) -> None:
        """Remove what was not used for the longest time, down to 200 MB."""
        with contextlib.suppress(OSError):
            files = [(file.stat(), file) for file in self._folder.glob("*.wav")]
            total = sum(facts.st_size for facts, _ in files)
            for facts, file in sorted(files, key=lambda one: one[0].st_mtime_ns):
                if total <= _MOST_BYTES:
                    break
                file.unlink(missing_ok=True)
                total -= facts.st_size


def _read(file: Path) -> Speech | None:
    try:
        with wave.open(str(file), "rb") as sound:
            rate, count = sound.getframerate(), sound.getnframes()
            if (sound.getnchannels(), sound.getsampwidth()) != (1, 2) or rate < 1:
                return None
            if count > _LONGEST_SECONDS * rate:
                return None
            data = sound.readframes(count)
    except (OSError, EOFError, wave.Error):
        return None
    if len(data) != 2 * count:
        return None
    with contextlib.suppress(OSError):
        os.utime(file)  # used again: pruned last
    return Speech(np.frombuffer(data, dtype="<i2").astype(np.int16), rate)


def _write(file: Path, speech: Speech) -> None:
    with replacing(file) as scratch, wave.open(str(scratch), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(speech.rate)
        sound.writeframes(speech.samples.astype("<i2").tobytes())
