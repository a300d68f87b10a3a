"""Sidecars: ``a.txt`` holds the captions of ``a.jpg``, one a line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pipelines.training.datasets.base import PICTURE_SUFFIXES, Entry, Source
from pipelines.training.datasets.splits import canonical, is_split


class Sidecars:
    """A folder, often that of the pictures, with a text file for each picture.

    Pictures may lie in folders below; a first folder named ``train``, ``val`` or ``test`` is the
    split.  A picture without a text file is none of the data set's.
    """

    name = "sidecars"
    about = "a folder with a text file NAME.txt for each picture NAME.jpg"

    def recognises(self, source: Source) -> bool:
        """Tell whether the path is a folder in which some picture has its text file."""
        return source.path.is_dir() and next(_pairs(source), None) is not None

    def read(self, source: Source) -> Iterator[Entry]:
        """Yield the pictures in the order of their names."""
        for picture, text in _pairs(source):
            first, *below = picture.parts
            yield Entry(
                picture.as_posix(),
                tuple(line for _, line in Source(text, source.images).lines()),
                text.relative_to(source.path).as_posix(),
                canonical(first) if below and is_split(first) else "",
            )


def _pairs(source: Source) -> Iterator[tuple[Path, Path]]:
    """Yield each picture that has a sidecar, relative to the pictures' folder, and the sidecar."""
    for folder, below, names in os.walk(source.images):
        below.sort()
        inside = Path(folder).relative_to(source.images)
        for name in sorted(names):
            picture = inside / name
            if picture.suffix.lower() not in PICTURE_SUFFIXES or name.startswith("."):
                continue
            text = source.path / picture.with_suffix(".txt")
            if text.is_file():
                yield picture, text
