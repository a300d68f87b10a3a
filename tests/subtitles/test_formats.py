"""Every format, read back by readers that know nothing of vidcap."""

from __future__ import annotations

import html
import io
import json
import re
import subprocess
from fractions import Fraction as F
from pathlib import Path
from typing import NamedTuple

import pysubs2
import pytest
import webvtt
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vidcap.captioning.caption import Caption
from vidcap.errors import UsageError
from vidcap.scenes import FrameCaption, Scene
from vidcap.subtitles import Cue, Document
from vidcap.subtitles.clean import clean_lines
from vidcap.subtitles.formats import FORMATS, SubtitleFormat, format_for_suffix, format_named
from vidcap.subtitles.formats.srt import SubRip
from vidcap.subtitles.formats.vtt import WebVTT


class Read(NamedTuple):
    start: int
    end: int
    text: str


HOSTILE = [
    "00:00:01,000 --> 00:00:02,000",
    "00:00:01.000 00:00:02.000",
    "<b>bold</b> < / i > <v Bob> 1 < 2 <3",
    "AT&T &amp; &lt;b&gt; &nbsp;",
    "{\\an8}top\\Nnew {comment}",
    "NOTE STYLE REGION WEBVTT",
    "\u05db\u05dc\u05d1 \u05e8\u05e5 \u202eabc\u202c",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea",
    "nul\x00 esc\x1b bell\x07 \ud800 lone",
    "a\n\nb\r\rc\u2028d\x85e",
    "42",
    "\u0664\u0662",
    "\ufeffmark",
    "-",
]
lines = st.one_of(
    st.text(st.characters(), max_size=30),
    st.sampled_from(HOSTILE),
    st.text(st.sampled_from("-><&{}\\/ab1:., \n\x00\ufeff"), max_size=20),
)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    cues = []
    time = draw(st.sampled_from([0, 3_599_500]))
    for _ in range(draw(st.integers(0, 5))):
        start = time + draw(st.integers(0, 70_000))
        time = start + draw(st.integers(1, 9000))
        # A cue says something: its first line begins with a letter.
        first = "x" + draw(lines)
        cues.append(Cue(start, time, (first, *draw(st.lists(lines, max_size=3))), 0, ()))
    return Document(tuple(cues), (), made_by={"version": "0.1", draw(lines): draw(lines)})


def letters(text: str) -> str:
    """What must survive: letters and digits, which no format takes for markup."""
    return "".join(re.findall(r"[^\W_]", text))


def as_read(document: Document) -> list[Read]:
    return [Read(cue.start_ms, cue.end_ms, letters(" ".join(cue.lines))) for cue in document.cues]


def by_pysubs2(text: str, kind: str) -> list[Read]:
    events = pysubs2.SSAFile.from_string(text, format_=kind)
    return [Read(event.start, event.end, letters(event.plaintext)) for event in events]


def by_webvtt(text: str) -> list[Read]:
    return [
        Read(milliseconds(cue.start), milliseconds(cue.end), letters(html.unescape(cue.text)))
        for cue in webvtt.from_string(text)
    ]


def milliseconds(written: str) -> int:
    hours, minutes, seconds = written.split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000 + int(seconds.replace(".", ""))


@pytest.mark.parametrize("format_", FORMATS, ids=lambda format_: format_.name)
class TestEveryFormat:
    """The conformance suite: a new format passes it unchanged."""

    @given(document=documents())
    @settings(max_examples=30)
    def test_writes_any_text_as_utf_8_and_twice_the_same(
        self, format_: SubtitleFormat, document: Document
    ) -> None:
        text = format_.write(document)
        data = text.encode("utf-8")
        assert not data.startswith(b"\xef\xbb\xbf")
        assert "\r" not in text
        assert "\x00" not in text
        assert format_.write(document) == text

    def test_is_found_by_its_name_and_its_suffix(self, format_: SubtitleFormat) -> None:
        assert format_named(format_.name) is format_
        assert format_for_suffix(format_.suffix.upper()) is format_
        assert format_.suffix.startswith(".")

    def test_writes_a_document_without_cues(self, format_: SubtitleFormat) -> None:
        assert isinstance(format_.write(Document((), ())), str)


def test_unknown_formats_are_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no subtitle format 'doc'; name one of srt, vtt, json"):
        format_named("doc")
    with pytest.raises(UsageError, match=r"'\.doc'; use one of \.srt, \.vtt, \.json"):
        format_for_suffix(".doc")


DOCUMENT = Document(
    cues=(
        Cue(0, 1999, ("A dog runs", "through the grass."), 0, ()),
        Cue(3_600_000, 3_602_040, ('A sign says "1 < 2 & <b>".',), 1, ()),
    ),
    scenes=(),
    made_by={"version": "0.1 --> x", "captioner": "default"},
)


