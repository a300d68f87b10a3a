"""The formats that scripts are written in.  A new one is a module and a line in ``FORMATS``."""

from __future__ import annotations

from pathlib import Path

from vidcap.description.formats.base import ScriptFormat
from vidcap.description.formats.dapt import Dapt
from vidcap.description.formats.json_script import JsonScript
from vidcap.description.formats.text import TextScript
from vidcap.description.formats.vtt import VttScript
from vidcap.errors import UsageError
from vidcap.files import longest_suffix

FORMATS: tuple[ScriptFormat, ...] = (VttScript(), Dapt(), JsonScript(), TextScript())

__all__ = ["FORMATS", "ScriptFormat", "format_for_script"]


def format_for_script(path: Path) -> ScriptFormat:
    """Return the format that a file's name ends in.

    Raises:
        UsageError: it ends in the suffix of no format.
    """
    by_suffix = {form.suffix: form for form in FORMATS}
    suffix = longest_suffix(path, by_suffix)
    if suffix is None:
        raise UsageError(
            f"{path}: no script ends in {path.suffix!r}; it can be {', '.join(by_suffix)}"
        )
    return by_suffix[suffix]
