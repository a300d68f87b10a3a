"""Write files atomically."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from vidcap.errors import OutputError

_SCRATCH = ".vidcap-"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a scratch path in the folder of ``path`` that takes its place when the block succeeds.

    When the block raises, the scratch file is removed and ``path`` stays as it was.  What a process
    that was killed left behind is removed by the next one that writes to the folder.

    Raises:
        OutputError: the folder cannot be made or written, or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path.parent.absolute())
        handle, name = _open_scratch(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error
    scratch = Path(name)
    try:
        yield scratch
        # mkstemp makes files private; a result gets the permissions any new file would have.
        mask = os.umask(0)
        os.umask(mask)
        scratch.chmod(0o666 & ~mask)
        scratch.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        scratch.unlink(missing_ok=True)
        if handle is not None:
            os.close(handle)


def _open_scratch(path: Path) -> tuple[int | None, str]:
    """Return a new scratch file, and what holds its lock: it is in use as long as that is open."""
    while True:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=_SCRATCH, suffix=path.suffix)
        try:
            locked = _lock(handle)
        except OSError:  # a file system without locks: then nobody sweeps there either
            locked = False
        if not locked:
            os.close(handle)
            return None, name
        # Between the two steps somebody may have taken it for left behind.
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), Path(name).stat()):
                return handle, name
        os.close(handle)


def _lock(handle: int) -> bool:
    """Lock a file for this process, and return whether the system has such locks.

    Raises:
        OSError: another process has locked it, or its file system has no locks.
    """
    try:
        import fcntl
    except ImportError:  # Windows, where an open file could not be renamed besides
        return False
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return True


@lru_cache(maxsize=256)
def _sweep(folder: Path) -> None:
    """Remove scratch files in a folder that no process has locked, once a process."""
    for left in folder.glob(f"{_SCRATCH}*"):
        with contextlib.suppress(OSError):
            handle = os.open(left, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
            try:
                if _lock(handle):
                    left.unlink()
            finally:
                os.close(handle)


def write_atomically(path: Path, data: bytes | str) -> None:
    """Write ``data`` (text as UTF-8, line ends untouched) to ``path``, wholly or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    with replacing(path) as scratch:
        scratch.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)


def longest_suffix(path: Path, suffixes: Iterable[str]) -> str | None:
    """Return the longest of ``suffixes`` (lower case) that a file's name ends in, if one is."""
    name = path.name.lower()
    return max(filter(name.endswith, suffixes), key=len, default=None)
