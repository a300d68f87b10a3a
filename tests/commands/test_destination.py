from __future__ import annotations

from pathlib import Path

import pytest

from vidcap.commands.destination import STDOUT, Destination, parse_destination
from vidcap.errors import UsageError

SUFFIXES = {".srt": "srt", ".vtt": "vtt", ".json": "json"}
FILM = Path("film.mp4")


def parse(output: str | None, *paths: Path, formats: tuple[str, ...] = ()) -> Destination:
    return parse_destination(output, paths or (FILM,), formats, default="srt", suffixes=SUFFIXES)


def test_without_an_output_results_go_beside_their_inputs() -> None:
    assert parse(None) == Destination(("srt",))
    assert parse(None, formats=("vtt", "json", "vtt")) == Destination(("vtt", "json"))


def test_for_one_input_it_is_a_file_whose_suffix_picks_the_format() -> None:
    assert parse("x/out.VTT") == Destination(("vtt",), file=Path("x/out.VTT"))
    assert parse("out.json", formats=("json",)) == Destination(("json",), file=Path("out.json"))


def test_for_several_inputs_it_is_a_folder(tmp_path: Path) -> None:
    assert parse("out", FILM, Path("b.mp4")).folder == Path("out")
    assert parse("out", tmp_path).folder == Path("out")


def test_a_folder_serves_one_input_too(tmp_path: Path) -> None:
    assert parse(str(tmp_path)).folder == tmp_path
    assert parse("new/").folder == Path("new")


def test_a_dash_is_the_standard_output() -> None:
    assert parse("-", formats=("vtt",)) == Destination(("vtt",), file=STDOUT)


@pytest.mark.parametrize(
    ("output", "paths", "formats", "message"),
    [
        ("out.txt", (FILM,), (), "the suffix picks the format"),
        ("out", (FILM,), (), "end it with /"),
        ("out.srt", (FILM,), ("vtt",), "picks srt, but vtt was asked for"),
        ("out.srt", (FILM,), ("srt", "vtt"), "picks srt, but srt,vtt was asked for"),
        ("out.srt", (FILM, Path("b.mp4")), (), "several inputs need a folder"),
        ("-", (FILM, Path("b.mp4")), (), "one input file"),
        ("-", (FILM,), ("srt", "vtt"), "one format"),
    ],
)
def test_what_does_not_go_together_is_said(
    output: str, paths: tuple[Path, ...], formats: tuple[str, ...], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        parse(output, *paths, formats=formats)
