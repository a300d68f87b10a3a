"""Subtitle files of others: encodings, faults, and the rules that they break."""

from __future__ import annotations

from fractions import Fraction as F
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.subtitles.test_cues import scene
from vidcap.errors import DataError, UsageError
from vidcap.subtitles import cues_from_scenes, load_preset, preset_names
from vidcap.subtitles.files import as_document, check_texts, read_subtitles
from vidcap.subtitles.formats import FORMATS, SubtitleFormat, format_named
from vidcap.subtitles.presets import Preset
from vidcap.subtitles.timed_text import TimedText, parse_clock

NETFLIX = load_preset("netflix")
SRT = "1\r\n00:00:01,000 --> 00:00:03,000\r\nUn caf\u00e9.\r\n\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_are_told_from_the_bytes(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.srt"
    path.write_bytes(SRT.encode(encoding))
    assert read_subtitles(path) == [TimedText(1000, 3000, ("Un caf\u00e9.",))]


def test_what_cannot_be_read_is_said_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    with pytest.raises(DataError, match=r"a\.srt: is no file"):
        read_subtitles(path)
    path.write_text("just words", encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.srt: is no SubRip file"):
        read_subtitles(path)
    with pytest.raises(DataError, match=r"a\.srt: is no WebVTT file"):
        read_subtitles(path, form=format_named("vtt"))
    with pytest.raises(UsageError, match=r"b\.sub: no subtitle format"):
        read_subtitles(tmp_path / "b.sub")
    with path.open("wb") as file:
        file.truncate(65 * 2**20)
    with pytest.raises(DataError, match="too many for subtitles"):
        read_subtitles(path)


def rules(*texts: TimedText, preset: Preset = NETFLIX) -> list[list[str]]:
    return [[found.rule for found in cue.breaks] for cue in check_texts(texts, preset)]


def test_every_fault_of_a_file_is_named() -> None:
    assert rules(
        TimedText(5000, 7000, ("A dog runs.",)),
        TimedText(1000, 1200, ("A dog runs.",)),
        TimedText(8000, 8000, ("A dog runs.",)),
        TimedText(9000, 11_000, ()),
        TimedText(12_000, 14_000, ("x" * 43,)),
        TimedText(14_000, 15_000, ("A dog runs.",)),
    ) == [["gap"], ["order", "reading_speed", "shortest"], ["duration"], ["empty"],
          ["line_length", "reading_speed", "gap"], []]  # fmt: skip


def test_the_frame_rate_decides_on_gaps_that_count_in_frames() -> None:
    texts = [TimedText(0, 2000, ("A dog.",)), TimedText(2050, 4000, ("A cat.",))]
    assert check_texts(texts, NETFLIX)[0].breaks
    assert not check_texts(texts, NETFLIX, frame_rate=F(40))[0].breaks


@given(
    st.sampled_from([form for form in FORMATS if form.name in ("srt", "vtt", "ttml", "json")]),
    st.sampled_from(preset_names()),
    st.lists(st.integers(2500, 9000), min_size=1, max_size=4),
)
def test_what_vidcap_says_of_its_cues_is_found_again_in_the_file(
    form: SubtitleFormat, name: str, lengths: list[int]
) -> None:
    preset = load_preset(name)
    time, scenes = F(0), []
    for length in lengths:
        scenes.append(scene(time, time + F(length, 1000), "a dog runs through the grass"))
        time += F(length, 1000)
    cues = cues_from_scenes(scenes, preset, video_end_ms=int(time * 1000), frame_rate=F(25))
    texts = [TimedText(cue.start_ms, cue.end_ms, cue.lines) for cue in cues]
    document = as_document(texts, path=Path("a"), version="1")
    read = form.read(form.write(document))
    checked = check_texts(read, preset, frame_rate=F(25))
    assert [cue.breaks for cue in checked] == [cue.breaks for cue in cues]


def test_a_document_holds_what_says_something_in_order_of_time() -> None:
    texts = [
        TimedText(5000, 6000, ("b",)),
        TimedText(1000, 2000, ("a",)),
        TimedText(3000, 3000, ("c",)),
        TimedText(7000, 8000, ()),
    ]
    document = as_document(texts, path=Path("x.srt"), version="1")
    assert [cue.lines for cue in document.cues] == [("a",), ("b",)]
    assert document.made_by["converted_from"] == "x.srt"


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("1.5", 1500), ("01:02.003", 62_003), ("1:00:00,0005", 3_600_001), ("100:00:00", 360_000_000)],
)
def test_clocks(text: str, milliseconds: int) -> None:
    assert parse_clock(text) == milliseconds


@pytest.mark.parametrize("text", ["", "a", "1:2:3:4", "1:", "-1", "9" * 30, "9999999999", "1e5"])
def test_what_is_no_clock(text: str) -> None:
    with pytest.raises(ValueError, match=r"no time|hundred days|Fraction"):
        parse_clock(text)
