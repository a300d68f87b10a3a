"""Hibari: a small neural voice inside a package, English, 24 kHz."""

from __future__ import annotations

from importlib import metadata
from typing import Any

import numpy as np

from vidcap.description.voices.base import Speech, trimmed
from vidcap.errors import ModelError
from vidcap.extras import import_extra

DEFAULT = "heart"
# So that captions come out at the rate asked for (pipelines/describe_benchmark.py); their words are
# short, and there are no pauses between sentences in it.
_WORDS_PER_MINUTE = 242.0
_SEED = 0  # of the breath in its voice


class HibariVoice:
    """Speaks with one of Hibari's voices; ``heart`` is in the package.

    Args:
        name: which; those that are not in the package are downloaded once, since they were asked
            for by name.

    Raises:
        MissingExtraError: the extra ``describe`` is not installed.
        ModelError: there is no such voice, or it cannot be downloaded.
    """

    words_per_minute = _WORDS_PER_MINUTE

    def __init__(self, name: str = DEFAULT) -> None:
        import_extra("onnxruntime", "describe")  # which runs it
        hibari: Any = import_extra("hibari", "describe")
        voices: Any = import_extra("hibari.voices", "describe")
        if name not in voices.VOICES:
            raise ModelError(
                f"voice hibari:{name}: there is none; choose one of {', '.join(voices.VOICES)}"
            )
        self.name = f"hibari:{name}"
        self.version = f"hibari-tts {metadata.version('hibari-tts')}"
        try:
            self._speaker = hibari.Hibari(voice=name)
        except (RuntimeError, OSError) as error:
            raise ModelError(f"voice {self.name}: cannot be loaded: {error}") from error

    def speak(self, text: str, *, speed: float = 1.0) -> Speech:
        """Speak a text; see :class:`vidcap.description.voices.base.Voice`."""
        wave = self._speaker(text, speed=speed, seed=_SEED)
        samples = np.rint(np.clip(wave, -1.0, 1.0) * 32767.0).astype(np.int16)
        return trimmed(Speech(samples, self._speaker.sample_rate))
