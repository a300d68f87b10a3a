"""COCO's own annotation files (Chen et al. 2015), and those of data sets that follow them.

``{"images": [{"id", "file_name"}], "annotations": [{"image_id", "caption"}]}``.  The pictures of
``captions_val2017.json`` are looked for in ``val2017``, and without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipelines.training.datasets.base import Entry, Source

_FOLDER = re.compile(r"(?:train|val|test)\d{4}")


class Coco:
    """``captions_train2017.json``, ``captions_val2017.json`` and their like."""

    name = "coco"
    about = "COCO's JSON: " + '{"images": [{"id"}], "annotations": [{"image_id", "caption"}]}'

    def recognises(self, source: Source) -> bool:
        """Tell whether the file is JSON with images and with annotations that are captions."""
        document = source.document
        if not isinstance(document, dict) or not isinstance(document.get("images"), list):
            return False
        notes = document.get("annotations")
        return isinstance(notes, list) and any(
            isinstance(note, dict) and "caption" in note for note in notes[:1]
        )

    def read(self, source: Source) -> Iterator[Entry]:
        """Yield the images in their order, each with its captions in theirs."""
        document = source.document
        captions: dict[Any, list[str]] = {}
        for index, image in enumerate(document["images"]):
            place = f"images[{index}]"
            number = _value(source, place, image, "id", (int, str))
            if number in captions:
                raise source.error(place, f"a second image with the id {number!r}")
            captions[number] = []
        for index, note in enumerate(document["annotations"]):
            place = f"annotations[{index}]"
            number = _value(source, place, note, "image_id", (int, str))
            if number not in captions:
                raise source.error(place, f"image_id {number!r} is the id of no image")
            captions[number].append(_value(source, place, note, "caption", (str,)))
        for index, image in enumerate(document["images"]):
            place = f"images[{index}]"
            name = _value(source, place, image, "file_name", (str,))
            folder = _FOLDER.search(name) or _FOLDER.search(source.path.stem)
            sentences = tuple(captions[image["id"]])
            if folder is None or "/" in name:
                yield Entry(name, sentences, place)
            else:
                yield Entry(f"{folder[0]}/{name}", sentences, place, others=(name,))


def _value(source: Source, place: str, item: Any, key: str, kinds: tuple[type, ...]) -> Any:
    value = item.get(key) if isinstance(item, dict) else None
    if not isinstance(value, kinds):
        raise source.error(place, f"{key!r} is {value!r:.80}, or missing")
    return value
