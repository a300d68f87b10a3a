"""Videos and scenes for tests of the catalogue."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from vidcap.index import Catalogue, FileRecord, SceneRecord, VideoRecord

MODEL, SETTINGS = "1" * 64, "2" * 64


def content(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()


def video(name: str, *, error: str | None = None) -> VideoRecord:
    done = error is None
    return VideoRecord(
        content(name),
        1000,
        MODEL,
        SETTINGS,
        {"captioner": "shades"},
        20_000 if done else None,
        "complete" if done else None,
        error,
    )


def scenes(*texts: str) -> list[SceneRecord]:
    """Scenes of two seconds each, one behind the other."""
    return [
        SceneRecord(2000 * i, 2000 * i + 2000, text, -0.5, 0.75, (2000 * i + 500,), b"webp")
        for i, text in enumerate(texts)
    ]


def put(
    catalogue: Catalogue, name: str, told: Sequence[SceneRecord], path: Path | None = None
) -> None:
    place = path or Path("/films") / name
    catalogue.add(video(name), told, files=[FileRecord(place, 1000, 5, content(name))])
