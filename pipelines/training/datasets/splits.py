"""The parts of a data set: their names, and where they come from when the captions do not say.

In this order: what the caption file says of each picture; the name of the file, as in
``captions_train2017.json``; lists of names beside it, as in ``Flickr_8k.trainImages.txt``; and
last, for ``train``, ``val`` and ``test``, a draw from the picture's name alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from pathlib import Path

from pipelines.training.datasets.base import Source
from vidcap.errors import DataError

# Karpathy's restval is what COCO's validation leaves over; papers since train on it.
_NAMES = {
    **dict.fromkeys(("train", "training", "restval"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
DRAWN = ("train", "val", "test")
_WORD = re.compile(rf"(?<![a-z])({'|'.join(_NAMES)})(?![a-z])", re.IGNORECASE)
_LIST = re.compile(r"(?:.*[._-])?(train|val|dev|test)(?:images)?\.txt", re.IGNORECASE)


def canonical(name: str) -> str:
    """Return the name under which vidcap knows a split: ``dev`` is ``val``, ``restval`` ``train``.

    Names of no known meaning stay as they are.
    """
    return _NAMES.get(name.strip().lower(), name.strip())


def is_split(name: str) -> bool:
    """Tell whether a word is one of the usual names of a split."""
    return name.lower() in _NAMES


def of_file_name(path: Path) -> str:
    """Return the split that a file's name speaks of, if it is one; otherwise nothing."""
    found = {canonical(word) for word in _WORD.findall(path.stem)}
    return found.pop() if len(found) == 1 else ""


def without_split(path: Path) -> str:
    """Return a file's name without the word for the split: equal for the parts of one data set."""
    return _WORD.sub("", path.name)


def drawn(name: str) -> str:
    """Return the split of a picture by its name alone: 80 % train, 10 % val, 10 % test.

    Whatever else is in the folder: pictures that are added or taken away move no other.
    """
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64
    return "train" if share < 0.8 else "val" if share < 0.9 else "test"


def listed(folder: Path, pictures: Collection[str], images: Path) -> dict[str, str]:
    """Return the split of every picture that a list in a folder names.

    A list is ``train.txt`` or ``Flickr_8k.trainImages.txt`` and the like, a name on each line, with
    or without its suffix; a file of such a name whose first line is no picture is something else.

    Raises:
        DataError: a list names a picture without captions, or two lists name the same.
    """
    by_stem = {name.rpartition(".")[0]: name for name in pictures}
    splits: dict[str, str] = {}
    try:
        files = sorted(path for path in folder.iterdir() if _LIST.fullmatch(path.name))
    except OSError as error:
        raise DataError(f"{folder}: cannot be read: {error.strerror}") from error
    for path in files:
        source = Source(path, images)
        first = source.first_line.strip()
        if first not in pictures and first not in by_stem:
            continue
        found = _LIST.fullmatch(path.name)
        split = canonical(found[1]) if found else ""
        for number, line in source.lines():
            name = line.strip()
            name = name if name in pictures else by_stem.get(name, "")
            if not name:
                raise source.error(f"line {number}", f"{line.strip()!r:.80} has no captions")
            if splits.setdefault(name, split) != split:
                raise source.error(f"line {number}", f"{name} is in {splits[name]} already")
    return splits
