"""Captioned pictures: reading what people publish into one plain form."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidcap.errors import DataError


@dataclass(frozen=True, slots=True)
class CaptionedPicture:
    """One picture and what people said of it.

    Attributes:
        path: the picture's file.
        sentences: the human captions as written, at least one.
        split: the part of the data set it belongs to, such as ``train`` or ``val``.
    """

    path: Path
    sentences: tuple[str, ...]
    split: str


def _sentence(entry: Any) -> str:
    return entry["raw"] if isinstance(entry, dict) else str(entry)


def load_captions(
    images: Path, captions: Path, *, split: str | None = None
) -> list[CaptionedPicture]:
    """Read a caption file and pair it with a folder of pictures, in the file's order.

    The file is JSON as Karpathy's splits are published: ``{"images": [{"filename", "split",
    "sentences"}]}``, each sentence a string or an object with ``raw``.

    Raises:
        DataError: the file is missing or has another form, a picture is missing, or the split
            holds nothing.
    """
    try:
        entries = json.loads(captions.read_text(encoding="utf-8"))["images"]
        pictures = [
            CaptionedPicture(
                images / entry.get("filepath", "") / entry["filename"],
                tuple(_sentence(sentence) for sentence in entry["sentences"]),
                entry.get("split", ""),
            )
            for entry in entries
            if split is None or entry.get("split", "") == split
        ]
    except OSError as error:
        raise DataError(f"{captions}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{captions}: not a caption file ({error}); expected "
            '{"images": [{"filename", "split", "sentences"}]}'
        ) from error
    if not pictures:
        raise DataError(f"{captions}: no picture has the split {split!r}")
    for picture in pictures:
        if not picture.sentences:
            raise DataError(f"{captions}: {picture.path.name} has no caption")
        if not picture.path.is_file():
            raise DataError(f"{picture.path}: named in {captions}, but there is no such picture")
    return pictures
