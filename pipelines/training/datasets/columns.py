"""Find the columns or keys of pictures, splits and sentences in CSV and JSON."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from pipelines.training.datasets.base import PICTURE_SUFFIXES, Entry, Source

# Of several that are there, the first is taken.
PICTURE = (
    *("filename", "file_name", "file", "image", "image_name", "picture", "path", "image_path"),
    *("filepath", "img"),
)
CAPTION = (
    *("caption", "captions", "sentence", "sentences", "text", "comment", "raw", "description"),
)
SPLIT = ("split", "set", "partition")


def find(wanted: Iterable[str], there: Collection[str]) -> str | None:
    """Return the first of the wanted names that is there."""
    return next((name for name in wanted if name in there), None)


def names_a_picture(text: str) -> bool:
    """Tell whether a text ends as the names of picture files do."""
    return PurePosixPath(text).suffix.lower() in PICTURE_SUFFIXES


def is_captioned(item: Any) -> bool:
    """Tell whether a JSON value is an object that names a picture and its captions."""
    return (
        isinstance(item, Mapping)
        and find(PICTURE, item) is not None
        and find(CAPTION, item) is not None
    )


def entry_of(item: Any, source: Source, place: str) -> Entry:
    """Read a JSON object that names a picture and its captions.

    Raises:
        DataError: it does not.
    """
    if not isinstance(item, Mapping):
        raise source.error(place, f"not a caption file: {item!r:.80} where an object should be")
    picture, caption = find(PICTURE, item), find(CAPTION, item)
    if picture is None:
        raise source.error(place, f"not a caption file: no key of {', '.join(PICTURE)}")
    if caption is None:
        raise source.error(place, f"not a caption file: no key of {', '.join(CAPTION)}")
    if not isinstance(item[picture], str):
        raise source.error(place, f"{picture}: {item[picture]!r:.80} is not a file name")
    split = item.get(find(SPLIT, item) or "")
    return Entry(
        item[picture],
        sentences_of(item[caption], source, f"{place}: {caption}"),
        place,
        split if isinstance(split, str) else "",
    )


def sentences_of(value: Any, source: Source, place: str) -> tuple[str, ...]:
    """Return the sentences of a JSON value: one or a list of them, plain or in objects.

    Raises:
        DataError: it has another form.
    """
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Mapping) and (key := find(("raw", *CAPTION), value)) is not None:
        return sentences_of(value[key], source, place)
    if isinstance(value, list):
        return tuple(text for part in value for text in sentences_of(part, source, place))
    raise source.error(place, f"{value!r:.80} is not a sentence")
