"""Plain text with times, ``.txt``: to be read, and for a recording studio's desk."""

from __future__ import annotations

import re

from vidcap.description.script import Script
from vidcap.errors import DataError
from vidcap.subtitles.clean import clean_text
from vidcap.subtitles.timed_text import TimedText, parse_clock
from vidcap.subtitles.times import clock

_LINE = re.compile(r"([0-9:.]+) - ([0-9:.]+)\s+(.*)")


class TextScript:
    """A line for each sentence: when it begins, when it ends, and what is said."""

    name = "txt"
    suffix = ".txt"

    def write(self, script: Script) -> str:
        """Return the file; empty where nothing is told."""
        return "".join(
            f"{clock(one.start_ms, '.')} - {clock(one.start_ms + one.spoken_ms, '.')}"
            f"  {clean_text(one.text)}\n"
            for one in script.told
        )

    def read(self, text: str) -> list[TimedText]:
        """Return the sentences of a file.

        Raises:
            DataError: a line is none of these.
        """
        found = []
        for number, line in enumerate(text.split("\n"), start=1):
            if not line.strip():
                continue
            parts = _LINE.fullmatch(line.strip())
            try:
                if parts is None:
                    raise ValueError("it is not 'START - END  TEXT'")
                found.append(TimedText(parse_clock(parts[1]), parse_clock(parts[2]), (parts[3],)))
            except (ValueError, ZeroDivisionError) as error:
                raise DataError(f"is no script: line {number}: {error}") from error
        return found
