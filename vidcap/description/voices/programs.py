"""Voices that are programs: espeak-ng, and any command that reads text and writes WAV."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Sequence

import numpy as np

from vidcap.description.voices.base import Speech, trimmed
from vidcap.errors import MissingExtraError, ModelError, UsageError
from vidcap.ffmpeg import ffmpeg_program

_RATE = 24_000
_TIMEOUT = 120
_SAID = 200  # characters of a program's last line that a message shows


class EspeakVoice:
    """Speaks with the system's espeak-ng.

    Args:
        name: one of its voices, such as ``en-us`` or ``en-gb``.

    Raises:
        MissingExtraError: espeak-ng is not installed.
        ModelError: it has no such voice.
    """

    # It counts otherwise than people do: in captions its 160 are so many.
    words_per_minute = 235.0
    _ASKED = 160

    def __init__(self, name: str = "en-us") -> None:
        found = shutil.which("espeak-ng")
        if found is None:
            raise MissingExtraError(
                "voice espeak: there is no espeak-ng program; install it with the system's "
                "package manager (apt install espeak-ng), or use another voice"
            )
        self.name = f"espeak:{name}"
        self._command = [found, "-v", name, "--stdin", "--stdout"]
        self.version = _first_line([found, "--version"])
        self.speak("Ready.")  # it takes any name, and complains when it speaks

    def speak(self, text: str, *, speed: float = 1.0) -> Speech:
        """Speak a text; see :class:`vidcap.description.voices.base.Voice`."""
        pace = ["-s", str(round(self._ASKED * speed))]
        return _spoken(self.name, [*self._command, *pace], text)


class CommandVoice:
    """Speaks with any command that reads UTF-8 text and writes a WAV file.

    The text is given on its standard input, the sound taken from its standard output.  An argument
    may hold ``{speed}``, how much faster than usual to speak; where none does, the sound is made
    shorter afterwards, its pitch kept.

    Args:
        command: program and arguments in one text, quoted as in a shell; no shell reads it.

    Raises:
        UsageError: there is no command in it.
        ModelError: there is no such program.
    """

    words_per_minute = 160.0

    def __init__(self, command: str) -> None:
        self.name = f"command:{command}"
        try:
            self._command = shlex.split(command)
        except ValueError as error:
            raise UsageError(f"voice {self.name}: {error}") from error
        if not self._command:
            raise UsageError(f"voice {self.name}: name a program behind the colon")
        if shutil.which(self._command[0]) is None:
            raise ModelError(f"voice {self.name}: there is no program {self._command[0]!r}")
        self.version = command
        self._paced = any("{speed}" in word for word in self._command)

    def speak(self, text: str, *, speed: float = 1.0) -> Speech:
        """Speak a text; see :class:`vidcap.description.voices.base.Voice`."""
        command = [word.replace("{speed}", f"{speed:.3f}") for word in self._command]
        return _spoken(self.name, command, text, tempo=1.0 if self._paced else speed)


def _spoken(name: str, command: Sequence[str], text: str, *, tempo: float = 1.0) -> Speech:
    wave = _output(name, command, text.encode("utf-8"))
    # ffmpeg reads every kind of WAV, streamed ones with a length of nothing included.
    reading = [
        ffmpeg_program(),
        *("-nostdin", "-hide_banner", "-v", "error", "-f", "wav", "-i", "pipe:0"),
        *(("-af", f"atempo={tempo:.3f}") if tempo != 1.0 else ()),
        *("-f", "s16le", "-ac", "1", "-ar", str(_RATE), "pipe:1"),
    ]
    samples = np.frombuffer(_output(name, reading, wave), dtype="<i2").astype(np.int16)
    speech = trimmed(Speech(samples, _RATE))
    if not len(speech.samples) and any(character.isalnum() for character in text):
        raise ModelError(f"voice {name}: said nothing for {text[:60]!r}")
    return speech


def _output(name: str, command: Sequence[str], given: bytes) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - a list of arguments, the text on standard input
            command, input=given, capture_output=True, timeout=_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        raise ModelError(f"voice {name}: no answer in {_TIMEOUT} s") from None
    except OSError as error:
        raise ModelError(f"voice {name}: cannot be run: {error.strerror or error}") from error
    if done.returncode or not done.stdout:
        said = done.stderr.decode("utf-8", "replace").strip().split("\n")[-1][:_SAID]
        raise ModelError(f"voice {name}: failed with exit code {done.returncode}: {said}")
    return done.stdout


def _first_line(command: Sequence[str]) -> str:
    done = subprocess.run(  # noqa: S603 - a list of arguments
        command, capture_output=True, timeout=_TIMEOUT, check=False, stdin=subprocess.DEVNULL
    )
    return done.stdout.decode("utf-8", "replace").split("\n")[0].strip()
