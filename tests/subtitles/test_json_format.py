from __future__ import annotations

import json
import math
from fractions import Fraction as F
from importlib import resources
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcap.captioning.caption import Caption
from vidcap.scenes import FrameCaption, Scene
from vidcap.subtitles import Break, Cue, Document, video_facts
from vidcap.subtitles.formats.json_format import SCHEMA, Json

# Those of VideoInfo's fields that a document holds.
INFO: Any = SimpleNamespace(
    container="mov,mp4,m4a,3gp,3g2,mj2",
    codec="h264",
    width=1080,
    height=1920,
    time_base=F(1, 12800),
    start_time=F(-21, 1000),
    frame_rate=F(30000, 1001),
)


def document(text: str = "a dog runs", score: float = -0.123456) -> Document:
    frame = FrameCaption(427, F(427, 12800), 0, F(0), Caption(text, score, 0.25))
    return Document(
        cues=(Cue(0, 1999, ("A dog", "runs."), 0, (Break("shortest", 0.5, 0.833),)),),
        scenes=(Scene(F(0), F(1001, 501), text, score, (frame,), 0.123456),),
        language="en",
        video=video_facts(INFO, path="film.mp4", end=F(1001, 501)),
        made_by={"version": "0.1.0", "captioner": "default", "checkpoint": "ab" * 32},
        settings={"preset": "netflix", "fps": 1.0, "end": None, "force": False},
        completeness="cut short",
        notes=("The file ends early.",),
    )


@pytest.fixture(scope="module")
def validator() -> Any:
    folder = resources.files("vidcap.subtitles.formats")
    schema = json.loads((folder / "subtitles.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["properties"]["schema"]["const"] == SCHEMA
    return jsonschema.Draft202012Validator(schema)


def test_a_document_to_the_letter(validator: Any) -> None:
    data = json.loads(Json().write(document()))
    validator.validate(data)
    assert data == {
        "schema": "vidcap.subtitles/1",
        "language": "en",
        "video": {
            "path": "film.mp4",
            "container": "mov,mp4,m4a,3gp,3g2,mj2",
            "codec": "h264",
            "width": 1080,
            "height": 1920,
            "duration": 1.998,
            "frame_rate": "30000/1001",
            "time_base": "1/12800",
            "start_time": "-21/1000",
        },
        "made_by": {"version": "0.1.0", "captioner": "default", "checkpoint": "ab" * 32},
        "settings": {"preset": "netflix", "fps": 1.0, "end": None, "force": False},
        "status": {"completeness": "cut short", "notes": ["The file ends early."]},
        "scenes": [
            {
                "start": 0.0,
                "end": 1.998,
                "text": "a dog runs",
                "score": -0.1235,
                "confidence": 0.1235,
                "frames": [
                    {
                        "ticks": 427,
                        "time": 0.033,
                        "shot": 0,
                        "shot_start": 0.0,
                        "text": "a dog runs",
                        "score": -0.1235,
                        "confidence": 0.25,
                    }
                ],
            }
        ],
        "cues": [
            {
                "start_ms": 0,
                "end_ms": 1999,
                "lines": ["A dog", "runs."],
                "scene": 0,
                "breaks": [{"rule": "shortest", "value": 0.5, "limit": 0.833}],
            }
        ],
    }


def test_keys_stand_in_the_documented_order() -> None:
    assert list(json.loads(Json().write(document()))) == [
        "schema",
        "language",
        "video",
        "made_by",
        "settings",
        "status",
        "scenes",
        "cues",
    ]


@given(st.text(st.characters()), st.floats())
def test_any_caption_gives_valid_json(text: str, score: float) -> None:
    written = Json().write(document(text, score))
    written.encode("utf-8")
    (scene,) = json.loads(written, parse_constant=pytest.fail)["scenes"]
    assert scene["text"] == "".join("?" if "\ud800" <= c <= "\udfff" else c for c in text)
    assert scene["score"] == (round(score, 4) if math.isfinite(score) else None)


def test_a_file_name_that_is_no_text_can_be_written(validator: Any) -> None:
    facts = video_facts(INFO, path="film\udcff.mp4", end=F(1))
    data = json.loads(Json().write(Document((), (), video=facts)).encode("utf-8"))
    validator.validate(data)
    assert data["video"]["path"] == "film?.mp4"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), "vidcap.subtitles/2"),
        (("status", "completeness"), "fine"),
        (("cues", 0, "start_ms"), 0.5),
        (("cues", 0, "lines"), []),
        (("cues", 0, "breaks", 0, "rule"), "beauty"),
        (("scenes", 0, "frames"), []),
        (("video", "time_base"), 0.04),
    ],
)
def test_the_schema_refuses_what_a_reader_could_trip_over(
    validator: Any, path: tuple[Any, ...], value: Any
) -> None:
    data = json.loads(Json().write(document()))
    *way, last = path
    place = data
    for key in way:
        place = place[key]
    place[last] = value
    assert not validator.is_valid(data)
