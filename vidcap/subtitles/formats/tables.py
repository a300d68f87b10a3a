"""Texts with times for people and spreadsheets: a table, and a transcript."""

from __future__ import annotations

import re

from vidcap.errors import DataError
from vidcap.subtitles.clean import clean_text
from vidcap.subtitles.document import Document
from vidcap.subtitles.timed_text import TimedText, parse_clock, sentences
from vidcap.subtitles.times import clock


class Tsv:
    """A table with a line a cue: start and end in milliseconds, and the text in one line.

    The columns are ``start``, ``end`` and ``text``, parted by tabs; nothing is quoted, as cleaned
    text holds no tab and no line end.
    """

    name = "tsv"
    suffix = ".tsv"

    def write(self, document: Document) -> str:
        """Return the file; without cues, the names of its columns."""
        rows = ["start\tend\ttext"]
        for cue in document.cues:
            if text := clean_text(" ".join(cue.lines)):
                rows.append(f"{cue.start_ms}\t{cue.end_ms}\t{text}")
        return "\n".join(rows) + "\n"

    def read(self, text: str) -> list[TimedText]:
        """Return the texts of a file.

        Raises:
            DataError: it has other columns, or a row without two whole numbers.
        """
        head, *rows = text.split("\n")
        if head.split("\t") != ["start", "end", "text"]:
            raise DataError("is no TSV file of cues: its columns are not start, end and text")
        found: list[TimedText] = []
        for number, row in enumerate(rows, start=2):
            start, _, rest = row.partition("\t")
            end, _, said = rest.partition("\t")
            if not row:
                continue
            if not all(re.fullmatch("[0-9]{1,11}", time) for time in (start, end)):
                raise DataError(f"line {number}: {row[:40]!r} does not begin with two times in ms")
            found.append(TimedText(int(start), int(end), (said,) if said else ()))
        return found


class Transcript:
    """Sentences one below the other, each behind its times: ``[00:00:01.000-00:00:04.200] ...``."""

    name = "txt"
    suffix = ".txt"

    _ROW = re.compile(r"\[([0-9:.]{5,20})-([0-9:.]{5,20})\] ?(.*)")

    def write(self, document: Document) -> str:
        """Return the file; empty without cues."""
        rows = [
            f"[{clock(said.start_ms, '.')}-{clock(said.end_ms, '.')}] {text}\n"
            for said in sentences(document.cues)
            if (text := clean_text(said.text))
        ]
        return "".join(rows)

    def read(self, text: str) -> list[TimedText]:
        """Return the texts of a file.

        Raises:
            DataError: a line does not begin with two times in brackets.
        """
        found: list[TimedText] = []
        for number, row in enumerate(text.split("\n"), start=1):
            if not row.strip():
                continue
            match = self._ROW.fullmatch(row)
            try:
                if match is None:
                    raise ValueError
                times = parse_clock(match[1]), parse_clock(match[2])
            except ValueError as error:
                raise DataError(
                    f"line {number}: {row[:40]!r} has no [start-end] in front"
                ) from error
            found.append(TimedText(*times, (match[3],) if match[3] else ()))
        return found
