"""The film goes down under the voice, the voice is as loud as the film, and no peak is too high."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcap.description.mixing import (
    CEILING_DBTP,
    RATE,
    Loudness,
    Timeline,
    Voiced,
    measure,
    measure_file,
    mixed,
    resampled,
    timed_voices,
    voice_gain,
    write_mix,
)
from vidcap.description.script import Candidate, Description, Verdict
from vidcap.description.voices.base import Speech
from vidcap.errors import OutputError

SILENT = Speech(np.zeros(24_000, np.int16), 24_000)  # a second


def tone(seconds: float, level: float, *, channels: int = 2, hertz: float = 997.0) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    wave = level * np.sin(2 * np.pi * hertz * time)
    return np.repeat(wave[:, None], channels, 1).astype(np.float32)


def blocks(signal: np.ndarray, size: int = 50_000) -> Iterator[np.ndarray]:
    for start in range(0, len(signal), size):
        yield signal[start : start + size]


def mix(film: np.ndarray, voices: list[Voiced], **options: object) -> np.ndarray:
    settings = {
        "channels": film.shape[1],
        "timeline": Timeline(),
        "length_ms": 0,
        "gain": 1.0,
        "duck_db": 12.0,
        **options,
    }
    return np.concatenate(list(mixed(blocks(film), voices, **settings)))  # type: ignore[arg-type]


def test_the_film_goes_down_under_a_voice_and_up_again() -> None:
    film = np.full((10 * RATE, 2), 0.5, np.float32)
    out = mix(film, [Voiced(4000, Fraction(1), lambda: SILENT)])[:, 0]
    at = lambda seconds: out[round(seconds * RATE)]  # noqa: E731 - reads best as a word
    assert at(3.69) == at(5.31) == pytest.approx(0.5)
    for seconds in (4.0, 4.5, 4.999):
        assert at(seconds) == pytest.approx(0.5 * 10 ** (-12 / 20), rel=1e-3)
    # Half of the way is half of the decibels, and no step is heard.
    assert at(3.85) == pytest.approx(0.5 * 10 ** (-6 / 20), rel=0.01)
    assert np.abs(np.diff(out)).max() < 1e-3


def test_the_voice_stands_where_it_should_in_every_channel() -> None:
    rng = np.random.default_rng(0)
    said = Speech((8000 * rng.standard_normal(48_000)).clip(-32768, 32767).astype(np.int16), RATE)
    out = mix(np.zeros((5 * RATE, 2), np.float32), [Voiced(1500, said.seconds, lambda: said)])
    expected = said.samples / 32768
    for channel in out.T:
        assert np.allclose(channel[72_000:120_000], expected, atol=1e-4)
        assert not channel[:72_000].any()
        assert not channel[120_000:].any()


def test_the_film_stands_still_where_the_timeline_says() -> None:
    film = np.linspace(1, 2, 4 * RATE, dtype=np.float32)[:, None]
    timeline = Timeline(((0, 500), (2000, 1000)))
    out = mix(film, [], timeline=timeline)[:, 0]
    assert len(out) == len(film) + 1.5 * RATE
    assert not out[: RATE // 2].any()
    assert np.array_equal(out[RATE // 2 : 5 * RATE // 2], film[: 2 * RATE, 0])
    assert not out[5 * RATE // 2 : 7 * RATE // 2].any()
    assert np.array_equal(out[7 * RATE // 2 :], film[2 * RATE :, 0])


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(1, 900), st.booleans()), max_size=8))
def test_voices_are_heard_one_after_another(parts: list[tuple[int, int, bool]]) -> None:
    told, free = [], 0
    for wait, spoken, pauses in parts:
        start = free + wait
        told.append(
            Description(
                start_ms=start,
                end_ms=start if pauses else start + spoken,
                text="x",
                verdict=Verdict.PAUSE if pauses else Verdict.FITS,
                needed_ms=spoken,
                available_ms=0,
                spoken_ms=spoken,
                pause_ms=spoken + 800 if pauses else 0,
                speed=1.0,
                words_per_minute=1.0,
                candidate=Candidate(None, start, start, "x"),
            )
        )
        free = told[-1].end_ms
    told.sort(key=lambda one: (one.start_ms, not one.pause_ms))
    voices = timed_voices(told, lambda one: SILENT)
    end = -1
    for one, voice in zip(told, voices, strict=True):
        assert voice.start_ms >= one.start_ms
        assert voice.start_ms >= end
        end = voice.start_ms + one.spoken_ms
    timeline = Timeline(tuple((one.start_ms, one.pause_ms) for one in told if one.pause_ms))
    assert end <= free + timeline.longer_ms


def test_sound_that_ends_early_is_silent_to_the_end_of_the_film() -> None:
    out = mix(np.ones((RATE, 1), np.float32), [], length_ms=2500)
    assert len(out) == 5 * RATE // 2
    assert not out[RATE:].any()
    assert len(mix(np.ones((RATE, 1), np.float32), [], length_ms=300)) == RATE


@pytest.mark.parametrize("rate", [8000, 22_050, 24_000, 48_000])
def test_resampling_keeps_length_and_level(rate: int) -> None:
    wave = np.rint(16_000 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)).astype(np.int16)
    out = resampled(Speech(wave, rate))
    assert abs(len(out) - RATE) <= 2
    middle = out[RATE // 4 : 3 * RATE // 4]
    assert np.sqrt((middle**2).mean()) == pytest.approx(16_000 / 32_768 / math.sqrt(2), rel=0.01)


@pytest.mark.parametrize("channels", [1, 2])
def test_loudness_is_that_of_the_standard(channels: int) -> None:
    # EBU Tech 3341: a stereo tone of 1 kHz at -23 dBFS has -23 LUFS; one channel alone 3 less.
    found = measure(blocks(tone(5, 10 ** (-23 / 20), channels=channels)), channels)
    assert found.lufs == pytest.approx(-23.0 - (0 if channels == 2 else 3), abs=0.15)
    assert found.dbtp == pytest.approx(-23.0, abs=0.2)


def test_silence_has_no_loudness() -> None:
    found = measure(blocks(np.zeros((3 * RATE, 1), np.float32)), 1)
    assert found.lufs <= -69
    assert found.dbtp == -math.inf


@pytest.mark.parametrize(
    ("film", "target"), [(-27.0, -27.0), (-60.0, -30.0), (-8.0, -14.0), (-math.inf, -23.0)]
)
def test_a_voice_is_made_as_loud_as_the_film(film: float, target: float) -> None:
    gain = voice_gain(Loudness(-18.0, -3.0), Loudness(film, -1.0))
    assert 20 * math.log10(gain) == pytest.approx(target + 18.0)
    assert voice_gain(Loudness(-18.0, -3.0), None) == pytest.approx(10 ** (-5 / 20))
    assert voice_gain(Loudness(-math.inf, -math.inf), None) == 1.0


def test_no_peak_is_above_the_limit_even_between_samples(tmp_path: Path) -> None:
    # A quarter of the sampling rate, off by 45 degrees: peaks lie 3 dB above every sample.
    time = np.arange(3 * RATE)
    wave = 1.3 * np.sin(np.pi / 2 * time + np.pi / 4)
    loud = wave[:, None].astype(np.float32)
    write_mix(blocks(loud), tmp_path / "mix.flac", channels=1, subject="x")
    found = measure_file(tmp_path / "mix.flac")
    assert found.dbtp <= CEILING_DBTP
    write_mix(blocks(loud), tmp_path / "low.flac", channels=1, lowered_db=3, subject="x")
    assert measure_file(tmp_path / "low.flac").dbtp == pytest.approx(found.dbtp - 3, abs=0.3)


def test_what_is_below_the_limit_stays_as_it_is_and_where_it_is(tmp_path: Path) -> None:
    import av

    rng = np.random.default_rng(1)
    quiet = (0.05 * np.cumsum(rng.standard_normal(RATE)) / 50).clip(-0.5, 0.5)[:, None]
    quiet = np.repeat(quiet, 2, 1).astype(np.float32)
    write_mix(blocks(quiet), tmp_path / "mix.flac", channels=2, subject="x")
    with av.open(str(tmp_path / "mix.flac")) as file:
        parts = [frame.to_ndarray() for frame in file.decode(audio=0)]
    out = np.concatenate([part.reshape(-1, 2) for part in parts]).astype(np.float32) / 32_768
    assert len(out) == len(quiet)
    assert np.abs(out[500:-500] - quiet[500:-500]).max() < 0.01


def test_a_failure_says_what_failed(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be measured"):
        measure_file(tmp_path / "none.wav")
