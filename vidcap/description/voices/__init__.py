"""Voices: one protocol, and those there are."""

from __future__ import annotations

from vidcap.description.voices.base import Speech, Voice
from vidcap.errors import ModelError

__all__ = ["DEFAULT_VOICE", "VOICES", "Speech", "Voice", "load_voice"]

DEFAULT_VOICE = "hibari"
VOICES = {
    "hibari": "a small neural voice in the extra describe; hibari:NAME for others of its voices",
    "espeak": "the system's espeak-ng; espeak:NAME for one of its voices",
    "command": "command:PROGRAM ARGUMENTS, which reads text and writes WAV",
}
"""What each kind of voice is, by the word that names it."""


def load_voice(name: str = DEFAULT_VOICE) -> Voice:
    """Load a voice.

    Args:
        name: ``hibari``, ``hibari:NAME``, ``espeak``, ``espeak:NAME`` or
            ``command:PROGRAM ARGUMENTS``.

    Raises:
        ModelError: there is no such voice.
        MissingExtraError: it is not installed.
        UsageError: the name of a command cannot be read.
    """
    kind, _, which = name.partition(":")
    if kind == "hibari":
        from vidcap.description.voices.hibari_voice import HibariVoice

        return HibariVoice(which) if which else HibariVoice()
    if kind == "espeak":
        from vidcap.description.voices.programs import EspeakVoice

        return EspeakVoice(which) if which else EspeakVoice()
    if kind == "command":
        from vidcap.description.voices.programs import CommandVoice

        return CommandVoice(which)
    raise ModelError(f"no voice is named {name!r}; choose one of {', '.join(VOICES)}")
