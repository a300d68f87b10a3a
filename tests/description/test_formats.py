"""The conformance suite of script formats: every member of the family passes all of it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
import webvtt
from hypothesis import given
from hypothesis import strategies as st

import vidcap.description.formats
from vidcap.description.formats import FORMATS, ScriptFormat, format_for_script
from vidcap.description.formats.dapt import RAMP_MS, Dapt
from vidcap.description.script import Candidate, Description, Detail, Omitted, Script, Span, Verdict
from vidcap.errors import DataError, UsageError
from vidcap.subtitles.clean import clean_text

SCHEMA = json.loads(
    Path(vidcap.description.formats.__file__).with_name("description.schema.json").read_text()
)
TT, TTP, TTA, DAPTM = (
    "{http://www.w3.org/ns/ttml}",
    "{http://www.w3.org/ns/ttml#parameter}",
    "{http://www.w3.org/ns/ttml#audio}",
    "{http://www.w3.org/ns/ttml/profile/dapt#metadata}",
)
NS_XML = "{http://www.w3.org/XML/1998/namespace}"


def told(start: int, spoken: int, text: str, *, pause: int = 0) -> Description:
    return Description(
        start_ms=start,
        end_ms=start if pause else start + spoken,
        text=text,
        verdict=Verdict.PAUSE if pause else Verdict.FITS,
        needed_ms=spoken,
        available_ms=spoken + 10,
        spoken_ms=spoken,
        pause_ms=pause,
        speed=0.7,
        words_per_minute=160.0,
        candidate=Candidate(0, start, start + 5000, text, Detail.FULL, 0.5),
    )


def script(*descriptions: Description) -> Script:
    return Script(
        told=descriptions,
        left=(Omitted(Candidate(3, 0, 9, "A dog.", Detail.HEAD, None), "no room", Verdict.PAUSE),),
        speech=(Span(1, 2),),
        gaps=(Span(2, 900),),
        length_ms=1000,
        duck_db=12.0,
        film={"path": "a\udc80.mp4", "duration": float("nan")},
        made_by={"version": "1", "captioner": "x & <y> --> \x00"},
    )


TEXTS = (
    st.text(max_size=40)
    | st.sampled_from(
        ["-->", "<b>&amp;</b>", "\u05e9\u05dc\u05d5\u05dd \U0001f600", "a\n\n1\n00:00:01,000 --> x"]
    )
).filter(lambda text: bool(clean_text(text)))


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    place, made = 0, []
    for _ in range(draw(st.integers(0, 5))):
        place += draw(st.integers(0, 90_000))
        spoken = draw(st.integers(1, 9000))
        pause = draw(st.sampled_from([0, spoken + 800]))
        made.append(told(place, spoken, draw(TEXTS), pause=pause))
        place += spoken
    return script(*made)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
@given(made=scripts())
def test_what_is_written_is_read_again(form: ScriptFormat, made: Script) -> None:
    text = form.write(made)
    text.encode("utf-8")
    assert text == form.write(made)
    found = [(one.start_ms, one.end_ms, _plain(one.text)) for one in form.read(text)]
    assert found == [
        (one.start_ms, one.start_ms + one.spoken_ms, _plain(one.text)) for one in made.told
    ]


def _plain(text: str) -> str:
    # What XML cannot hold is told by a mark in its place, and blanks by one.
    kept = "".join(c if c.isprintable() else " " for c in clean_text(text).replace("\ufffd", " "))
    return " ".join(kept.split())


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
@pytest.mark.parametrize(
    "text", ["\x00", "<x/>", '{"schema": 1}', "1\n00:00:00,0 --> 1\nx", "<!DOCTYPE x>"]
)
def test_what_is_no_script_is_refused(form: ScriptFormat, text: str) -> None:
    with pytest.raises(DataError):
        form.read(text)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_a_format_is_known_by_its_suffix(form: ScriptFormat) -> None:
    assert format_for_script(Path(f"film.en{form.suffix.upper()}")) is form


def test_a_suffix_that_no_format_has_is_named() -> None:
    with pytest.raises(UsageError, match=r"no script ends in '\.xml'; it can be .*\.dapt\.xml"):
        format_for_script(Path("film.xml"))


@given(made=scripts())
def test_json_is_as_its_schema_says(made: Script) -> None:
    jsonschema.validate(json.loads(FORMATS[2].write(made)), SCHEMA)


@given(made=scripts())
def test_vtt_is_legal_to_another_parser(made: Script) -> None:
    cues = webvtt.from_string(FORMATS[0].write(made)).captions
    assert len(cues) == len(made.told)
    assert len({cue.identifier for cue in cues}) == len(cues)
    starts = [cue.start_in_seconds for cue in cues]
    assert starts == sorted(starts)
    assert all("\n" not in cue.raw_text for cue in cues)


@given(made=scripts())
def test_dapt_is_as_the_standard_has_it(made: Script) -> None:
    root = ElementTree.fromstring(Dapt().write(made))
    assert root.tag == f"{TT}tt"
    assert root.get(f"{TTP}contentProfiles") == (
        "http://www.w3.org/ns/ttml/profile/dapt1.0/content"
    )
    assert root.get(f"{NS_XML}lang") == "en"
    assert root.get(f"{DAPTM}langSrc") == "zxx"
    assert root.get(f"{DAPTM}scriptRepresents") == "visual.nonText"
    assert root.get(f"{DAPTM}scriptType") == "preRecording"
    events = root.findall(f"{TT}body/{TT}div")
    assert len(events) == len(made.told)
    ids = [event.get(f"{NS_XML}id") for event in events]
    assert len(set(ids)) == len(ids)
    for event, one in zip(events, made.told, strict=True):
        assert event.get(f"{DAPTM}represents") == "visual.nonText"
        (paragraph,) = event
        assert paragraph.tag == f"{TT}p"
        down, up, span = paragraph
        assert down.tag == up.tag == f"{TT}animate"
        assert down.get(f"{TTA}gain") == "1;0.251"
        assert down.get("fill") == "freeze"
        assert up.get(f"{TTA}gain") == "0.251;1"
        assert span.get(f"{TTA}speak") == "normal"
        begin = _milliseconds(str(event.get("begin")))
        assert begin == max(0, one.start_ms - RAMP_MS)
        assert begin + _milliseconds(str(span.get("begin"))) == one.start_ms
        assert span.get("begin") == down.get("end") or one.start_ms == 0
        assert _milliseconds(str(event.get("end"))) == one.start_ms + one.spoken_ms + RAMP_MS


def _milliseconds(text: str) -> int:
    if text.endswith("s"):
        return round(float(text[:-1]) * 1000)
    hours, minutes, seconds = text.split(":")
    return round(((int(hours) * 60 + int(minutes)) * 60 + float(seconds)) * 1000)


def test_a_script_of_another_tool_is_read() -> None:
    text = """<tt xmlns="http://www.w3.org/ns/ttml" xml:lang="en"><body>
      <div begin="10s" end="13s"><p>A person climbs <span>into a boat.</span></p></div>
      <div begin="20s" end="25s"><p><span begin="1s" dur="2s">Sails.</span></p></div>
    </body></tt>"""
    found = [(one.start_ms, one.end_ms, one.text) for one in Dapt().read(text)]
    assert found == [(10_000, 13_000, "A person climbs into a boat."), (21_000, 23_000, "Sails.")]
