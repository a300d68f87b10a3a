"""Speech is found where it is, whatever lies under it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.description import sounds
from vidcap.description.gaps import find_gaps
from vidcap.description.speech import SpeechDetector, find_speech

pytest.importorskip("hibari", reason="the extra describe speaks")

PAUSES = (2.5, 0.8, 3.0, 2.2, 4.0, 1.2, 2.6, 2.1, 5.0)


@pytest.fixture(scope="module")
def detector() -> SpeechDetector:
    return SpeechDetector()


@pytest.fixture(scope="module")
def said() -> sounds.Dialogue:
    return sounds.dialogue(PAUSES)


BACKGROUNDS = {
    "silence": None,
    "music at -10 dB": (sounds.music, -10),
    "music at -20 dB": (sounds.music, -20),
    "noise at 15 dB SNR": (sounds.noise, -15),
}


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_every_gap_is_found_to_a_quarter_of_a_second(
    background: str, detector: SpeechDetector, said: sounds.Dialogue
) -> None:
    signal = said.signal.astype(np.float32)
    if BACKGROUNDS[background] is not None:
        make, decibels = BACKGROUNDS[background]
        signal = sounds.under(said, make(len(signal)), decibels)
    found = find_speech(detector, [signal])
    gaps = {
        name: find_gaps(speech, end_ms=said.length_ms, min_gap_ms=2000, margin_ms=0)
        for name, speech in (("true", said.speech), ("found", found))
    }
    assert len(gaps["true"]) == sum(pause >= 2 for pause in PAUSES)
    assert len(gaps["found"]) == len(gaps["true"])
    for true, own in zip(gaps["true"], gaps["found"], strict=True):
        assert abs(true.start_ms - own.start_ms) <= 250
        assert abs(true.end_ms - own.end_ms) <= 250


@pytest.mark.parametrize("make", [sounds.music, sounds.noise, np.zeros])
def test_what_is_no_speech_is_one_gap(make, detector: SpeechDetector) -> None:  # type: ignore[no-untyped-def]
    signal = (0.1 * make(20 * sounds.RATE)).astype(np.float32)
    assert find_speech(detector, [signal]) == []


@pytest.mark.parametrize("size", [1_000, 64_000, 300_001])
def test_how_the_sound_is_cut_into_blocks_does_not_matter(
    size: int, detector: SpeechDetector, said: sounds.Dialogue
) -> None:
    signal = said.signal.astype(np.float32)
    blocks = [signal[start : start + size] for start in range(0, len(signal), size)]
    assert find_speech(detector, blocks) == find_speech(detector, [signal])


def test_no_sound_holds_no_speech(detector: SpeechDetector) -> None:
    assert find_speech(detector, []) == []
