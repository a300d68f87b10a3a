"""The formats that cues are written in.  A new one is a module and a line in ``FORMATS``."""

from __future__ import annotations

from vidcap.errors import UsageError
from vidcap.subtitles.formats.base import SubtitleFormat
from vidcap.subtitles.formats.json_format import Json
from vidcap.subtitles.formats.srt import SubRip
from vidcap.subtitles.formats.vtt import WebVTT

FORMATS: tuple[SubtitleFormat, ...] = (SubRip(), WebVTT(), Json())

__all__ = ["FORMATS", "SubtitleFormat", "find_format"]


def find_format(name: str) -> SubtitleFormat:
    """Return a format by its name or by the suffix of its files, in capitals or not.

    Raises:
        UsageError: there is no such format.
    """
    wanted = name.lower()
    for format_ in FORMATS:
        if wanted in (format_.name, format_.suffix):
            return format_
    names = ", ".join(format_.name for format_ in FORMATS)
    raise UsageError(f"there is no subtitle format {name!r}; name one of {names}")
