"""Writing files so that nobody ever sees half of one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from vidcap.errors import OutputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a scratch path in the folder of ``path`` that takes its place when the block succeeds.

    When the block raises, the scratch file is removed and ``path`` stays as it was.

    Raises:
        OutputError: the folder cannot be made or written, or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".vidcap-", suffix=path.suffix)
        os.close(handle)
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
