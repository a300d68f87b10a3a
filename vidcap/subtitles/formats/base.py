"""The protocol of subtitle formats."""

from __future__ import annotations

from typing import Protocol

from vidcap.subtitles.document import Document
from vidcap.subtitles.timed_text import TimedText


class SubtitleFormat(Protocol):
    """One way to write a document down, and to read what others wrote."""

    @property
    def name(self) -> str:
        """What the format is called on the command line."""

    @property
    def suffix(self) -> str:
        """What its files end in, with the dot."""

    def write(self, document: Document) -> str:
        """Return the whole file as text that UTF-8 can hold, line ends being line feeds.

        The same document gives the same text.  Never raises, whatever the text of the cues.
        """
        ...

    def read(self, text: str) -> list[TimedText]:
        """Return the texts of a file in its order, without markup.

        Of a file that :meth:`write` made these are its cues, or its sentences where the format
        holds those; from the files of others what can be made out is taken.

        Raises:
            DataError: this is no file of the format.
        """
        ...
