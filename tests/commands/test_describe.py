"""``vidcap describe``: files beside the film, and a word on what was done."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipelines.dialogues import write_wave
from tests import media
from tests.fakes import ExplainingCaptioner, SilentCaptioner
from tests.running import Vidcap, copy, visible

pytest.importorskip("hibari", reason="the extra describe speaks")
pytestmark = pytest.mark.needs_tool("ffmpeg", "ffprobe")


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


def test_a_described_film_is_written_beside_the_film_and_never_taken_for_one(
    film: Path, vidcap_: Vidcap
) -> None:
    result = vidcap_("describe", film)
    assert (result.code, result.out) == (0, "")
    assert visible(film.parent) == ["film.described.mp4", "film.mp4"]
    assert "2 descriptions in" in result.err
    first = film.with_name("film.described.mp4").read_bytes()
    again = vidcap_("describe", film.parent)
    assert again.code == 0
    assert "already there" in again.err
    assert visible(film.parent) == ["film.described.mp4", "film.mp4"]
    assert vidcap_("describe", film, "--force").code == 0
    assert film.with_name("film.described.mp4").read_bytes() == first


def test_all_writes_every_kind_to_a_folder(film: Path, tmp_path: Path, vidcap_: Vidcap) -> None:
    assert vidcap_("describe", film, "--all", tmp_path / "out").code == 0
    assert visible(tmp_path / "out") == [
        "film.described.m4a",
        "film.described.mp3",
        "film.described.mp4",
        "film.described.wav",
        "film.description.json",
        "film.en.dapt.xml",
        "film.en.description.txt",
        "film.en.descriptions.vtt",
    ]


@pytest.mark.parametrize("name", ["x.mkv", "x.wav", "x.vtt", "x.dapt.xml", "x.json", "x.txt"])
def test_the_suffix_of_the_output_picks_what_is_written(
    name: str, film: Path, tmp_path: Path, vidcap_: Vidcap
) -> None:
    target = tmp_path / "out" / name
    assert vidcap_("describe", film, "-o", target).code == 0
    assert target.stat().st_size > 0
    assert visible(tmp_path / "out") == [name]
    refused = vidcap_("describe", film, "-o", target)
    assert refused.code == 6
    assert "--force" in refused.err


def test_an_edited_script_is_spoken(film: Path, tmp_path: Path, vidcap_: Vidcap) -> None:
    script = tmp_path / "s.txt"
    script.write_text("00:00:01.000 - 00:00:02.500  Two swans land.\n")
    target = tmp_path / "out.json"
    assert vidcap_("describe", film, "--script", script, "-o", target).code == 0
    (told,) = json.loads(target.read_text())["descriptions"]
    assert (told["text"], told["start_ms"], told["detail"]) == ("Two swans land.", 1000, "script")


def test_a_script_that_runs_over_is_warned_of(film: Path, tmp_path: Path, vidcap_: Vidcap) -> None:
    script = tmp_path / "s.txt"
    script.write_text("00:00:01.000 - 00:00:01.100  Two swans land on the lake.\n")
    result = vidcap_("describe", film, "-q", "--script", script, "-o", tmp_path / "out.json")
    assert result.code == 0
    assert "1.0 s: runs" in result.err


def test_what_is_not_sure_enough_is_left_out_and_said(film: Path, vidcap_: Vidcap) -> None:
    # The captioner is three quarters sure of everything.
    result = vidcap_("describe", film, "--min-confidence", "1", captioner=ExplainingCaptioner())
    assert result.code == 0
    told = vidcap_(
        "describe",
        film,
        "--min-confidence",
        "1",
        "-o",
        film.with_name("s.json"),
        captioner=ExplainingCaptioner(),
    )
    assert told.code == 0
    document = json.loads(film.with_name("s.json").read_text())
    assert {one["detail"] for one in document["descriptions"]} == {"head noun phrase"}


def test_where_there_is_nothing_to_say_the_track_is_written_and_one_line_says_so(
    film: Path, vidcap_: Vidcap
) -> None:
    result = vidcap_("describe", film, captioner=SilentCaptioner())
    assert result.code == 0
    assert len(result.err.splitlines()) == 1
    assert "nothing to say" in result.err
    assert film.with_name("film.described.mp4").exists()


def test_a_folder_is_walked_past_a_failure(original: Path, tmp_path: Path, vidcap_: Vidcap) -> None:
    copy(original, tmp_path / "films/a.mp4")
    (tmp_path / "films/b.mp4").write_bytes(b"no film")
    result = vidcap_("describe", tmp_path / "films", "-o", f"{tmp_path}/out/")
    assert result.code == 1
    assert visible(tmp_path / "out") == ["a.described.mp4"]
    assert "1 done, 1 failed" in result.err


def test_containers_that_cannot_mark_a_track_give_matroska(tmp_path: Path, vidcap_: Vidcap) -> None:
    pictures = [np.full((64, 96, 3), 120, np.uint8)] * 30
    film = media.write_video(tmp_path / "film.mov", pictures=pictures, rate=10)
    assert vidcap_("describe", film).code == 0
    assert visible(tmp_path) == ["film.described.mkv", "film.mov"]
    result = vidcap_("describe", film, "-o", tmp_path / "x.mov")
    assert result.code == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-o", "-"], "name one, such as film.vtt"),
        (["--all", "x", "-o", "y.vtt"], "leave -o out"),
        (["--mode", "short"], "invalid choice"),
        (["--rate", "10"], "rate is 10; it must be 80 to 300"),
        (["--voice", "siri"], "no voice is named 'siri'"),
        (["--script", "none.txt"], "none.txt: is no file"),
        (["--script", "film.doc"], "no script ends in '.doc'"),
        (["--sampling", "all"], "sampling"),
    ],
)
def test_a_wrong_command_line_is_one_line(
    words: list[str], message: str, film: Path, vidcap_: Vidcap
) -> None:
    result = vidcap_("describe", film, *words)
    assert result.code in (2, 5, 8)
    assert len(result.err.splitlines()) == 1
    assert message in result.err
    assert visible(film.parent) == ["film.mp4"]


def test_a_script_is_for_one_film(film: Path, tmp_path: Path, vidcap_: Vidcap) -> None:
    result = vidcap_("describe", film.parent, "--script", tmp_path / "s.txt")
    assert result.code == 2
    assert "takes one video" in result.err


@pytest.mark.parametrize(
    ("module", "package"), [("hibari", "hibari-tts"), ("onnxruntime", "onnxruntime")]
)
def test_without_the_extra_the_line_that_installs_it_is_said(
    module: str, package: str, film: Path, vidcap_: Vidcap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    sound = film.with_name("tone.wav")
    write_wave(sound, 0.1 * np.sin(np.arange(16_000) / 9))
    with_sound = film.with_name("sound.mp4")
    command = ["ffmpeg", "-v", "error", "-i", str(film), "-i", str(sound), "-c:v", "copy"]
    subprocess.run([*command, str(with_sound)], check=True, timeout=60)
    result = vidcap_("describe", with_sound)
    assert result.code == 7
    assert f"needs {package}, which is not installed" in result.err
    assert "vidcap[describe]" in result.err
    assert not with_sound.with_name("sound.described.mp4").exists()
