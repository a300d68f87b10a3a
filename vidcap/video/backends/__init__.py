"""The decoder back ends, by name.

Adding one: a module with a class that follows :class:`vidcap.video.backends.base.Reader`, and a
line here.  A class outside vidcap is named by its place, ``"package.module:Class"``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from vidcap.errors import UsageError

if TYPE_CHECKING:
    from vidcap.video.backends.base import Reader

READERS = {
    "pyav": "vidcap.video.backends.pyav:PyAVReader",
    "opencv": "vidcap.video.backends.opencv:OpenCVReader",
    "decord": "vidcap.video.backends.decord:DecordReader",
}


def check_decoder(name: str) -> None:
    """Raise :class:`UsageError` unless ``name`` is a back end's name or a class's place."""
    if name not in READERS and ":" not in name:
        raise UsageError(f"no decoder is named {name!r}; choose auto, {', '.join(READERS)}")


def reader_class(name: str) -> type[Reader]:
    """Return a back end's class, importing its library."""
    module, _, attribute = READERS.get(name, name).partition(":")
    found: type[Reader] = getattr(import_module(module), attribute)
    return found
