"""The formats that cues are written in.  A new one is a module and a line in ``FORMATS``."""

from __future__ import annotations

from vidcap.errors import UsageError
from vidcap.subtitles.formats.base import SubtitleFormat
from vidcap.subtitles.formats.json_format import Json
from vidcap.subtitles.formats.srt import SubRip
from vidcap.subtitles.formats.vtt import WebVTT

FORMATS: tuple[SubtitleFormat, ...] = (SubRip(), WebVTT(), Json())

__all__ = ["FORMATS", "SubtitleFormat", "format_for_suffix", "format_named"]


def format_named(name: str) -> SubtitleFormat:
    """Return a format by its name.

    Raises:
        UsageError: there is no such format.
    """
    for format_ in FORMATS:
        if format_.name == name:
            return format_
    names = ", ".join(format_.name for format_ in FORMATS)
    raise UsageError(f"there is no subtitle format {name!r}; name one of {names}")


def format_for_suffix(suffix: str) -> SubtitleFormat:
    """Return a format by what its files end in, such as ``.srt``, in capitals or not.

    Raises:
        UsageError: no format has this suffix.
    """
    for format_ in FORMATS:
        if format_.suffix == suffix.lower():
            return format_
    suffixes = ", ".join(format_.suffix for format_ in FORMATS)
    raise UsageError(f"no subtitle format has files that end in {suffix!r}; use one of {suffixes}")
