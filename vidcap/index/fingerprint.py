"""Hash videos, models and settings, so that results can be told apart and reused."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from vidcap.errors import MediaError
from vidcap.index.records import Fact

# These change without changing what is said: the name it was asked for by, and the run time.
_APART = ("captioner", "runtime")


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a whole file, in hexadecimal.

    Raises:
        MediaError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise MediaError(f"{path}: cannot be read: {error.strerror or error}") from error


def model_hash(provenance: Mapping[str, Fact]) -> str:
    """Return a hash of what a captioner says of itself, as far as it decides on the sentences.

    A checkpoint is its weights, under whatever name and run time.  Where there is none, the name
    is all there is.
    """
    facts = dict(provenance)
    if "checkpoint" in facts:
        for name in _APART:
            facts.pop(name, None)
    return settings_hash(facts)


def settings_hash(settings: Mapping[str, Fact]) -> str:
    """Return a hash of settings; those that are not set do not count."""
    facts = {key: value for key, value in settings.items() if value is not None}
    text = json.dumps(facts, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def located(path: Path) -> Path:
    """Return where a file or folder lies: absolute, without ``..`` or links to folders.

    A link to a file keeps its own name; what can be no path comes back as it is.
    """
    try:
        if path.is_dir():
            return Path(os.path.realpath(path))
        return Path(os.path.realpath(path.parent)) / path.name
    except (OSError, ValueError):
        return path
