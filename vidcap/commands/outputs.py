"""Where results go, and which files vidcap may replace.

A file format cannot be trusted to say who wrote it (SRT has no comments at all), so for every
sidecar vidcap keeps a small record in the folder ``.vidcap`` beside it: the digest of what was
written, from which file, with which settings.  A sidecar is vidcap's own as long as its digest is
the recorded one.  Everything else, edited results included, belongs to somebody else and is never
replaced.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidcap.errors import OutputError
from vidcap.files import write_atomically

RECORDS = ".vidcap"


@dataclass(frozen=True, slots=True)
class Target:
    """Where one result of one input goes.

    Attributes:
        path: the file.
        done: it is there already and stays as it is.
        note: what a reader should know about the choice; empty where it is the plain one.
    """

    path: Path
    done: bool = False
    note: str = ""


def named_target(path: Path, *, force: bool) -> Target:
    """Return the target for a file that the user named.

    Raises:
        OutputError: something is there already and ``force`` is not set, or it is no plain file.
    """
    if os.path.lexists(path):
        if not path.is_file():
            raise OutputError(f"{path}: is there already and is no plain file; name another")
        if not force:
            raise OutputError(f"{path}: is there already; replace it with --force or name another")
    return Target(path)


def sidecar_target(
    source: Path,
    folder: Path,
    endings: tuple[str, ...],
    *,
    siblings: frozenset[str],
    settings: Mapping[str, Any],
    force: bool,
) -> Target:
    """Choose the name in ``folder`` for a result made from ``source``.

    ``endings`` are tried in order, say ``.en.srt`` and then ``.scenes.en.srt``, after the stem of
    ``source``; after its full name where another file with one of the suffixes ``siblings`` has the
    same stem, so that ``film.mp4`` and ``film.mkv`` keep apart.  A result that vidcap has made from
    ``source`` before is done, whatever its settings were; ``force`` replaces it unless somebody has
    edited it.

    Raises:
        OutputError: every name is taken by a file that is not vidcap's to replace.
    """
    stem = source.name if _has_sibling(source, siblings) else source.stem
    edited = ""
    for base in dict.fromkeys((stem, source.stem, source.name)):
        for ending in endings:
            path = folder / (base + ending)
            record = _read_record(path)
            if record.get("source") != _relative(source, folder) or not os.path.lexists(path):
                continue
            if record.get("sha256") != _digest_of(path):
                edited = f"{path.name} has been edited since vidcap wrote it and stays as it is"
                if not force:
                    return Target(path, done=True, note=edited)
            elif force:
                return Target(path)
            else:
                return Target(path, done=True, note=_what_changed(record, source, settings))
    for ending in endings:
        path = folder / (stem + ending)
        if not os.path.lexists(path):
            plain = ending == endings[0]
            taken = "" if plain else f"{stem}{endings[0]} is not vidcap's to replace"
            return Target(path, note=edited or taken)
    names = " and ".join(stem + ending for ending in endings)
    raise OutputError(
        f"{source}: {names} in {folder} are not vidcap's to replace; "
        "move one away or name another place with -o"
    )


def check_writable(folder: Path) -> None:
    """Find out before the work whether a result can be written to ``folder``.

    Raises:
        OutputError: neither it nor, where it is yet to be made, the folder above can be written.
    """
    existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not existing.is_dir():
        raise OutputError(f"{folder}: cannot be a folder, for {existing} is a file")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise OutputError(f"{existing}: this folder cannot be written; name another with -o")


def save(path: Path, data: str | bytes) -> None:
    """Write a finished result whole, to ``path`` or, when that fails, to a temporary folder.

    Raises:
        OutputError: ``path`` could not be written; the message says where the result is instead.
    """
    try:
        write_atomically(path, data)
    except OutputError as error:
        try:
            refuge = Path(tempfile.mkdtemp(prefix="vidcap-")) / path.name
            write_atomically(refuge, data)
        except (OSError, OutputError):
            raise error from None
        raise OutputError(f"{error}; the result was kept as {refuge}") from error


def save_sidecar(path: Path, data: str | bytes, source: Path, settings: Mapping[str, Any]) -> str:
    """Write a result with the record that makes it vidcap's own; return a warning or nothing.

    Raises:
        OutputError: as :func:`save`.
    """
    # The record comes first: should the program be killed in between, a record without its file
    # says nothing, while a file without its record would pass for somebody else's.
    warning = record(path, hashlib.sha256(_bytes(data)).hexdigest(), source, settings)
    save(path, data)
    return warning


def record_scratch(path: Path, scratch: Path, source: Path, settings: Mapping[str, Any]) -> str:
    """Make a file vidcap's own that is finished at ``scratch`` and about to be put at ``path``.

    Returns:
        A warning, or nothing.
    """
    return record(path, _digest_of(scratch), source, settings)


def is_recorded(path: Path) -> bool:
    """Tell whether vidcap wrote a file of this name in this folder."""
    return bool(_read_record(path))


def record(path: Path, digest: str, source: Path, settings: Mapping[str, Any]) -> str:
    """Write down that a file is vidcap's own; return a warning or nothing.

    Args:
        path: where the file is or will be.
        digest: SHA-256 of its bytes, in hexadecimal.
        source: what it is made from.
        settings: the settings that it is made with.
    """
    from vidcap import __version__

    size, modified = _version(source)
    facts = {
        "output": path.name,
        "sha256": digest,
        "source": _relative(source, path.parent),
        "size": size,
        "modified_ns": modified,
        "settings": dict(settings),
        "vidcap": __version__,
    }
    try:
        write_atomically(_record_path(path), json.dumps(facts, indent=1) + "\n")
    except OutputError as error:
        return f"the next run will not know {path.name} for vidcap's own: {error}"
    return ""


def _bytes(data: str | bytes) -> bytes:
    return data.encode("utf-8") if isinstance(data, str) else data


def _has_sibling(source: Path, siblings: frozenset[str]) -> bool:
    def others() -> Iterator[Path]:
        for suffix in siblings:
            yield source.with_suffix(suffix)
            yield source.with_suffix(suffix.upper())

    return any(
        other.name.casefold() != source.name.casefold() and other.exists() for other in others()
    )


def _relative(source: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(source, folder)).as_posix()
    except ValueError:  # another drive
        return source.absolute().as_posix()


def _record_path(path: Path) -> Path:
    # A digest for a name: any file name, however long or odd, has a record.
    name = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:24]
    return path.parent / RECORDS / f"{name}.json"


def _read_record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(_record_path(path).read_text(encoding="utf-8"))
    # None, or damaged: then the file counts as somebody else's.
    except (OSError, ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _version(source: Path) -> tuple[int | None, int | None]:
    """Return size and time of change, by which another version of a file is known."""
    try:
        status = source.stat()
    except OSError:  # gone while it was worked on: the result is worth keeping all the same
        return None, None
    return status.st_size, status.st_mtime_ns


def _digest_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _what_changed(record: Mapping[str, Any], source: Path, settings: Mapping[str, Any]) -> str:
    changed = []
    if (record.get("size"), record.get("modified_ns")) != _version(source):
        changed.append(f"{source.name} has changed since")
    if record.get("settings") != dict(settings):
        changed.append("it was made with other settings")
    return f"{' and '.join(changed)}; make it anew with --force" if changed else ""
