"""Index a corpus of videos on many machines with Ray Data, into partitioned Parquet.

    python pipelines/index_corpus.py films/ --out scenes/ --actors 2
    vidcap library import scenes/ --db library.db

A streaming dataset: the files are listed, their contents hashed by tasks, and watched by actors,
each with a captioner of its own; decoding runs in a process beside each actor.  An actor writes a
video's scenes as soon as it has them, to ``part=XX/CONTENT.parquet``, aside and then renamed: a
file that is there is whole.  What is there is not watched again, whoever wrote it.  A video that
fails is written with its error (``--retry-failed`` tries it again).  Ray holds back the stages that
are ahead, and gives the work of an actor that dies to another.

``--out`` is a local path, which every machine must see, or an address that pyarrow knows, such as
s3://bucket/scenes.  Prints a summary as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pyarrow import fs, parquet

from vidcap.commands.inputs import VIDEO_SUFFIXES, find_inputs
from vidcap.errors import MediaError, ModelError, VidcapError
from vidcap.index import FileRecord, VideoRecord
from vidcap.index.fingerprint import content_hash, located, model_hash
from vidcap.index.parquet import name_of, table_of
from vidcap.jobs.index_video import IndexSettings, catalogued
from vidcap.jobs.options import ReadOptions
from vidcap.jobs.workers import find_embedder


class Store:
    """Where Parquet goes: a folder on any file system that pyarrow knows.

    Args:
        out: an absolute path or an address.
    """

    def __init__(self, out: str) -> None:
        self._system, self._root = fs.FileSystem.from_uri(out)

    def failed(self, content: str) -> bool | None:
        """Return whether a video is there as one that failed; None where it is not there."""
        path = f"{self._root}/{name_of(content)}"
        if self._system.get_file_info(path).type != fs.FileType.File:
            return None
        errors = parquet.read_table(
            path, columns=["error"], filesystem=self._system, partitioning=None
        )
        return errors.column("error")[0].as_py() is not None

    def write(self, content: str, table: Any) -> None:
        """Write a video whole or not at all; of two that write at once the last one stays."""
        path = f"{self._root}/{name_of(content)}"
        aside = f"{path}.{time.time_ns()}.part"
        self._system.create_dir(path.rpartition("/")[0], recursive=True)
        parquet.write_table(table, aside, filesystem=self._system, compression="zstd")
        self._system.move(aside, path)


class Fingerprint:
    """Tells what a file is, and whether it is done.

    Args:
        out: where Parquet goes.
        retry_failed: whether what failed counts as not done.
    """

    def __init__(self, out: str, retry_failed: bool) -> None:
        self._store = Store(out)
        self._retry = retry_failed

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Add ``content``, ``size``, ``mtime_ns``, ``state`` and ``error`` to a row."""
        path = Path(row["path"])
        try:
            stat = path.stat()
            content = content_hash(path)
        except (OSError, MediaError) as error:
            return _row(row["path"], "", 0, 0, "failed", str(error))
        failed = self._store.failed(content)
        done = failed is False or (failed is True and not self._retry)
        state = "kept" if done else "to do"
        return _row(row["path"], content, stat.st_size, stat.st_mtime_ns, state, "")


