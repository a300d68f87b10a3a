"""The formats that cues are written in.  A new one is a module and a line in ``FORMATS``."""

from __future__ import annotations

from pathlib import Path

from vidcap.errors import UsageError
from vidcap.files import longest_suffix
from vidcap.subtitles.formats.ass import AdvancedSubStation
from vidcap.subtitles.formats.base import SubtitleFormat
from vidcap.subtitles.formats.json_format import Json
from vidcap.subtitles.formats.srt import SubRip
from vidcap.subtitles.formats.tables import Transcript, Tsv
from vidcap.subtitles.formats.ttml import Ttml
from vidcap.subtitles.formats.vtt import Descriptions, WebVTT

FORMATS: tuple[SubtitleFormat, ...] = (
    SubRip(),
    WebVTT(),
    Descriptions(),
    Ttml(),
    AdvancedSubStation(),
    Tsv(),
    Json(),
    Transcript(),
)

__all__ = ["FORMATS", "SubtitleFormat", "format_for_file", "format_named"]


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


def format_for_file(path: Path) -> SubtitleFormat:
    """Return the format that a file's name ends in, in capitals or not; of several the longest.

    Raises:
        UsageError: it ends in the suffix of no format.
    """
    by_suffix = {form.suffix: form for form in FORMATS}
    suffix = longest_suffix(path, by_suffix)
    if suffix is None:
        raise UsageError(
            f"{path}: no subtitle format ends in {path.suffix!r}; use one of {', '.join(by_suffix)}"
        )
    return by_suffix[suffix]
