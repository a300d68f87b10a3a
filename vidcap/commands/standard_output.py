"""Writes data to the standard output, which may be closed or full."""

from __future__ import annotations

import os
import sys

from vidcap.errors import OutputError


def emit(text: str) -> None:
    """Write text at once; raises ``OutputError``, or ``BrokenPipeError`` where nobody reads on."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _abandon()
        raise
    except OSError as error:
        _abandon()
        raise OutputError(f"the standard output cannot be written: {error.strerror}") from error


def _abandon() -> None:
    # Python would try once more at its end, and complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
