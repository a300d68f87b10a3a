"""Timed texts without a format, as read from a subtitle file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from vidcap.subtitles.cues import Cue
from vidcap.subtitles.times import nearest_ms


@dataclass(frozen=True, slots=True)
class TimedText:
    """A text and when it is to be seen or heard.

    Attributes:
        start_ms: in milliseconds of player time.
        end_ms: likewise; files that are wrong may have it before ``start_ms``.
        lines: the text; files that are wrong may have none.
    """

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The text in one line."""
        return " ".join(self.lines)


def sentences(cues: Iterable[Cue]) -> list[TimedText]:
    """Return a text of one line for each scene that has cues, from its first start to its last end.

    What is read aloud or looked up is a sentence; that it took two cues is a matter of the screen.
    """
    found: list[TimedText] = []
    for _, group in groupby(cues, key=lambda cue: cue.scene):
        parts = list(group)
        text = " ".join(line for cue in parts for line in cue.lines)
        found.append(TimedText(parts[0].start_ms, parts[-1].end_ms, (text,)))
    return found


def parse_clock(text: str) -> int:
    """Return ``[HH:]MM:SS[.fff]`` in milliseconds, to the nearest.

    Raises:
        ValueError: it is no time, or one of more than a hundred days.
    """
    parts = text.replace(",", ".").split(":")
    if not 1 <= len(parts) <= 3 or not set("".join(parts)) <= set("0123456789."):
        raise ValueError(f"{text!r} is no time")
    seconds = Fraction(0)
    for part in parts:
        if len(part) > 24:
            raise ValueError(f"{text!r} is no time")
        seconds = seconds * 60 + Fraction(part)
    if seconds > 100 * 86_400:
        raise ValueError(f"{text!r} is more than a hundred days")
    return nearest_ms(seconds)
