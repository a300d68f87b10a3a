"""Subtitle files of anybody: read in whatever encoding, checked against a preset."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from vidcap.errors import DataError
from vidcap.subtitles.cues import Cue
from vidcap.subtitles.document import Document
from vidcap.subtitles.formats import format_for_file
from vidcap.subtitles.presets import Preset
from vidcap.subtitles.rules import Break, broken_rules
from vidcap.subtitles.timed_text import TimedText

_MOST_BYTES = 64 * 2**20
"""Larger than any subtitle file, and small enough to be parsed."""


class Readable(Protocol):
    """A format, as far as it is read."""

    def read(self, text: str) -> list[TimedText]:
        """Return the texts of a file; see :class:`vidcap.subtitles.formats.SubtitleFormat`."""
        ...


def read_subtitles(path: Path, *, form: Readable | None = None) -> list[TimedText]:
    """Return the texts of a subtitle file in its order.

    The encoding is UTF-8 or UTF-16 as its first bytes say, and else Windows-1252, which most old
    files are in.

    Args:
        path: the file.
        form: its format; told by the name's end where it is left out.

    Raises:
        UsageError: the name's end is that of no format.
        DataError: the file cannot be read, or not as its format.
    """
    form = form or format_for_file(path)
    try:
        if not path.is_file():
            raise DataError(f"{path}: is no file")
        if path.stat().st_size > _MOST_BYTES:
            raise DataError(f"{path}: has {path.stat().st_size} bytes, too many for subtitles")
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    try:
        return form.read(_decoded(data))
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


@dataclass(frozen=True, slots=True)
class Checked:
    """A text of a file and the rules that it does not keep.

    Attributes:
        number: its place in the file, from 1.
        timed: the text.
        breaks: the rules; beside those of :class:`vidcap.subtitles.Break`, ``order`` (seconds by
            which it starts before the one in front of it), ``duration`` (it does not end after its
            start) and ``empty`` (it says nothing).
    """

    number: int
    timed: TimedText
    breaks: tuple[Break, ...]


def check_texts(
    texts: Sequence[TimedText], preset: Preset, *, frame_rate: Fraction | None = None
) -> list[Checked]:
    """Measure every text of a file against a preset.

    Args:
        texts: in the order of the file.
        preset: the rules.
        frame_rate: frames a second of the video, for gaps that are counted in frames.
    """
    gap = preset.gap_ms(frame_rate)
    return [
        Checked(place + 1, timed, tuple(_broken(texts, place, preset, gap)))
        for place, timed in enumerate(texts)
    ]


def _broken(texts: Sequence[TimedText], place: int, preset: Preset, gap: int) -> Iterator[Break]:
    timed = texts[place]
    if place and timed.start_ms < texts[place - 1].start_ms:
        yield Break("order", (texts[place - 1].start_ms - timed.start_ms) / 1000, 0)
    if not any(line.strip() for line in timed.lines):
        yield Break("empty", 0, 1)
        return
    if timed.end_ms <= timed.start_ms:
        yield Break("duration", (timed.end_ms - timed.start_ms) / 1000, 0)
        return
    later = texts[place + 1].start_ms if place + 1 < len(texts) else None
    yield from broken_rules(
        timed.lines, timed.start_ms, timed.end_ms, preset, gap=gap, next_start=later
    )


def as_document(texts: Sequence[TimedText], *, path: Path, version: str) -> Document:
    """Return the texts of a file as a document that every format can write.

    Texts that say nothing or do not last are left out, and the others put in the order of time.
    """
    legal = [timed for timed in texts if timed.lines and timed.start_ms < timed.end_ms]
    legal.sort(key=lambda timed: (timed.start_ms, timed.end_ms))
    return Document(
        cues=tuple(
            Cue(timed.start_ms, timed.end_ms, timed.lines, place, ())
            for place, timed in enumerate(legal)
        ),
        scenes=(),
        made_by={"version": version, "converted_from": os.fspath(path)},
    )
