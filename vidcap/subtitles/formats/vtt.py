"""WebVTT, ``.vtt`` (W3C Candidate Recommendation): what browsers read."""

from __future__ import annotations

from vidcap.subtitles.clean import clean_text
from vidcap.subtitles.document import Document
from vidcap.subtitles.times import clock


class WebVTT:
    """Writes WebVTT files, with what made them in a NOTE at the top."""

    name = "vtt"
    suffix = ".vtt"

    def write(self, document: Document) -> str:
        """Return the file; without cues, its header."""
        facts = {**document.made_by, "language": document.language}
        note = [f"{_escape(key)}: {_escape(str(value))}" for key, value in facts.items()]
        blocks = ["WEBVTT", "\n".join(["NOTE", *note])]
        for number, cue in enumerate(document.cues, start=1):
            times = f"{clock(cue.start_ms, '.')} --> {clock(cue.end_ms, '.')}"
            payload = [text for text in map(_escape, cue.lines) if text]
            blocks.append("\n".join([str(number), times, *payload]))
        return "\n\n".join(blocks) + "\n"


def _escape(text: str) -> str:
    text = clean_text(text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
