"""SubRip, ``.srt``: the format that every player reads and nobody standardised."""

from __future__ import annotations

import re
from collections.abc import Sequence

from vidcap.subtitles.clean import clean_text
from vidcap.subtitles.document import Document
from vidcap.subtitles.times import clock

# SubRip knows no escapes.  Readers take these for tags (HTML's, and those of SubStation Alpha that
# players support on top) and swallow them, so that words would be lost.
_TAG = re.compile(r"<(?=\s*/?\s*[^\W\d_])")
_LOOK_ALIKES = str.maketrans({"{": "(", "}": ")", "\\": "/"})


class SubRip:
    """Writes SubRip files: UTF-8 without a byte-order mark, cues numbered from 1.

    What readers would take for a tag is written with look-alikes: ``<`` before a letter as U+2039,
    braces as parentheses, a backslash as a slash.  The text is otherwise that of the cues, cleaned
    by :func:`vidcap.subtitles.clean.clean_text`.
    """

    name = "srt"
    suffix = ".srt"

    def write(self, document: Document) -> str:
        """Return the file; empty without cues."""
        blocks = []
        for number, cue in enumerate(document.cues, start=1):
            times = f"{clock(cue.start_ms, ',')} --> {clock(cue.end_ms, ',')}"
            blocks.append("\n".join([str(number), times, *_payload(cue.lines)]) + "\n")
        return "\n".join(blocks)


def _payload(lines: Sequence[str]) -> list[str]:
    payload: list[str] = []
    for line in lines:
        text = _TAG.sub("\u2039", clean_text(line)).translate(_LOOK_ALIKES)
        if text.isdecimal() and payload:
            # Readers take a last line of digits for the number of the next cue.
            payload[-1] += f" {text}"
        elif text:
            payload.append(text)
    return payload
