"""The protocol of caption file formats, and the helpers they share."""

from __future__ import annotations

import codecs
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from vidcap.errors import DataError

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")

# A caption has some hundred characters; beyond this a file is not made of lines.
_LONGEST_LINE = 1_000_000
# Parsed JSON takes some ten times its bytes in memory; COCO's largest file has 0.15 GB.
_LARGEST_JSON = 2**30


@dataclass(frozen=True, slots=True)
class Entry:
    """What one row or object of a caption file says of a picture.

    Attributes:
        picture: the picture's path below the folder of pictures, as it is written.
        sentences: human captions, perhaps empty ones or none at all.
        place: where it stands in the file, such as ``line 5``.
        split: the part of the data set it belongs to; empty where nothing is said.
        others: further paths at which the picture may lie.
    """

    picture: str
    sentences: tuple[str, ...]
    place: str
    split: str = ""
    others: tuple[str, ...] = ()


class Source:
    """One caption file, or a folder of sidecars, as every format may look at it.

    Text is UTF-8 with or without a byte order mark, UTF-16 with one, and otherwise Windows-1252;
    lines end in LF or CR LF.

    Attributes:
        path: the file or folder.
        images: the folder of pictures that was named with it.
    """

    def __init__(self, path: Path, images: Path) -> None:
        self.path = path
        self.images = images

    def lines(self) -> Iterator[tuple[int, str]]:
        """Yield every line that is not blank with its number from 1; none of a folder.

        Raises:
            DataError: the file cannot be read, or is not made of lines.
        """
        for number, line in self._lines():
            if len(line) >= _LONGEST_LINE:
                raise self.error(f"line {number}", f"is longer than {_LONGEST_LINE:,} characters")
            yield number, line

    @cached_property
    def first_line(self) -> str:
        """The first line that is not blank, cut where it is beyond all measure; may be empty."""
        return next((line for _, line in self._lines()), "")

    @cached_property
    def document(self) -> Any:
        """The value that a file of JSON holds; ``None`` for a file that does not begin as JSON.

        Raises:
            DataError: the file begins as JSON but is not, or cannot be read.
        """
        if not self.first_line.lstrip().startswith(("{", "[")):
            return None
        try:
            if self.path.stat().st_size > _LARGEST_JSON:
                raise DataError(
                    f"{self.path}: more than {_LARGEST_JSON:,} bytes of JSON are not read at "
                    "once; write JSON lines, an object for each picture"
                )
            data = self.path.read_bytes()
        except OSError as error:
            raise DataError(f"{self.path}: cannot be read: {error.strerror}") from error
        try:
            text = data.decode(json.detect_encoding(data))
        except UnicodeDecodeError:
            text = data.decode("cp1252", "replace")
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            reason = f"is not JSON ({error.msg})"
            raise self.error(f"line {error.lineno}", reason) from error
        except (ValueError, RecursionError) as error:
            raise DataError(f"{self.path}: cannot be read as JSON ({error})") from error

    def error(self, place: str, what: str) -> DataError:
        """Return an error that names the file, the place in it and what is wrong there."""
        return DataError(f"{self.path}: {place}: {what}")

    def _lines(self) -> Iterator[tuple[int, str]]:
        if self.path.is_dir():
            return
        try:
            with self.path.open("rb") as file:
                for number, line in enumerate(_decoded(file), start=1):
                    text = line.rstrip("\r\n")
                    if text.strip():
                        yield number, text
        except OSError as error:
            raise DataError(f"{self.path}: cannot be read: {error.strerror}") from error


def _decoded(file: BinaryIO) -> Iterator[str]:
    mark = file.read(2)
    file.seek(0)
    if mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        with io.TextIOWrapper(file, "utf-16", errors="replace", newline="\n") as text:
            while characters := text.readline(_LONGEST_LINE):
                yield characters
        return
    if file.read(3) != codecs.BOM_UTF8:
        file.seek(0)
    while line := file.readline(_LONGEST_LINE):
        try:
            yield line.decode()
        except UnicodeDecodeError:
            # One line at a time: a file may be put together from several.
            yield line.decode("cp1252", "replace")


class CaptionFormat(Protocol):
    """A way in which captions of pictures are written down.

    Attributes:
        name: what it is called in results.
        about: what it looks like, for the message that lists what can be read.
    """

    name: str
    about: str

    def recognises(self, source: Source) -> bool:
        """Tell from its content whether a file or folder is of this format."""
        ...

    def read(self, source: Source) -> Iterator[Entry]:
        """Yield what a source that was recognised says, in its order.

        Raises:
            DataError: something in it is not as it should be; the message names the place.
        """
        ...
