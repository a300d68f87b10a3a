"""The processes that tests start without meaning to."""

from __future__ import annotations

import contextlib
from pathlib import Path


def children(word: bytes) -> list[str]:
    """The processes that this one has started and that have a word in their command lines."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # gone while we looked
            for child in (task / "children").read_text().split():
                if word in Path(f"/proc/{child}/cmdline").read_bytes():
                    found.append(child)
    return found
