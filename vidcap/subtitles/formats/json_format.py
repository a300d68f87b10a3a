"""JSON, ``.json``: the cues with all that is known of how they came about.

The schema is described in ``docs/json.md`` and given exactly in ``subtitles.schema.json`` beside
this module.  Additions keep the number in ``schema``; a change that a reader could trip over raises
it.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from fractions import Fraction
from typing import Any

from vidcap.errors import DataError
from vidcap.scenes.scene import FrameCaption, Scene
from vidcap.subtitles.cues import Cue
from vidcap.subtitles.document import Document
from vidcap.subtitles.timed_text import TimedText

SCHEMA = "vidcap.subtitles/1"


class Json:
    """Documents as JSON: UTF-8, keys in a fixed order, two blanks of indent."""

    name = "json"
    suffix = ".json"

    def write(self, document: Document) -> str:
        """Return the file."""
        data = {
            "schema": SCHEMA,
            "language": document.language,
            "video": dict(document.video),
            "made_by": dict(document.made_by),
            "settings": dict(document.settings),
            "status": {
                "completeness": str(document.completeness),
                "notes": list(document.notes),
            },
            "scenes": [_scene(scene) for scene in document.scenes],
            "cues": [_cue(cue) for cue in document.cues],
        }
        text = json.dumps(storable(data), ensure_ascii=False, allow_nan=False, indent=2)
        return text + "\n"

    def read(self, text: str) -> list[TimedText]:
        """Return the cues of a file.

        Raises:
            DataError: it is no JSON, or no file of this schema.
        """
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DataError(f"is no JSON file: {error}") from error
        schema = data.get("schema") if isinstance(data, dict) else None
        if schema != SCHEMA:
            raise DataError(f"is no JSON file of cues: its schema is {schema!r}, not {SCHEMA!r}")
        try:
            return [
                TimedText(_whole(cue["start_ms"]), _whole(cue["end_ms"]), _strings(cue["lines"]))
                for cue in data["cues"]
            ]
        except (KeyError, TypeError) as error:
            raise DataError(
                f"is no JSON file of cues: {error} is not as the schema has it"
            ) from None


def _scene(scene: Scene) -> dict[str, Any]:
    return {
        "start": _seconds(scene.start),
        "end": _seconds(scene.end),
        "text": scene.text,
        "score": _score(scene.score),
        "confidence": _confidence(scene.confidence),
        "frames": [_frame(frame) for frame in scene.frames],
    }


def _frame(frame: FrameCaption) -> dict[str, Any]:
    return {
        "ticks": frame.ticks,
        "time": _seconds(frame.time),
        "shot": frame.shot,
        "shot_start": _seconds(frame.shot_start),
        "text": frame.caption.text,
        "score": _score(frame.caption.score),
        "confidence": _confidence(frame.caption.confidence),
    }


def _cue(cue: Cue) -> dict[str, Any]:
    return {
        "start_ms": cue.start_ms,
        "end_ms": cue.end_ms,
        "lines": list(cue.lines),
        "scene": cue.scene,
        "breaks": [asdict(found) for found in cue.breaks],
    }


def _whole(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise TypeError(repr(value))


def _strings(value: object) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
        return tuple(value)
    raise TypeError(repr(value))


def _seconds(time: Fraction) -> float:
    return float(round(time, 3))


def _score(score: float) -> float | None:
    return round(score, 4) if math.isfinite(score) else None


def _confidence(confidence: float | None) -> float | None:
    return None if confidence is None else _score(confidence)


def storable(value: Any) -> Any:
    """Return ``value`` with all that UTF-8 or JSON cannot hold replaced, at any depth."""
    if isinstance(value, str):
        # Lone surrogates: a file name that is not UTF-8, or a captioner's slip.
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {storable(key): storable(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [storable(entry) for entry in value]
    return value
