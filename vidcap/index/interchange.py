"""A catalogue as JSON lines, and back: a line a video, with all its scenes.

docs/catalogue.md describes the lines.  A catalogue always gives the same lines for the same videos,
in whatever order they were indexed.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from vidcap.errors import DataError
from vidcap.index.records import FileRecord, SceneRecord, VideoRecord
from vidcap.index.store import Catalogue

SCHEMA = "vidcap.catalogue/1"
_BYTES = ("thumbnail", "sentence_vector", "picture_vector")


def export_lines(catalogue: Catalogue) -> Iterator[str]:
    """Yield a catalogue as JSON lines, ordered by the videos' contents."""
    # All at once: a query that stays open would see, or hold up, what others write.
    for video in list(catalogue.videos()):
        record = {
            "schema": SCHEMA,
            "content": video.content,
            "size": video.size,
            "duration_ms": video.duration_ms,
            "error": video.error,
            "completeness": video.completeness,
            "model": video.model,
            "settings": video.settings,
            "made_by": dict(video.made_by),
            "files": [
                {"path": str(file.path), "size": file.size, "mtime_ns": file.mtime_ns}
                for file in catalogue.files(video.content)
            ],
            "scenes": [_scene_out(scene) for scene in catalogue.scenes(video.content)],
        }
        # In ASCII: a path may hold what is no character.
        yield json.dumps(record, ensure_ascii=True) + "\n"


def import_lines(catalogue: Catalogue, lines: Iterable[str], *, name: str) -> tuple[int, int]:
    """Take videos from JSON lines; those that are done already stay as they are.

    Args:
        catalogue: where to.
        lines: what :func:`export_lines` gave.
        name: what the lines are called in errors.

    Returns:
        how many videos were taken, and how many stayed as they were.

    Raises:
        DataError: a line is not as it should be; those before it are taken.
    """
    taken = kept = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            added = add_missing(catalogue, *parsed(json.loads(line)))
        # Numbers too large for SQLite and halves of characters show only when they are written.
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise DataError(f"{name}: line {number} is no video of a catalogue: {what}") from error
        taken += added
        kept += not added
    return taken, kept


def add_missing(
    catalogue: Catalogue,
    video: VideoRecord,
    scenes: Iterable[SceneRecord],
    files: Iterable[FileRecord],
) -> bool:
    """Add a video unless it is done already; files that are new are remembered all the same.

    Returns:
        whether it was added.
    """
    known = catalogue.video(video.content)
    if known is None or (known.error is not None and video.error is None):
        return catalogue.add(video, list(scenes), files=list(files))
    there = {file.path for file in catalogue.files(video.content)}
    for file in files:
        if file.path not in there:
            catalogue.remember(file)
    return False


def parsed(record: Any) -> tuple[VideoRecord, list[SceneRecord], list[FileRecord]]:
    """Return a video, its scenes and its files from what stood in a line.

    Raises:
        ValueError, KeyError, TypeError: it is not as it should be.
    """
    if not isinstance(record, dict):
        raise TypeError("it is no object")
    if record["schema"] != SCHEMA:
        raise ValueError(f"its schema is {record['schema']!r}, and this vidcap reads {SCHEMA!r}")
    content = checked_content(_typed(record, "content", str))
    video = VideoRecord(
        content,
        _typed(record, "size", int),
        _typed(record, "model", str),
        _typed(record, "settings", str),
        _typed(record, "made_by", dict),
        _typed(record, "duration_ms", int, type(None)),
        _typed(record, "completeness", str, type(None)),
        _typed(record, "error", str, type(None)),
    )
    files = [
        FileRecord(
            checked_path(_typed(file, "path", str)),
            _typed(file, "size", int),
            _typed(file, "mtime_ns", int),
            content,
        )
        for file in _typed(record, "files", list)
    ]
    return video, [_scene_in(scene) for scene in _typed(record, "scenes", list)], files


def checked_content(text: str) -> str:
    """Return what a video is known by.

    Raises:
        ValueError: it is no SHA-256 in hexadecimal.
    """
    if len(text) != 64 or set(text) - set("0123456789abcdef"):
        raise ValueError(f"content {text[:80]!r} is no SHA-256")
    return text


def checked_path(text: str) -> Path:
    """Return where a file lies.

    Raises:
        ValueError: it is no absolute path.
    """
    if "\0" in text or not Path(text).is_absolute():
        raise ValueError(f"path {text!r} is not absolute")
    os.fsencode(text)  # raises where it holds what no file name can
    return Path(text)


def _scene_out(scene: SceneRecord) -> dict[str, Any]:
    record: dict[str, Any] = {
        "start_ms": scene.start_ms,
        "end_ms": scene.end_ms,
        "text": scene.text,
        "score": scene.score,
        "confidence": scene.confidence,
        "frames_ms": list(scene.frames_ms),
        "tags": None if scene.tags is None else dict(scene.tags),
        "screen_text": scene.screen_text,
    }
    for name in _BYTES:
        data = getattr(scene, name)
        record[name] = None if data is None else base64.b64encode(data).decode("ascii")
    return record


def _scene_in(record: Any) -> SceneRecord:
    start, end = (_typed(record, name, int) for name in ("start_ms", "end_ms"))
    if not 0 <= start <= end:
        raise ValueError(f"a scene from {start} to {end} ms cannot be")
    frames = _typed(record, "frames_ms", list)
    tags = _typed(record, "tags", dict, type(None))
    if not all(type(time) is int for time in frames):
        raise TypeError("frames_ms holds something other than whole numbers")
    return SceneRecord(
        start,
        end,
        _typed(record, "text", str),
        _typed(record, "score", float, int, type(None)),
        _typed(record, "confidence", float, int, type(None)),
        tuple(frames),
        tags=tags,
        screen_text=_typed(record, "screen_text", str, type(None)),
        **{name: _bytes(_typed(record, name, str, type(None))) for name in _BYTES},
    )


def _bytes(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"{text[:20]!r}… is no base64") from error


def _typed(record: Mapping[str, Any], name: str, *kinds: type) -> Any:
    value = record[name]
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise TypeError(f"{name} is {value!r:.40}")
    return value