class Watcher:
    """Watches videos; an actor of Ray, with a captioner of its own.

    Args:
        out: where Parquet goes.
        captioner: arguments for :func:`vidcap.load_captioner`.
        way: how videos are watched.
    """

    def __init__(self, out: str, captioner: dict[str, Any], way: IndexSettings) -> None:
        import vidcap

        self._store = Store(out)
        self._captioner = vidcap.load_captioner(**captioner)
        self._way = way
        self._embedder = find_embedder()

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Watch the video of a row that is to do, write it, and say what came of it."""
        if row["state"] != "to do":
            return row
        began = time.monotonic()
        path, content, size = Path(row["path"]), row["content"], row["size"]
        try:
            video, scenes = catalogued(
                path, content, size, self._captioner, self._way, self._embedder, None
            )
        except ModelError:
            raise
        except Exception as error:
            said = (
                str(error) if isinstance(error, VidcapError) else f"{type(error).__name__}: {error}"
            )
            provenance = dict(self._captioner.provenance)
            video, scenes = (
                VideoRecord(
                    content,
                    size,
                    model_hash(provenance),
                    self._way.settings,
                    provenance,
                    error=" ".join(said.removeprefix(f"{path}: ").split()),
                ),
                [],
            )
        file = FileRecord(path, size, row["mtime_ns"], content)
        self._store.write(content, table_of(video, scenes, file))
        return {
            **row,
            "state": "failed" if video.error else "done",
            "error": video.error or "",
            "scenes": len(scenes),
            "seconds": (video.duration_ms or 0) / 1000,
            "took": time.monotonic() - began,
        }


def _row(path: str, content: str, size: int, mtime: int, state: str, error: str) -> dict[str, Any]:
    return {
        "path": path,
        "content": content,
        "size": size,
        "mtime_ns": mtime,
        "state": state,
        "error": error,
        "scenes": 0,
        "seconds": 0.0,
        "took": 0.0,
    }


def main() -> int:
    """Index the corpus and print the summary; the exit code is 1 where a video failed."""
    arguments = _arguments()
    # Ray writes what happens to its workers to the standard output, which is for data alone.
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        began = time.monotonic()
        rows = list(_rows(arguments))
        print(json.dumps(_summary(rows, time.monotonic() - began), indent=2), file=answer)
        answer.close()
    except VidcapError as error:
        print(f"index_corpus: {error}", file=sys.stderr)
        return error.exit_code
    return int(any(row["state"] == "failed" for row in rows))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="+", type=Path, help="videos, or folders to walk")
    parser.add_argument("--out", required=True, help="folder or address for Parquet")
    parser.add_argument("--actors", type=int, default=1, help="how many watch [%(default)s]")
    parser.add_argument("--cpus", type=float, default=1, help="processors an actor [%(default)s]")
    parser.add_argument("--gpus", type=float, default=0, help="GPUs an actor [%(default)s]")
    parser.add_argument("--address", help="of a Ray cluster [one is started here]")
    parser.add_argument("--captioner", default="default", help="[%(default)s]")
    parser.add_argument("--fps", default="1", help="frames a second to look at [%(default)s]")
    parser.add_argument("--retry-failed", action="store_true", help="try those again that failed")
    return parser.parse_args()


def _rows(arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    # Before Ray is imported: it would tell its makers of every run.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray

    out = arguments.out if "://" in arguments.out else str(Path(arguments.out).absolute())
    threads = max(1, int(arguments.cpus))
    read = ReadOptions(fps=arguments.fps, threads=threads)
    listed: list[dict[str, Any]] = []
    for item in find_inputs(arguments.paths, VIDEO_SUFFIXES):
        if item.error is None:
            listed.append({"path": str(located(item.path))})
        else:
            yield _row(str(item.path), "", 0, 0, "failed", str(item.error))
    if not listed:
        return
    ray.init(address=arguments.address, log_to_driver=False, include_dashboard=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    # A block a video: what an actor that dies has to do again is one video.
    data = ray.data.from_items(listed, override_num_blocks=len(listed))
    data = data.map(
        Fingerprint,
        fn_constructor_args=(out, arguments.retry_failed),
        compute=ray.data.ActorPoolStrategy(size=1),
        num_cpus=0.1,
    ).map(
        Watcher,
        fn_constructor_args=(
            out,
            {
                "name": arguments.captioner,
                "device": "cuda" if arguments.gpus else "cpu",
                "threads": threads,
            },
            IndexSettings(read),
        ),
        compute=ray.data.ActorPoolStrategy(size=arguments.actors),
        num_cpus=arguments.cpus,
        num_gpus=arguments.gpus,
    )
    yield from data.iter_rows()


def _summary(rows: list[dict[str, Any]], wall: float) -> dict[str, Any]:
    counts = Counter(row["state"] for row in rows)
    hours = sum(row["seconds"] for row in rows) / 3600
    return {
        "videos": len(rows),
        **{state: counts[state] for state in ("done", "kept", "failed")},
        "scenes": sum(row["scenes"] for row in rows),
        "video hours": round(hours, 4),
        "wall seconds": round(wall, 1),
        "actor seconds a video hour": round(sum(row["took"] for row in rows) / hours, 1)
        if hours
        else None,
        "errors": {row["path"]: row["error"] for row in rows if row["state"] == "failed"},
    }


if __name__ == "__main__":
    sys.exit(main())
