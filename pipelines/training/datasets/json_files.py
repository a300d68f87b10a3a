"""Plain JSON and JSON lines, as people write them for pictures of their own.

A list of objects, each with a picture and a caption or several; an object from file names to
captions; or a line of JSON for each object, as Hugging Face's ``metadata.jsonl``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from pipelines.training.datasets.base import Entry, Source
from pipelines.training.datasets.columns import (
    entry_of,
    is_captioned,
    names_a_picture,
    sentences_of,
)


class Json:
    """A list of objects, or an object from file names to captions."""

    name = "json"
    about = 'JSON: [{"file", "caption"}] or {"NAME.jpg": ["caption"]}'

    def recognises(self, source: Source) -> bool:
        """Tell whether the file is JSON whose first item is of one of the two forms."""
        document = source.document
        if isinstance(document, list):
            return is_captioned(next(iter(document), None))
        return isinstance(document, dict) and names_a_picture(next(iter(document), ""))

    def read(self, source: Source) -> Iterator[Entry]:
        """Yield the pictures in the order of the file."""
        document = source.document
        if isinstance(document, list):
            for index, item in enumerate(document):
                yield entry_of(item, source, f"[{index}]")
        else:
            for name, value in document.items():
                yield Entry(name, sentences_of(value, source, repr(name)), repr(name))


class JsonLines:
    """An object a line."""

    name = "json-lines"
    about = 'JSON lines: {"file", "caption"} on each'

    def recognises(self, source: Source) -> bool:
        """Tell whether the first line is such an object by itself."""
        return is_captioned(_parsed(source.first_line))

    def read(self, source: Source) -> Iterator[Entry]:
        """Yield an entry for each line."""
        for number, line in source.lines():
            place = f"line {number}"
            item = _parsed(line)
            if item is None:
                raise source.error(place, "is not JSON")
            yield entry_of(item, source, place)


def _parsed(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