def test_an_srt_file_to_the_letter() -> None:
    assert SubRip().write(DOCUMENT) == (
        "1\n00:00:00,000 --> 00:00:01,999\nA dog runs\nthrough the grass.\n"
        '\n2\n01:00:00,000 --> 01:00:02,040\nA sign says "1 < 2 & \u2039b>".\n'
    )


def test_a_webvtt_file_to_the_letter() -> None:
    assert WebVTT().write(DOCUMENT) == (
        "WEBVTT\n\nNOTE\nversion: 0.1 \u2192 x\ncaptioner: default\nlanguage: en\n"
        "\n1\n00:00:00.000 --> 00:00:01.999\nA dog runs\nthrough the grass.\n"
        '\n2\n01:00:00.000 --> 01:00:02.040\nA sign says "1 &lt; 2 &amp; &lt;b&gt;".\n'
    )


@given(documents())
@example(Document(tuple(Cue(n, n + 1, ("x", line), 0, ()) for n, line in enumerate(HOSTILE)), ()))
def test_srt_is_read_back_by_pysubs2(document: Document) -> None:
    text = SubRip().write(document)
    assert by_pysubs2(text, "srt") == as_read(document)
    assert text.count("-->") == len(document.cues)
    for number, block in enumerate(text.split("\n\n") if text else [], start=1):
        assert block.split("\n")[0] == str(number)


@given(documents())
@example(Document(tuple(Cue(n, n + 1, ("x", line), 0, ()) for n, line in enumerate(HOSTILE)), ()))
def test_webvtt_is_read_back_by_webvtt_py_and_pysubs2(document: Document) -> None:
    text = WebVTT().write(document)
    assert by_webvtt(text) == as_read(document)
    # pysubs2 has no escapes and takes braces for tags: it tells times only.
    times = [(cue.start, cue.end) for cue in by_pysubs2(text, "vtt")]
    assert times == [(cue.start_ms, cue.end_ms) for cue in document.cues]
    assert text.count("-->") == len(document.cues)
    assert re.fullmatch(r"(?:[^&<>]|&(?:amp|lt|gt);|-->)*", text)


@given(st.lists(lines, min_size=1, max_size=3))
def test_webvtt_keeps_every_character_of_clean_text(payload: list[str]) -> None:
    cue = Cue(0, 1000, ("x", *payload), 0, ())
    (read,) = webvtt.from_string(WebVTT().write(Document((cue,), ())))
    assert html.unescape(read.raw_text) == "\n".join(clean_lines(cue.lines))


def test_a_cue_that_holds_nothing_is_left_out_and_the_numbers_go_on() -> None:
    document = Document((Cue(0, 1, ("\x00",), 0, ()), Cue(2, 3, ("a",), 0, ())), ())
    assert SubRip().write(document).startswith("1\n00:00:00,002")
    assert "\n1\n00:00:00.002" in WebVTT().write(document)


@pytest.mark.needs_tool("ffmpeg")
@pytest.mark.parametrize("format_", [SubRip(), WebVTT()], ids=["srt", "vtt"])
def test_ffmpeg_reads_the_same_cues(format_: SubtitleFormat, tmp_path: Path) -> None:
    texts = [("A dog runs", "through the grass."), *((f"x {line}",) for line in HOSTILE)]
    document = Document(
        tuple(Cue(1000 * n, 1000 * n + 900, text, 0, ()) for n, text in enumerate(texts)), ()
    )
    path = tmp_path / f"cues{format_.suffix}"
    path.write_bytes(format_.write(document).encode("utf-8"))
    command = ["ffmpeg", "-v", "warning", "-i", str(path), "-f", "ass", "-"]
    done = subprocess.run(command, capture_output=True, timeout=60, check=True)
    assert done.stderr == b""
    events = pysubs2.SSAFile.from_string(done.stdout.decode("utf-8"), format_="ass")
    # SubStation Alpha counts in hundredths, so times here are multiples of 100 ms.
    found = [Read(event.start, event.end, letters(event.plaintext)) for event in events]
    assert [(cue.start, cue.end) for cue in found] == [
        (cue.start_ms, cue.end_ms) for cue in document.cues
    ]
    if format_.name == "srt":
        assert found == as_read(document)
    assert found[0] == as_read(document)[0]


def test_json_is_read_back_by_any_json_reader() -> None:
    frame = FrameCaption(0, F(0), 0, F(0), Caption("a dog", -0.5))
    scene = Scene(F(0), F(2), "a dog", -0.5, (frame,))
    document = Document((Cue(0, 2000, ("A dog.",), 0, ()),), (scene,))
    data = json.load(io.StringIO(format_named("json").write(document)))
    assert data["cues"][0]["lines"] == ["A dog."]
