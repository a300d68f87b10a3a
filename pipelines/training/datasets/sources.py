"""Find the caption files that a path stands for, and their format."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

from pipelines.training.datasets.base import CaptionFormat, Entry, Source
from pipelines.training.datasets.pictures import PictureFolder
from pipelines.training.datasets.registry import FORMATS
from pipelines.training.datasets.sidecars import Sidecars
from pipelines.training.datasets.splits import of_file_name, without_split
from vidcap.errors import DataError

_SUFFIXES = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".token", ".txt")
# What lies beside the captions in COCO's archive, up to half a gigabyte each, and Flickr8k's second
# token file, whose words are cut down to their stems.
_LEFT_OUT = ("instances_", "person_keypoints_", "image_info_", "stuff_", "panoptic_")
_LEMMAS = ".lemma."
# Pictures that are looked for to tell of which caption file a folder holds the pictures.
_TRIED = 20


def find_sources(captions: Path, pictures: PictureFolder) -> tuple[CaptionFormat, list[Source]]:
    """Return the format of a caption file or folder, and the files of it to read together.

    In a folder, the files whose names differ in the split alone belong together.  Of several such
    sets, the one is taken of which the folder of pictures has the pictures.

    Raises:
        DataError: there is nothing that can be read, or no telling what is meant.
    """
    if not captions.is_dir():
        source = Source(captions, pictures.path)
        form = recognise(source)
        if form is None:
            raise DataError(f"{captions}: not a caption file of a form that is known: {_known()}")
        return form, [source]
    groups, complaint = _groups(captions, pictures)
    if len(groups) > 1:
        groups = [group for group in groups if _has_pictures(*group, pictures)] or groups
    if len(groups) > 1:
        names = ", ".join(sorted(source.path.name for _, group in groups for source in group))
        raise DataError(
            f"{captions}: several files of captions ({names}); name the one that is meant"
        )
    if groups:
        return groups[0]
    folder = Source(captions, pictures.path)
    if Sidecars().recognises(folder):
        return Sidecars(), [folder]
    raise complaint or DataError(f"{captions}: no captions in this folder; known are: {_known()}")


def recognise(source: Source) -> CaptionFormat | None:
    """Return the format that a source is of, if it is of any.

    Raises:
        DataError: it cannot be read, or begins as JSON and is not.
    """
    return next((form for form in FORMATS if form.recognises(source)), None)


def _known() -> str:
    return "; ".join(form.about for form in FORMATS)


def _groups(
    folder: Path, pictures: PictureFolder
) -> tuple[list[tuple[CaptionFormat, list[Source]]], DataError | None]:
    """Return the sets of caption files in a folder, and what kept the first other from being one.

    Files belong to one set when their forms and their names but for the split are the same, and
    each is of a split of its own.
    """
    groups: dict[tuple[str, str], tuple[CaptionFormat, list[Source]]] = {}
    others: dict[str, DataError] = {}
    complaint: DataError | None = None
    for path in _candidates(folder, pictures):
        rest = without_split(path) if of_file_name(path) else f"/{path.name}"
        source = Source(path, pictures.path)
        try:
            form = recognise(source)
        except DataError as error:
            complaint = complaint or error
            others.setdefault(rest, error)
            continue
        if form is None:
            others.setdefault(rest, DataError(f"{path}: not a caption file, as those beside it"))
        else:
            groups.setdefault((form.name, rest), (form, []))[1].append(source)
    for _, rest in groups:
        # A part that is missing would be worse than an error.
        if rest in others:
            raise others[rest]
    return list(groups.values()), complaint


def _candidates(folder: Path, pictures: PictureFolder) -> Iterator[Path]:
    try:
        files = sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"{folder}: cannot be read: {error.strerror}") from error
    for path in files:
        name = path.name.lower()
        if path.suffix.lower() not in _SUFFIXES or name.startswith((".", *_LEFT_OUT)):
            continue
        if _LEMMAS in name or (name.endswith(".txt") and pictures.has_stem(path.stem)):
            continue
        if path.is_file():
            yield path


def _has_pictures(form: CaptionFormat, sources: list[Source], pictures: PictureFolder) -> bool:
    def entries() -> Iterator[Entry]:
        for source in sources:
            yield from itertools.islice(form.read(source), _TRIED)

    try:
        return any(pictures.find(entry.picture, entry.others) for entry in entries())
    except DataError:
        # It will be said when this set is the one that is read.
        return True
