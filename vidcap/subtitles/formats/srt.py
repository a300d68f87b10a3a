"""SubRip, ``.srt``: read by every player, without a formal standard."""

from __future__ import annotations

import re

from vidcap.errors import DataError
from vidcap.subtitles.clean import clean_lines
from vidcap.subtitles.document import Document
from vidcap.subtitles.formats.ssa import LOOK_ALIKES, read_with_pysubs2
from vidcap.subtitles.timed_text import TimedText
from vidcap.subtitles.times import clock

# SubRip knows no escapes.  Readers take these for tags (HTML's, and those of SubStation Alpha that
# players support on top) and swallow them, so that words would be lost.
_TAG = re.compile(r"<(?=\s*/?\s*[^\W\d_])")


class SubRip:
    """SubRip files: UTF-8 without a byte-order mark, cues numbered from 1.

    What readers would take for a tag is written with look-alikes: ``<`` before a letter as U+2039,
    braces as parentheses, a backslash as a slash.  The text is otherwise that of the cues, cleaned
    by :func:`vidcap.subtitles.clean.clean_lines`.
    """

    name = "srt"
    suffix = ".srt"

    def write(self, document: Document) -> str:
        """Return the file; empty without cues."""
        blocks: list[str] = []
        for cue in document.cues:
            if lines := clean_lines(cue.lines):
                times = f"{clock(cue.start_ms, ',')} --> {clock(cue.end_ms, ',')}"
                payload = [_TAG.sub("\u2039", line).translate(LOOK_ALIKES) for line in lines]
                blocks.append("\n".join([str(len(blocks) + 1), times, *payload]) + "\n")
        return "\n".join(blocks)

    def read(self, text: str) -> list[TimedText]:
        """Return the texts of a file.

        Raises:
            DataError: there is no line of times in it.
        """
        found = read_with_pysubs2(text, "srt", "SubRip")
        if not found and text.strip():
            raise DataError("is no SubRip file: there is no line of times in it")
        return found
