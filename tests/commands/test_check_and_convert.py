"""``vidcap check`` and ``vidcap convert``, through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vidcap.cli import main
from vidcap.commands import exits
from vidcap.commands.outputs import save_sidecar

LEGAL = "1\n00:00:01,000 --> 00:00:03,000\nA dog runs.\n"
HASTY = LEGAL + "\n2\n00:00:03,000 --> 00:00:03,500\nA dog runs through the grass.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "legal.srt").write_text(LEGAL, encoding="utf-8")
    (tmp_path / "hasty.srt").write_text(HASTY, encoding="utf-8")
    return tmp_path


def test_legal_subtitles_leave_with_zero(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(folder / "legal.srt")]) == exits.OK
    out, err = capsys.readouterr()
    assert out == ""
    assert "all 1 cues keep the rules of netflix" in err


def test_breaks_are_listed_in_a_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(folder / "hasty.srt")]) == exits.RULES_BROKEN
    out, err = capsys.readouterr()
    assert [line.split()[:3] for line in out.splitlines()[2:]] == [
        ["1", "00:00:01.000", "gap"],
        ["2", "00:00:03.000", "reading_speed"],
        ["2", "00:00:03.000", "shortest"],
    ]
    assert "2 of 2 cues break netflix: gap 1, reading_speed 1, shortest 1" in err


def test_json_has_a_line_a_file_and_goes_on_after_a_fault(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "none.vtt").write_text("no", encoding="utf-8")
    assert main(["check", str(folder), "--json", "-q", "--preset", "bbc"]) == exits.SOME_FAILED
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [Path(line["path"]).name for line in lines] == ["hasty.srt", "legal.srt", "none.vtt"]
    assert lines[0]["broken"] == [
        {
            "number": 2,
            "start_ms": 3000,
            "end_ms": 3500,
            "text": "A dog runs through the grass.",
            "breaks": [{"rule": "word_time", "value": 0.083, "limit": 0.333}],
        }
    ]
    assert lines[1]["broken"] == []
    assert "is no WebVTT file" in lines[2]["error"]


def test_an_unknown_preset_is_said_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(folder), "--preset", "x"]) == 2
    assert capsys.readouterr().err.count("no preset 'x'") == 1


def test_a_file_is_converted_and_never_replaced_unasked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = str(folder / "hasty.srt"), folder / "new.ttml"
    assert main(["convert", source, str(target)]) == exits.OK
    assert "2 cues in" in capsys.readouterr().err
    first = target.read_bytes()
    assert main(["convert", source, str(target)]) == 6
    assert main(["convert", source, str(target), "--force"]) == exits.OK
    assert target.read_bytes() == first
    assert main(["convert", str(target), "-", "--to", "srt"]) == exits.OK
    assert capsys.readouterr().out == HASTY


def test_formats_can_be_named_where_the_suffix_says_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = folder / "odd.dat"
    odd.write_text(LEGAL, encoding="utf-8")
    assert main(["convert", str(odd), "-", "--to", "tsv"]) == 2
    assert "odd.dat: no subtitle format" in capsys.readouterr().err
    assert main(["convert", str(odd), "-", "--from", "srt", "--to", "tsv"]) == exits.OK
    assert capsys.readouterr().out == "start\tend\ttext\n1000\t3000\tA dog runs.\n"


def test_a_file_without_a_word_gives_no_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "empty.vtt").write_text("WEBVTT\n", encoding="utf-8")
    assert main(["convert", str(folder / "empty.vtt"), str(folder / "x.srt")]) == 4
    assert not (folder / "x.srt").exists()
    assert "no cue in it" in capsys.readouterr().err


def test_what_vidcap_wrote_itself_is_checked_too(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film = folder / "film.mp4"
    film.write_bytes(b"film")
    save_sidecar(folder / "film.en.srt", LEGAL, film, {})
    assert main(["check", str(folder), "--json", "-q"]) == exits.RULES_BROKEN
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [Path(line["path"]).name for line in lines] == ["film.en.srt", "hasty.srt", "legal.srt"]
