"""Write a video as a Parquet file with a row a scene, safe for many writers.

A video that failed has one row, whose scene is null.  docs/catalogue.md describes the columns.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from vidcap.errors import DataError
from vidcap.extras import import_extra
from vidcap.index.interchange import add_missing, checked_content, checked_path
from vidcap.index.records import FileRecord, SceneRecord, VideoRecord
from vidcap.index.store import Catalogue

SCHEMA = "vidcap.scenes/1"


def name_of(content: str) -> str:
    """Return where a video's file lies under a folder: partitioned by how its content begins."""
    return f"part={content[:2]}/{content}.parquet"


def table_of(video: VideoRecord, scenes: Sequence[SceneRecord], file: FileRecord) -> Any:
    """Return a video as a pyarrow table.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    pa: Any = import_extra("pyarrow", "ray")
    kinds = {"score": pa.float64(), "confidence": pa.float64()}
    kinds |= dict.fromkeys(("size", "mtime_ns", "duration_ms"), pa.int64())
    kinds |= dict.fromkeys(("position", "start_ms", "end_ms"), pa.int64())
    kinds |= dict.fromkeys(("path", "thumbnail"), pa.binary())
    kinds |= dict.fromkeys(("sentence_vector", "picture_vector"), pa.binary())
    kinds["frames_ms"] = pa.list_(pa.int64())
    shared = {
        "content": video.content,
        "path": str(file.path).encode("utf-8", "surrogateescape"),
        "size": video.size,
        "mtime_ns": file.mtime_ns,
        "model": video.model,
        "settings": video.settings,
        "made_by": json.dumps(dict(video.made_by), sort_keys=True),
        "duration_ms": video.duration_ms,
        "completeness": video.completeness,
        "error": video.error,
    }
    rows = [shared | _scene_out(number, scene) for number, scene in enumerate(scenes)]
    rows = rows or [shared | dict.fromkeys(_scene_out(0, SceneRecord(0, 0, "")))]
    schema = pa.schema(
        [(name, kinds.get(name, pa.string())) for name in rows[0]], metadata={"schema": SCHEMA}
    )
    return pa.Table.from_pylist(rows, schema=schema)


def import_folder(catalogue: Catalogue, folder: Path) -> tuple[int, int]:
    """Take videos from Parquet files; those that are done already stay as they are.

    Returns:
        how many videos were taken, and how many stayed as they were.

    Raises:
        MissingExtraError: pyarrow is not installed.
        DataError: a file is not as it should be; those before it are taken.
    """
    taken = kept = 0
    for path in sorted(folder.rglob("*.parquet")):
        for video, scenes, files in videos_in(path):
            if add_missing(catalogue, video, scenes, files):
                taken += 1
            else:
                kept += 1
    if not taken + kept:
        raise DataError(f"{folder}: no Parquet file lies in this folder")
    return taken, kept


def videos_in(
    path: Path,
) -> Iterator[tuple[VideoRecord, list[SceneRecord], list[FileRecord]]]:
    """Yield the videos of a Parquet file.

    Raises:
        MissingExtraError: pyarrow is not installed.
        DataError: the file is not as it should be.
    """
    parquet: Any = import_extra("pyarrow.parquet", "ray")
    try:
        # As a file, so that the names of its folders make no columns.
        table = parquet.ParquetFile(path).read()
        written = (table.schema.metadata or {}).get(b"schema", b"").decode()
        if written != SCHEMA:
            raise ValueError(f"its schema is {written!r}, and this vidcap reads {SCHEMA!r}")
        rows: dict[str, list[dict[str, Any]]] = {}
        for row in table.to_pylist():
            rows.setdefault(row["content"], []).append(row)
        made = [_video_in(group) for group in rows.values()]
    # pyarrow's own errors are kinds of these.
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        OSError,
        NotImplementedError,
        RecursionError,
    ) as error:
        raise DataError(f"{path}: holds no videos of a catalogue: {error}") from error
    yield from made


def _video_in(
    rows: Sequence[dict[str, Any]],
) -> tuple[VideoRecord, list[SceneRecord], list[FileRecord]]:
    first = rows[0]
    content = checked_content(first["content"])
    video = VideoRecord(
        content,
        first["size"],
        first["model"],
        first["settings"],
        json.loads(first["made_by"]),
        first["duration_ms"],
        first["completeness"],
        first["error"],
    )
    told = sorted(
        (row for row in rows if row["position"] is not None), key=lambda row: row["position"]
    )
    path = checked_path(first["path"].decode("utf-8", "surrogateescape"))
    file = FileRecord(path, first["size"], first["mtime_ns"], content)
    return video, [_scene_in(row) for row in told], [file]


def _scene_out(number: int, scene: SceneRecord) -> dict[str, Any]:
    return {
        "position": number,
        "start_ms": scene.start_ms,
        "end_ms": scene.end_ms,
        "text": scene.text,
        "score": scene.score,
        "confidence": scene.confidence,
        "frames_ms": list(scene.frames_ms),
        "tags": None if scene.tags is None else json.dumps(dict(scene.tags), sort_keys=True),
        "screen_text": scene.screen_text,
        "thumbnail": scene.thumbnail,
        "sentence_vector": scene.sentence_vector,
        "picture_vector": scene.picture_vector,
    }


def _scene_in(row: dict[str, Any]) -> SceneRecord:
    return SceneRecord(
        row["start_ms"],
        row["end_ms"],
        row["text"],
        row["score"],
        row["confidence"],
        tuple(row["frames_ms"]),
        row["thumbnail"],
        None if row["tags"] is None else json.loads(row["tags"]),
        row["screen_text"],
        row["sentence_vector"],
        row["picture_vector"],
    )
