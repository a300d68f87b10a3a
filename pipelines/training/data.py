"""Read captioned pictures of published data sets into one form.

What can be read is in :mod:`pipelines.training.datasets`, a module for each format, and in
docs/data.md with the commands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.training.datasets.base import CaptionFormat, Entry, Source
from pipelines.training.datasets.pictures import PictureFolder, plain_name
from pipelines.training.datasets.sources import find_sources
from pipelines.training.datasets.splits import DRAWN, canonical, drawn, listed, of_file_name
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


@dataclass(frozen=True, slots=True)
class Dataset:
    """Captioned pictures and how they were read.

    Attributes:
        pictures: the pictures, in the order of the caption file.
        form: name of the format.
        splits_from: ``captions`` (each picture says its split), ``file names``, ``lists`` of names
            beside the captions, ``draw`` (by vidcap, from the picture's name), or empty.
    """

    pictures: list[CaptionedPicture]
    form: str
    splits_from: str


@dataclass(slots=True)
class _Gathered:
    """What a caption file says of one picture, row by row."""

    source: Source
    place: str
    split: str
    others: tuple[str, ...]
    sentences: list[str] = field(default_factory=list)


def load_captions(
    images: Path, captions: Path, *, split: str | None = None
) -> list[CaptionedPicture]:
    """Read captions of any known format and pair them with a folder of pictures, in their order.

    The same as :func:`read_dataset`, for those who need the pictures alone.

    Raises:
        DataError: as there.
    """
    return read_dataset(images, captions, split=split).pictures


def read_dataset(images: Path, captions: Path, *, split: str | None = None) -> Dataset:
    """Read captions of any known format and pair them with a folder of pictures, in their order.

    Args:
        images: the folder of the pictures, or the one above it as the archives unpack.
        captions: the caption file, or the folder that holds it; its format is told by its content.
        split: the part to read; ``None`` for all of it.  ``dev`` and ``validation`` are ``val``,
            and Karpathy's ``restval`` counts to ``train``.  Where nothing says what belongs to a
            split, ``train``, ``val`` and ``test`` are drawn from the pictures' names
            (:func:`pipelines.training.datasets.splits.drawn`).

    Captions without a letter or digit are left out.

    Raises:
        DataError: the captions cannot be read or have no known form, a picture is missing, has no
            caption, is in two splits or is named outside of the folder, or there is no such split.
    """
    if not images.is_dir():
        raise DataError(f"{images}: is no folder of pictures")
    folder = PictureFolder(images)
    form, sources = find_sources(captions, folder)
    found = _gather(form, sources)
    splits_from = _complete_splits(found, sources, folder, split)
    wanted = None if split is None else canonical(split)
    chosen = [
        _checked(name, gathered, folder)
        for name, gathered in found.items()
        if wanted is None or gathered.split == wanted
    ]
    if not chosen:
        raise DataError(_no_such_split(captions, sources, found, split))
    return Dataset(chosen, form.name, splits_from)


def _gather(form: CaptionFormat, sources: Sequence[Source]) -> dict[str, _Gathered]:
    """Bring the rows of each picture together."""
    found: dict[str, _Gathered] = {}
    for source in sources:
        for entry in form.read(source):
            _add(found, source, entry)
    return found


def _add(found: dict[str, _Gathered], source: Source, entry: Entry) -> None:
    name = plain_name(entry.picture)
    if name is None or None in map(plain_name, entry.others):
        raise source.error(
            entry.place,
            f"{entry.picture!r:.80} is no path below the folder of pictures; write names relative "
            "to it",
        )
    split = canonical(entry.split)
    own = found.setdefault(name, _Gathered(source, entry.place, split, entry.others))
    if split != own.split and split:
        if own.split:
            raise source.error(
                entry.place,
                f"{name} is in {split} here and in {own.split} at {own.place}; a picture may be in "
                "one split only",
            )
        own.split = split
    elif own.source is not source and not split:
        raise source.error(
            entry.place, f"{name} is in {own.source.path.name} too; a picture may be in one only"
        )
    own.sentences += [
        sentence.strip()
        for sentence in entry.sentences
        if any(character.isalnum() for character in sentence)
    ]


def _complete_splits(
    found: dict[str, _Gathered], sources: Sequence[Source], folder: PictureFolder, asked: str | None
) -> str:
    """Fill in the splits where the captions do not say them; return where they come from."""
    if any(own.split for own in found.values()):
        return "captions"
    if any(of_file_name(source.path) for source in sources):
        for own in found.values():
            own.split = of_file_name(own.source.path)
        return "file names"
    path = sources[0].path
    lists = listed(path if path.is_dir() else path.parent, found.keys(), folder.path)
    for name, split in lists.items():
        found[name].split = split
    if lists:
        return "lists"
    if asked is None or canonical(asked) not in DRAWN:
        return ""
    for name, own in found.items():
        own.split = drawn(name)
    return "draw"


def _checked(name: str, own: _Gathered, folder: PictureFolder) -> CaptionedPicture:
    if not own.sentences:
        raise own.source.error(own.place, f"{name} has no caption; write one or take it out")
    path = folder.find(name, own.others)
    if path is None:
        raise DataError(
            f"{folder.path / name}: named in {own.source.path} ({own.place}), but there is no such "
            "picture"
        )
    return CaptionedPicture(path, tuple(own.sentences), own.split)


def _no_such_split(
    captions: Path, sources: Sequence[Source], found: dict[str, _Gathered], split: str | None
) -> str:
    if not found:
        return f"{captions}: names no picture"
    counts = Counter(own.split for own in found.values() if own.split)
    there = ", ".join(f"{name} ({count:,})" for name, count in sorted(counts.items()))
    message = f"{captions}: no picture has the split {split!r}; "
    if not there:
        return (
            f"{message}this data set has no splits of its own: ask for one of {', '.join(DRAWN)}, "
            "which are drawn, or for none"
        )
    if captions.is_file() and of_file_name(captions) and len(counts) == 1:
        there += "; name the folder to read the files of the other splits too"
    return f"{message}there is {there}"
