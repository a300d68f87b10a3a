"""WebVTT of kind descriptions, ``.vtt``: for a page's ``<track kind="descriptions">``."""

from __future__ import annotations

from vidcap.description.script import Script
from vidcap.subtitles.cues import Cue
from vidcap.subtitles.document import Document
from vidcap.subtitles.formats.vtt import Descriptions
from vidcap.subtitles.timed_text import TimedText


class VttScript:
    """WebVTT descriptions: a sentence a cue, from when it is begun to when it is said.

    Times are those of the film as it was: a cue for which the film stands still lasts as long as
    its sentence.
    """

    name = "vtt"
    suffix = ".vtt"

    def write(self, script: Script) -> str:
        """Return the file; where nothing is told, its header."""
        cues = tuple(
            Cue(one.start_ms, one.start_ms + max(1, one.spoken_ms), (one.text,), place, ())
            for place, one in enumerate(script.told)
        )
        return Descriptions().write(
            Document(cues=cues, scenes=(), language=script.language, made_by=script.made_by)
        )

    def read(self, text: str) -> list[TimedText]:
        """Return the sentences of a file."""
        return Descriptions().read(text)
