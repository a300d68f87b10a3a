"""What every subtitle format can do."""

from __future__ import annotations

from typing import Protocol

from vidcap.subtitles.document import Document


class SubtitleFormat(Protocol):
    """One way to write a document down."""

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
