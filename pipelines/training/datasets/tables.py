"""Tables: comma, semicolon, tab or bar between the columns, a caption or a list of them a row.

Kaggle's ``captions.txt`` of Flickr8k and ``results.csv`` of Flickr30k, Hugging Face's
``flickr_annotations_30k.csv`` and ``metadata.csv``, and what a spreadsheet writes.  The first line
names the columns; without such a line, the first column is the picture and the last the caption.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipelines.training.datasets.base import Entry, Source
from pipelines.training.datasets.columns import (
    CAPTION,
    PICTURE,
    SPLIT,
    find,
    names_a_picture,
    sentences_of,
)

_DELIMITERS = ("|", "\t", ",", ";")
# A row of Kaggle's results.csv lacks the bar between the number and the caption.
_NUMBER_AND_CAPTION = re.compile(r"(\d+)\s+(\S.*)")
_LISTS = ("captions", "sentences", "raw")


@dataclass(frozen=True, slots=True)
class _Layout:
    """Which column, counted from 0, holds what."""

    delimiter: str
    header: bool
    columns: int
    picture: int
    caption: int
    split: int | None
    holds_lists: bool


class Tables:
    """CSV, TSV and bar-separated tables."""

    name = "table"
    about = "a CSV or TSV table with a column of file names and one of captions"

    def recognises(self, source: Source) -> bool:
        """Tell whether the first line names the columns, or is a picture and its caption."""
        return _layout(source.first_line) is not None

    def read(self, source: Source) -> Iterator[Entry]:
        """Yield an entry for each row."""
        layout = _layout(source.first_line)
        assert layout is not None
        rows = _rows(source, layout)
        if layout.header:
            next(rows)
        for number, cells in rows:
            yield _entry(source, layout, number, cells)


def _layout(line: str) -> _Layout | None:
    for delimiter in _DELIMITERS:
        cells = _split(line, delimiter)
        names = [cell.lower() for cell in cells]
        picture, caption, split = (find(wanted, names) for wanted in (PICTURE, CAPTION, SPLIT))
        if picture is not None and caption is not None:
            return _Layout(
                delimiter,
                True,
                len(cells),
                names.index(picture),
                names.index(caption),
                None if split is None else names.index(split),
                caption in _LISTS,
            )
        if len(cells) > 1 and names_a_picture(cells[0]):
            caption_at = 2 if len(cells) > 2 and cells[1].isdecimal() else 1
            return _Layout(delimiter, False, caption_at + 1, 0, caption_at, None, False)
    return None


def _split(line: str, delimiter: str) -> list[str]:
    if delimiter in ",;":
        try:
            return [_bare(cell) for cell in next(csv.reader([line], delimiter=delimiter))]
        except (csv.Error, StopIteration):
            return []
    return [_bare(cell) for cell in line.split(delimiter)]


def _bare(cell: str) -> str:
    """Return a cell without blanks and quotation marks around it."""
    cell = cell.strip()
    if len(cell) > 1 and cell[0] == cell[-1] == '"':
        cell = cell[1:-1].replace('""', '"').strip()
    return cell


def _rows(source: Source, layout: _Layout) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells, as many as there are columns or fewer."""
    most = layout.columns - 1
    if layout.delimiter not in ",;":
        # Quotation marks mean nothing here but around a whole cell.
        for number, line in source.lines():
            yield number, line.split(layout.delimiter, most)
        return
    number = 0

    def lines() -> Iterator[str]:
        nonlocal number
        for number, line in source.lines():  # noqa: B007 - read by the loop below
            yield line + "\n"

    reader = csv.reader(lines(), delimiter=layout.delimiter, strict=True)
    try:
        for cells in reader:
            if len(cells) > layout.columns and layout.caption == most:
                # Nobody quoted a caption with a comma in it.
                cells[most:] = [layout.delimiter.join(cells[most:])]
            yield number, cells
    except csv.Error as error:
        raise source.error(
            f"line {number}",
            f"{error}; a cell with {layout.delimiter!r} or quotation marks in it goes between "
            'quotation marks, and those within are doubled: "a ""big"" dog"',
        ) from error


def _entry(source: Source, layout: _Layout, number: int, cells: Sequence[str]) -> Entry:
    place = f"line {number}"
    bare = [_strip(cell, layout) for cell in cells]
    if len(bare) > layout.columns:
        raise source.error(place, f"has {len(bare)} columns where there are {layout.columns}")
    if len(bare) == layout.caption and layout.caption > layout.picture + 1:
        together = _NUMBER_AND_CAPTION.fullmatch(bare[-1])
        if together:
            bare[-1:] = together.groups()
    bare += [""] * (layout.columns - len(bare))
    if not bare[layout.picture]:
        raise source.error(place, "names no picture")
    sentences: tuple[str, ...] = (bare[layout.caption],)
    if layout.holds_lists and bare[layout.caption].startswith("["):
        try:
            several = json.loads(bare[layout.caption])
        except (ValueError, RecursionError) as error:
            raise source.error(place, f"a list of captions that is not JSON ({error})") from error
        sentences = sentences_of(several, source, place)
    split = "" if layout.split is None else bare[layout.split]
    return Entry(bare[layout.picture], sentences, place, split)


def _strip(cell: str, layout: _Layout) -> str:
    return cell.strip() if layout.delimiter in ",;" else _bare(cell)
