"""WebVTT, ``.vtt`` (W3C Candidate Recommendation): the format of browsers."""

from __future__ import annotations

import html
import re

from vidcap.errors import DataError
from vidcap.subtitles.clean import clean_lines
from vidcap.subtitles.document import Document
from vidcap.subtitles.timed_text import TimedText, parse_clock, sentences
from vidcap.subtitles.times import clock

_TAG = re.compile(r"<[^>]*>?")


class WebVTT:
    """WebVTT files, with what made them in a NOTE at the top.

    ``&``, ``<`` and ``>`` are escaped; text is otherwise that of the cues, cleaned by
    :func:`vidcap.subtitles.clean.clean_lines`.
    """

    name = "vtt"
    suffix = ".vtt"

    def write(self, document: Document) -> str:
        """Return the file; without cues, its header."""
        return _file(
            document, [TimedText(cue.start_ms, cue.end_ms, cue.lines) for cue in document.cues]
        )

    def read(self, text: str) -> list[TimedText]:
        """Return the texts of a file, tags taken away and character references replaced.

        Raises:
            DataError: it does not begin as WebVTT does, or a time in it is none.
        """
        import webvtt

        try:
            cues = webvtt.from_string(text).captions
            return [
                TimedText(parse_clock(cue.start), parse_clock(cue.end), _plain(cue.raw_text))
                for cue in cues
            ]
        except (webvtt.errors.MalformedFileError, ValueError) as error:
            raise DataError(f"is no WebVTT file: {error or 'no WEBVTT at its start'}") from error


class Descriptions(WebVTT):
    """WebVTT for a page's ``<track kind="descriptions">``: sentences to be spoken, not broken.

    A sentence is one cue of one line, from where it begins to where the last of its cues ends.
    """

    name = "descriptions"
    suffix = ".descriptions.vtt"

    def write(self, document: Document) -> str:
        """Return the file; without cues, its header."""
        return _file(document, sentences(document.cues))


def _file(document: Document, texts: list[TimedText]) -> str:
    blocks = ["WEBVTT", "\n".join(["NOTE", *map(_escape, document.origin())])]
    number = 0
    for timed in texts:
        if lines := clean_lines(timed.lines):
            number += 1
            times = f"{clock(timed.start_ms, '.')} --> {clock(timed.end_ms, '.')}"
            blocks.append("\n".join([str(number), times, *map(_escape, lines)]))
    return "\n\n".join(blocks) + "\n"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain(payload: str) -> tuple[str, ...]:
    lines = (html.unescape(_TAG.sub("", line)) for line in payload.split("\n"))
    return tuple(line for line in lines if line)
