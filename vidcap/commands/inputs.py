"""From what the user names to the files to work on."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vidcap.commands.outputs import is_recorded
from vidcap.errors import MediaError

VIDEO_SUFFIXES = frozenset(
    ".3g2 .3gp .asf .avi .divx .dv .f4v .flv .gif .h264 .h265 .hevc .ivf .m1v .m2ts .m2v .m4v "
    ".mkv .mov .mp4 .mpeg .mpg .mts .mxf .nut .obu .ogm .ogv .rm .rmvb .ts .vob .webm .wmv "
    ".y4m".split()
)
PICTURE_SUFFIXES = frozenset(
    ".avif .bmp .dib .gif .jpe .jpeg .jpg .pbm .pgm .png .pnm .ppm .tif .tiff .webp".split()
)


@dataclass(frozen=True, slots=True)
class Input:
    """One file to work on, or the reason why a path gives none.

    Attributes:
        path: the file as it was named, or as it was found under the folder that was named.
        below: its folder relative to the folder that was named; empty for a file that was named.
        error: what is wrong with the path, where nothing can be worked on.
    """

    path: Path
    below: Path = Path()
    error: MediaError | None = None


def find_inputs(
    paths: Iterable[Path], suffixes: frozenset[str], *, own: bool = False
) -> Iterator[Input]:
    """Yield every file that ``paths`` stand for, once, in the order named.

    A file that is named is taken whatever its suffix.  A folder is walked in the order of names for
    files with one of ``suffixes`` (lower case); hidden files and folders are left out, and so is
    what vidcap itself wrote there, unless ``own`` is set; links to folders are followed, and no
    folder is entered twice.
    """
    taken: set[Path] = set()
    for path in paths:
        for item in _walk(path, suffixes, own) if path.is_dir() else [Input(path)]:
            if item.error is not None or item.path.absolute() not in taken:
                taken.add(item.path.absolute())
                yield item


def _walk(top: Path, suffixes: frozenset[str], own: bool) -> Iterator[Input]:
    found = False
    for item in _below(top, Path(), suffixes, own, set()):
        found = True
        yield item
    if not found:
        kinds = " ".join(sorted(suffixes))
        message = (
            f"{top}: no file in this folder has a suffix that is known ({kinds}); "
            "name a file to have it tried whatever its suffix"
        )
        yield Input(top, error=MediaError(message))


def _below(
    top: Path, below: Path, suffixes: frozenset[str], own: bool, entered: set[tuple[int, int]]
) -> Iterator[Input]:
    folder = top / below
    try:
        status = folder.stat()
        if (status.st_dev, status.st_ino) in entered:
            return
        entered.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as entries:
            inside = sorted((entry.name, entry.is_dir()) for entry in entries)
    except OSError as error:
        message = f"{folder}: this folder cannot be read: {error.strerror or error}"
        yield Input(folder, error=MediaError(message))
        return
    for name, is_folder in inside:
        if name.startswith("."):
            continue
        if is_folder:
            yield from _below(top, below / name, suffixes, own, entered)
        elif Path(name).suffix.lower() in suffixes and not (
            _is_typescript(folder / name) or (not own and is_recorded(folder / name))
        ):
            yield Input(folder / name, below)


def _is_typescript(path: Path) -> bool:
    """Tell a ``.ts`` of source code from a transport stream, which is no text anywhere.

    What cannot be read, or is empty, is no source code: working on it will say what is wrong.
    """
    if path.suffix.lower() != ".ts":
        return False
    try:
        with path.open("rb") as file:
            first = file.read(512)
    except OSError:
        return False
    return bool(first) and not any(byte < 32 and byte not in b"\t\n\f\r" for byte in first)
