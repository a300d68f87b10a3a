"""JSON, ``.json``: the script with its verdicts, its omissions and its provenance.

The schema is in ``description.schema.json`` beside this module.  Additions keep the number in
``schema``; a change that a reader could trip over raises it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from vidcap.description.script import Candidate, Description, Omitted, Script, Span
from vidcap.errors import DataError
from vidcap.subtitles.formats.json_format import storable
from vidcap.subtitles.timed_text import TimedText

SCHEMA = "vidcap.description/1"


class JsonScript:
    """Scripts as JSON: UTF-8, keys in a fixed order, two blanks of indent, times in milliseconds.

    To edit one, change ``text``, ``start_ms`` and ``end_ms`` in ``descriptions``; the rest is not
    read again.
    """

    name = "json"
    suffix = ".json"

    def write(self, script: Script) -> str:
        """Return the file."""
        data = {
            "schema": SCHEMA,
            "language": script.language,
            "mode": script.mode,
            "film": dict(script.film),
            "length_ms": script.length_ms,
            "made_by": dict(script.made_by),
            "settings": dict(script.settings),
            "risk": dict(script.risk),
            "notes": list(script.notes),
            "descriptions": [_description(one) for one in script.told],
            "left_out": [_left_out(one) for one in script.left],
            "gaps": _spans(script.gaps),
            "speech": _spans(script.speech),
        }
        return json.dumps(storable(data), ensure_ascii=False, allow_nan=False, indent=2) + "\n"

    def read(self, text: str) -> list[TimedText]:
        """Return the sentences of a file.

        Raises:
            DataError: it is no JSON, or no file of this schema.
        """
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DataError(f"is no JSON file: {error}") from error
        schema = data.get("schema") if isinstance(data, dict) else None
        if schema != SCHEMA:
            raise DataError(f"is no script: its schema is {schema!r}, not {SCHEMA!r}")
        try:
            return [
                TimedText(_whole(one["start_ms"]), _whole(one["end_ms"]), (_string(one["text"]),))
                for one in data["descriptions"]
            ]
        except (KeyError, TypeError) as error:
            raise DataError(f"is no script: {error} is not as the schema has it") from None


def _description(one: Description) -> dict[str, Any]:
    return {
        "start_ms": one.start_ms,
        "end_ms": one.start_ms + one.spoken_ms,
        "text": one.text,
        "verdict": str(one.verdict),
        "needed_ms": one.needed_ms,
        "available_ms": one.available_ms,
        "spoken_ms": one.spoken_ms,
        "pause_ms": one.pause_ms,
        "words_per_minute": one.words_per_minute,
        "note": one.note,
        **_candidate(one.candidate),
    }


def _left_out(one: Omitted) -> dict[str, Any]:
    return {
        "verdict": str(one.verdict),
        "reason": one.reason,
        "needed_ms": one.needed_ms,
        "available_ms": one.available_ms,
        **_candidate(one.candidate),
    }


def _candidate(one: Candidate) -> dict[str, Any]:
    sure = one.confidence
    return {
        "scene": one.scene,
        "scene_start_ms": one.start_ms,
        "scene_end_ms": one.end_ms,
        "whole_text": one.text,
        "detail": str(one.detail),
        "confidence": None if sure is None else round(sure, 4),
    }


def _spans(spans: Iterable[Span]) -> list[list[int]]:
    return [[span.start_ms, span.end_ms] for span in spans]


def _whole(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**12:
        return value
    raise TypeError(repr(value))


def _string(value: object) -> str:
    if isinstance(value, str):
        return value
    raise TypeError(repr(value))
