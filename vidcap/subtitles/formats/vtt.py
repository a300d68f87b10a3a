"""WebVTT, ``.vtt`` (W3C Candidate Recommendation): what browsers read."""

from __future__ import annotations

from vidcap.subtitles.clean import clean_lines, clean_text
from vidcap.subtitles.document import Document
from vidcap.subtitles.times import clock


class WebVTT:
    """Writes WebVTT files, with what made them in a NOTE at the top.

    ``&``, ``<`` and ``>`` are escaped; text is otherwise that of the cues, cleaned by
    :func:`vidcap.subtitles.clean.clean_lines`.
    """

    name = "vtt"
    suffix = ".vtt"

    def write(self, document: Document) -> str:
        """Return the file; without cues, its header."""
        facts = {**document.made_by, "language": document.language}
        note = [_escape(clean_text(f"{key}: {value}")) for key, value in facts.items()]
        blocks = ["WEBVTT", "\n".join(["NOTE", *note])]
        number = 0
        for cue in document.cues:
            if lines := clean_lines(cue.lines):
                number += 1
                times = f"{clock(cue.start_ms, '.')} --> {clock(cue.end_ms, '.')}"
                blocks.append("\n".join([str(number), times, *map(_escape, lines)]))
        return "\n\n".join(blocks) + "\n"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
