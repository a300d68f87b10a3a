"""The protocol of description script formats."""

from __future__ import annotations

from typing import Protocol

from vidcap.description.script import Script
from vidcap.subtitles.timed_text import TimedText


class ScriptFormat(Protocol):
    """One way to write a script down, and to read it again when somebody has edited it."""

    @property
    def name(self) -> str:
        """What the format is called."""

    @property
    def suffix(self) -> str:
        """What its files end in, with the dot."""

    def write(self, script: Script) -> str:
        """Return the whole file as text that UTF-8 can hold, line ends being line feeds.

        The same script gives the same text.  Never raises, whatever its sentences hold.
        """
        ...

    def read(self, text: str) -> list[TimedText]:
        """Return what is to be said when, from a file of this format.

        Of a file that :meth:`write` made, these are its sentences and when each is heard.

        Raises:
            DataError: this is no file of the format.
        """
        ...
