"""Indexing that is killed, shared, or runs out of room: nothing is lost, doubled or half there."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import vidcap
from tests import media
from tests.fakes import ShadeCaptioner
from vidcap.errors import UsageError
from vidcap.index import Catalogue
from vidcap.index.interchange import export_lines

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("run_with_fake.py")
# The default suite kills a few times; VIDCAP_KILLS=20, with forty videos, takes two minutes more.
KILLS = int(os.environ.get("VIDCAP_KILLS", "2"))
COUNT = max(8, 2 * KILLS)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Videos of two or three scenes, no two alike, and one that is broken."""
    folder = tmp_path_factory.mktemp("films")
    rng = np.random.default_rng(0)
    for number in range(COUNT):
        levels = rng.permutation([10, 120, 200])[: 2 + number % 2]
        pictures = [
            np.full((32, 48, 3), level + number, np.uint8) for level in levels for _ in range(8)
        ]
        media.write_video(folder / f"{number:02}.mp4", pictures=pictures, size=(48, 32), rate=4)
    (folder / "bad.mp4").write_bytes(b"no video")
    return folder


@pytest.fixture(scope="module")
def undisturbed(films: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    db = tmp_path_factory.mktemp("db") / "library.db"
    assert start(films, db).wait() == 1  # the broken one
    return lines(db)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "library.db"


def start(films: Path, db: Path, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, SCRIPT, "index", films, "--db", db, "--threads", "1", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def lines(db: Path) -> list[str]:
    with Catalogue(db) as catalogue:
        ask = catalogue.connection.execute
        assert ask("PRAGMA integrity_check").fetchone() == ("ok",)
        assert ask("PRAGMA foreign_key_check").fetchall() == []
        ask("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
        return list(export_lines(catalogue))


def test_a_run_that_is_killed_goes_on_where_it_was(
    films: Path, undisturbed: list[str], db: Path
) -> None:
    chance = random.Random(0)
    kills = 0
    before = 0
    while kills < KILLS:
        running = start(films, db)
        try:
            running.wait(chance.uniform(0.5, 3.0))
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGKILL)
            running.wait()
            kills += 1
        if not db.exists():
            continue
        done = lines(db)
        assert set(done) <= set(undisturbed)  # whole videos, and none changed
        assert len(done) >= before
        before = len(done)
        if before == len(undisturbed):
            assert start(films, db).wait() == 0
            assert lines(db) == undisturbed
            db.unlink()
            before = 0
    assert start(films, db).wait() in (0, 1)
    assert lines(db) == undisturbed


def test_two_indexers_share_one_database(films: Path, undisturbed: list[str], db: Path) -> None:
    running = [start(films, db) for _ in range(2)]
    assert sorted(one.wait() for one in running) in ([0, 1], [1, 1])
    assert lines(db) == undisturbed


def test_several_workers_write_what_one_does(films: Path, undisturbed: list[str], db: Path) -> None:
    assert start(films, db, "--workers", "2").wait() == 1
    assert lines(db) == undisturbed


def test_a_captioner_that_is_loaded_has_no_workers(db: Path) -> None:
    with pytest.raises(UsageError, match="goes with the name of a captioner"):
        vidcap.Indexer(db, captioner=ShadeCaptioner(), workers=2)
    assert not db.exists()


def test_a_worker_that_dies_costs_one_video_which_says_so(
    films: Path, undisturbed: list[str], db: Path
) -> None:
    running = start(films, db, "--workers", "2")
    deadline = time.monotonic() + 60
    while not db.exists() or len(lines(db)) < 5:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    # Others of its children keep count of what is shared, and decode.
    worker = next(child for child in children(running.pid) if spawned(child))
    os.kill(worker, signal.SIGKILL)
    assert running.wait() == 1
    different = [line for line in lines(db) if line not in undisturbed]
    assert len(different) <= 1
    assert all("ended with code -9" in line for line in different)
    assert start(films, db, "--retry-failed").wait() == 1
    assert lines(db) == undisturbed


def spawned(process: int) -> bool:
    return b"spawn_main" in Path(f"/proc/{process}/cmdline").read_bytes()


def test_workers_end_with_the_one_that_started_them(films: Path, db: Path) -> None:
    running = start(films, db, "--workers", "2")
    deadline = time.monotonic() + 60
    while not (db.exists() and children(running.pid)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    workers = children(running.pid)
    time.sleep(2)
    running.send_signal(signal.SIGKILL)
    running.wait()
    while any(map(runs, workers)):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def runs(process: int) -> bool:
    """Whether a process has not ended; one that has stays in /proc until its parent reaps it."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def children(parent: int) -> list[int]:
    if not Path("/proc/self/task").exists():
        pytest.skip("needs /proc")
    text = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(number) for number in text.split()]


def test_a_full_disk_is_said_and_the_run_goes_on_once_there_is_room(
    films: Path, undisturbed: list[str], tmp_path: Path
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", small], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        db = small / "library.db"
        done = subprocess.run(
            [sys.executable, SCRIPT, "index", films, "--db", db, "-q", "--threads", "1"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 6, done.stderr
        assert "the disk is full; what was finished stays" in done.stderr.splitlines()[-1]
        subprocess.run(["mount", "-o", "remount,size=50m", small], check=True)
        some = lines(db)
        assert 0 < len(some) < len(undisturbed)
        assert set(some) <= set(undisturbed)
        assert start(films, db).wait() in (0, 1)
        assert lines(db) == undisturbed
    finally:
        subprocess.run(["umount", small], check=True)
