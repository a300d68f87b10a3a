"""The conformance suite of voices: every member of the family passes all of it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from vidcap.description.voices import VOICES, Speech, Voice, load_voice
from vidcap.description.voices.base import trimmed
from vidcap.description.voices.cache import CachedVoice
from vidcap.errors import MissingExtraError, ModelError, UsageError

# Reads text and writes a WAV file: a tone of a tenth of a second a letter.
PROGRAM = """
import math, struct, sys, wave
text = sys.stdin.buffer.read().decode("utf-8")
speed = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
count = int(16000 * 0.1 * sum(c.isalnum() for c in text) / speed)
with wave.open(sys.stdout.buffer, "wb") as out:
    out.setnchannels(1); out.setsampwidth(2); out.setframerate(16000)
    out.writeframes(b"".join(
        struct.pack("<h", int(9000 * math.sin(i / 9))) for i in range(count)))
"""
TEXT = "A brown dog runs through the grass."


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("voice") / "it's a voice.py"
    path.write_text(PROGRAM)
    return path


@pytest.fixture(
    scope="module",
    params=[
        "hibari",
        pytest.param("espeak", marks=pytest.mark.needs_tool("espeak-ng")),
        "command",
        "command with speed",
        "cached",
    ],
)
def voice(request, program: Path, tmp_path_factory: pytest.TempPathFactory) -> Voice:  # type: ignore[no-untyped-def]
    if request.param in ("hibari", "cached"):
        pytest.importorskip("hibari", reason="the extra describe speaks")
    if request.param == "cached":
        return CachedVoice(load_voice("hibari"), tmp_path_factory.mktemp("cache"))
    if request.param.startswith("command"):
        words = [sys.executable, str(program)]
        if request.param.endswith("speed"):
            words.append("{speed}")
        quoted = " ".join('"' + word + '"' for word in words)
        return load_voice(f"command:{quoted}")
    return load_voice(request.param)


def test_a_voice_says_who_it_is(voice: Voice) -> None:
    assert voice.name.partition(":")[0] in VOICES
    assert voice.version
    assert 100 <= voice.words_per_minute <= 300


def test_a_sentence_is_sound_without_silence_around_it(voice: Voice) -> None:
    speech = voice.speak(TEXT)
    assert speech.samples.dtype == np.int16
    assert speech.samples.ndim == 1
    assert speech.rate >= 8000
    assert 0.5 < speech.seconds < 6
    loud = np.abs(speech.samples.astype(int))
    assert loud.max() > 1000
    edge = speech.rate // 20
    assert loud[:edge].max() > loud.max() * 0.004
    assert loud[-edge:].max() > loud.max() * 0.004


def test_the_same_words_give_the_same_samples(voice: Voice) -> None:
    one, other = voice.speak(TEXT), voice.speak(TEXT)
    assert one.rate == other.rate
    assert np.array_equal(one.samples, other.samples)


def test_faster_is_shorter(voice: Voice) -> None:
    plain, fast = voice.speak(TEXT), voice.speak(TEXT, speed=1.25)
    assert 0.7 < fast.seconds / plain.seconds < 0.93


@pytest.mark.parametrize(
    "text",
    ["--help; $(touch x) `id`", "\u05db\u05dc\u05d1 naïve café \U0001f600 dog", "'\"<&>\\ a 10 %"],
)
def test_no_text_is_anything_but_text(voice: Voice, text: str) -> None:
    assert voice.speak(text).seconds > 0


def test_a_voice_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match=r"no voice is named 'siri'.*hibari, espeak, command"):
        load_voice("siri")
    with pytest.raises(ModelError, match="hibari:nobody: there is none; choose one of heart"):
        load_voice("hibari:nobody")
    with pytest.raises(UsageError, match="name a program"):
        load_voice("command:")
    with pytest.raises(UsageError, match="quotation"):
        load_voice("command:say 'it")
    with pytest.raises(ModelError, match="there is no program 'no-such-program'"):
        load_voice("command:no-such-program -v")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(MissingExtraError, match="apt install espeak-ng"):
        load_voice("espeak")


@pytest.mark.needs_tool("espeak-ng")
def test_an_espeak_voice_that_is_not_there_is_named() -> None:
    with pytest.raises(ModelError, match="espeak:zzzz"):
        load_voice("espeak:zzzz")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import sys; sys.exit('out of breath')", "failed with exit code 1: out of breath"),
        ("print('this is no sound')", "voice command"),
        ("pass", "failed with exit code 0"),
    ],
)
def test_a_command_that_fails_says_why(code: str, message: str) -> None:
    voice = load_voice(f'command:{sys.executable} -c "{code}"')
    with pytest.raises(ModelError, match=message):
        voice.speak(TEXT)


def test_silence_has_no_sentence_in_it() -> None:
    assert len(trimmed(Speech(np.zeros(100, np.int16), 8000)).samples) == 0


class Counting:
    name = "hibari:counting"
    words_per_minute = 160.0
    version = "1"

    def __init__(self) -> None:
        self.spoken = 0

    def speak(self, text: str, *, speed: float = 1.0) -> Speech:
        self.spoken += 1
        return Speech(np.arange(1, 100, dtype=np.int16), 8000)


def test_a_sentence_is_spoken_once(tmp_path: Path) -> None:
    inner = Counting()
    voice = CachedVoice(inner, tmp_path / "new")
    first = voice.speak("One.")
    assert np.array_equal(CachedVoice(inner, tmp_path / "new").speak("One.").samples, first.samples)
    assert inner.spoken == 1
    voice.speak("One.", speed=1.1)
    voice.speak("Two.")
    inner.version = "2"
    CachedVoice(inner, tmp_path / "new").speak("One.")
    assert inner.spoken == 4


@pytest.mark.parametrize("damage", [b"", b"RIFF", b"no sound at all", None])
def test_a_damaged_cache_is_no_more_than_work(damage: bytes | None, tmp_path: Path) -> None:
    inner = Counting()
    voice = CachedVoice(inner, tmp_path)
    voice.speak("One.")
    (file,) = tmp_path.glob("*.wav")
    file.write_bytes(file.read_bytes()[:-7] if damage is None else damage)
    assert len(voice.speak("One.").samples) == 99
    assert inner.spoken == 2
    assert len(voice.speak("One.").samples) == 99
    assert inner.spoken == 2


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    voice = CachedVoice(Counting(), tmp_path / "file" / "folder")
    assert len(voice.speak("One.").samples) == 99
    voice.prune()
