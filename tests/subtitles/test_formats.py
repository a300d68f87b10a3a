"""Every format, read back by readers that know nothing of vidcap."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import subprocess
from fractions import Fraction as F
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pysubs2
import pytest
import webvtt
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vidcap.captioning.caption import Caption
from vidcap.errors import DataError, UsageError
from vidcap.scenes import FrameCaption, Scene
from vidcap.subtitles import Cue, Document
from vidcap.subtitles.clean import clean_lines, clean_text
from vidcap.subtitles.formats import FORMATS, SubtitleFormat, format_for_file, format_named
from vidcap.subtitles.formats.ass import AdvancedSubStation
from vidcap.subtitles.formats.srt import SubRip
from vidcap.subtitles.formats.tables import Tsv
from vidcap.subtitles.formats.ttml import Ttml
from vidcap.subtitles.formats.vtt import WebVTT
from vidcap.subtitles.timed_text import TimedText, sentences


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
        scene = len(cues) // 2  # a sentence may take two cues
        cues.append(Cue(start, time, (first, *draw(st.lists(lines, max_size=3))), scene, ()))
    return Document(tuple(cues), (), made_by={"version": "0.1", draw(lines): draw(lines)})


HOSTILE_DOCUMENT = Document(
    tuple(Cue(n * 10, n * 10 + 10, ("x", line), n, ()) for n, line in enumerate(HOSTILE)), ()
)


@st.composite
def broken_files(draw: st.DrawFn) -> str:
    """A file of some format with a piece cut out and another put in."""
    text = draw(st.sampled_from(FORMATS)).write(HOSTILE_DOCUMENT)
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, len(text)))
    return text[:start] + draw(lines) + text[end:]


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
        assert format_for_file(Path(f"Film{format_.suffix.upper()}")) is format_
        assert format_.suffix.startswith(".")

    def test_writes_a_document_without_cues(self, format_: SubtitleFormat) -> None:
        text = format_.write(Document((), ()))
        assert format_.read(text) == []

    @given(document=documents())
    @example(document=HOSTILE_DOCUMENT)
    @settings(max_examples=50)
    def test_reads_back_what_it_wrote(self, format_: SubtitleFormat, document: Document) -> None:
        found = format_.read(format_.write(document))
        # Hundredths of a second are the least that SubStation Alpha counts, and no cue lasts none:
        # one of a millisecond ends up to 14 later.
        slack = 5 if format_.name == "ass" else 0
        held = (
            sentences(document.cues) if format_.name in ("txt", "descriptions") else document.cues
        )
        assert len(found) == len(held)
        for read, cue in zip(found, held, strict=True):
            assert abs(read.start_ms - cue.start_ms) <= slack
            assert abs(read.end_ms - cue.end_ms) <= (14 if slack else 0)
            assert letters(read.text) == letters(" ".join(cue.lines))

    @given(text=st.one_of(st.text(max_size=60), broken_files()))
    def test_refuses_what_it_cannot_read_in_words(self, format_: SubtitleFormat, text: str) -> None:
        try:
            found = format_.read(text)
        except DataError:
            return
        assert all(isinstance(timed, TimedText) for timed in found)


def test_unknown_formats_are_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no subtitle format 'doc'; name one of srt, vtt, desc"):
        format_named("doc")
    with pytest.raises(UsageError, match=r"a\.doc: .* '\.doc'; use one of \.srt, \.vtt, \.desc"):
        format_for_file(Path("a.doc"))


def test_the_longest_suffix_picks_the_format() -> None:
    assert format_for_file(Path("film.en.descriptions.vtt")).name == "descriptions"
    assert format_for_file(Path("film.descriptions.en.vtt")).name == "vtt"


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
@example(HOSTILE_DOCUMENT)
def test_srt_is_read_back_by_pysubs2(document: Document) -> None:
    text = SubRip().write(document)
    assert by_pysubs2(text, "srt") == as_read(document)
    assert text.count("-->") == len(document.cues)
    for number, block in enumerate(text.split("\n\n") if text else [], start=1):
        assert block.split("\n")[0] == str(number)


@given(documents())
@example(HOSTILE_DOCUMENT)
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


def test_an_ass_file_s_events_to_the_letter() -> None:
    events = AdvancedSubStation().write(DOCUMENT).split("[Events]\n")[1].splitlines()[1:]
    assert events == [
        "Dialogue: 0,0:00:00.00,0:00:02.00,Default,,0,0,0,,A dog runs\\Nthrough the grass.",
        'Dialogue: 0,1:00:00.00,1:00:02.04,Default,,0,0,0,,A sign says "1 < 2 & <b>".',
    ]


@given(documents())
@example(HOSTILE_DOCUMENT)
def test_ttml_is_read_back_by_an_xml_parser_and_pysubs2(document: Document) -> None:
    text = Ttml().write(document)
    namespace = "{http://www.w3.org/ns/ttml}"
    root = ElementTree.fromstring(text)
    paragraphs = list(root.iter(f"{namespace}p"))
    said = ["\n".join(paragraph.itertext()) for paragraph in paragraphs]
    held = ["\n".join(clean_lines(cue.lines)) for cue in document.cues]
    assert said == [re.sub("[\ufffe\uffff]", "\ufffd", text) for text in held]
    assert [read[:2] for read in by_pysubs2(text, "ttml")] == [
        (cue.start_ms, cue.end_ms) for cue in document.cues
    ]


@given(documents())
@example(HOSTILE_DOCUMENT)
def test_tsv_is_read_back_by_the_csv_module(document: Document) -> None:
    rows = csv.reader(io.StringIO(Tsv().write(document)), "excel-tab", quoting=csv.QUOTE_NONE)
    assert next(rows) == ["start", "end", "text"]
    assert [(int(start), int(end), text) for start, end, text in rows] == [
        (cue.start_ms, cue.end_ms, clean_text(" ".join(cue.lines))) for cue in document.cues
    ]


@pytest.mark.parametrize(
    ("times", "found"),
    [
        ('begin="1s" end="2.5s"', (1000, 2500)),
        ('begin="1500ms" dur="500ms"', (1500, 2000)),
        ('begin="25f" end="50f"', (1000, 2000)),
        ('begin="00:00:01:05" end="00:01:00.25"', (1200, 60_250)),
        ('begin="10000000t" end="20000000t"', (1000, 2000)),
        ('begin="0.5h"', (1_800_000, 1_800_000)),
    ],
)
def test_ttml_of_others_counts_in_many_ways(times: str, found: tuple[int, int]) -> None:
    text = (
        '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:p="http://www.w3.org/ns/ttml#parameter" '
        'p:frameRate="25" p:tickRate="10000000"><body><div begin="10s">'
        f"<p {times}>A <span>dog</span><br/>\n  runs. </p></div></body></tt>"
    )
    (read,) = Ttml().read(text)
    assert (read.start_ms - 10_000, read.end_ms - 10_000) == found
    assert read.lines == ("A dog", "runs.")


def test_ttml_that_declares_entities_is_refused() -> None:
    text = '<!DOCTYPE tt [<!ENTITY a "b">]><tt xmlns="http://www.w3.org/ns/ttml">&a;</tt>'
    with pytest.raises(DataError, match="declares a document type"):
        Ttml().read(text)


def test_markup_of_others_is_taken_away() -> None:
    srt = "1\n00:00:01,000 --> 00:00:02,000\n{\\an8}<i>A dog</i>\n<font color=red>runs</font>\n"
    assert SubRip().read(srt)[0].lines == ("A dog", "runs")
    vtt = "WEBVTT\n\nSTYLE\n::cue {}\n\n00:01.000 --> 00:02.000 line:0\n<v Bob>A &amp; <b>B</b>\n"
    assert WebVTT().read(vtt) == [TimedText(1000, 2000, ("A & B",))]
