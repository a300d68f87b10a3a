"""The Ray job on a few tiny videos: as the command, in spite of a worker that is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests import media
from vidcap.index import Catalogue
from vidcap.index.interchange import export_lines
from vidcap.index.parquet import import_folder
from vidcap.jobs.indexing import Indexer

pytest.importorskip("ray")
pytest.importorskip("pyarrow")
ROOT = Path(__file__).parents[2]
COUNT = 12

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    rng = np.random.default_rng(0)
    for number in range(COUNT):
        levels = rng.integers(0, 256, (2, 3))
        pictures = [np.full((64, 96, 3), level, np.uint8) for level in levels for _ in range(30)]
        media.write_video(folder / f"{number:02}.mp4", pictures=pictures, rate=10)
    (folder / "bad.mp4").write_bytes(b"no video")
    return folder


def start(films: Path, out: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            *(sys.executable, ROOT / "pipelines/index_corpus.py", films, "--out", out),
            *("--actors", "2", "--cpus", "0.5", "--captioner", "fast"),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def watchers() -> list[int]:
    """Processes in which an actor watches videos; Ray writes its name into their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"Map(Watcher)" in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
def test_a_killed_worker_changes_nothing(films: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    running = start(films, out)
    deadline = time.monotonic() + 120
    # In the middle of it: some are written, not all.
    while len(list(out.rglob("*.parquet"))) < 2:
        assert time.monotonic() < deadline
        assert running.poll() is None
        time.sleep(0.05)
    os.kill(watchers()[0], signal.SIGKILL)
    summary = json.loads(running.communicate(timeout=240)[0])
    assert running.returncode == 1
    assert (summary["videos"], summary["failed"]) == (COUNT + 1, 1)
    # What the dead worker had written is there when it is done again.
    assert summary["done"] + summary["kept"] == COUNT

    with Indexer(tmp_path / "one.db", captioner="fast", threads=1) as indexer:
        assert len(list(indexer.index(sorted(films.iterdir())))) == COUNT + 1
    with (
        Catalogue(tmp_path / "ray.db", create=True) as taken,
        Catalogue(tmp_path / "one.db") as one,
    ):
        assert import_folder(taken, out) == (COUNT + 1, 0)
        assert list(export_lines(taken)) == list(export_lines(one))

    again = json.loads(start(films, out).communicate(timeout=240)[0])
    assert (again["kept"], again["done"]) == (COUNT + 1, 0)
