"""The fuzzer must see what goes wrong; what it found stays mended; a few hundred files go well."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vidcap.errors import DataError

ROOT = Path(__file__).parents[2]
PIPELINES = ROOT / "pipelines"
REPRODUCERS = ROOT / "tests" / "reproducers"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc"),
]


def fuzz(*words: str | Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, PIPELINES / "fuzz.py", *map(str, words), "--jobs", "1"],
        capture_output=True,
        text=True,
    )
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (1 if report["failures"] else 0)
    return report


@pytest.mark.needs_tool("ffmpeg")
def test_what_was_found_stays_mended(tmp_path: Path) -> None:
    report = fuzz("--again", REPRODUCERS, "--work", tmp_path)
    kept = [path for path in REPRODUCERS.rglob("*") if path.is_file()]
    assert report["files"] == len(kept) > 9
    assert [one["failures"] for one in report["families"].values() if one["failures"]] == []


def test_reproducers_are_small() -> None:
    assert sum(path.stat().st_size for path in REPRODUCERS.rglob("*")) < 2_000_000


@pytest.mark.needs_tool("ffmpeg")
def test_damaged_files_give_a_result_or_a_line(tmp_path: Path) -> None:
    families = ["media", "subtitles", "scripts", "configs", "library", "uploads"]
    chosen = [word for family in families for word in ("--family", family)]
    report = fuzz("--files", "200", "--seed", "7", *chosen, "--work", tmp_path)
    assert report["files"] > 190
    for one in report["families"].values():
        assert one["failures"] == []
        refused = sum(count for kind, count in one["outcomes"].items() if kind != "output")
        assert 0 < refused < one["files"]


def test_the_same_seed_gives_the_same_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(PIPELINES))
    import fuzz as module

    made = [module.Attack("subtitles", 1, tmp_path / name) for name in "ab"]
    for number in range(50):
        one, other = (attack.damaged(number) for attack in made)
        assert one == other
    assert made[0].damaged(0) != module.Attack("subtitles", 2, tmp_path / "a").damaged(0)


def crash(path: Path, folder: Path) -> object:
    os.kill(os.getpid(), signal.SIGSEGV)
    return None


def hang(path: Path, folder: Path) -> object:
    time.sleep(60)
    return None


def trip(path: Path, folder: Path) -> object:
    raise IndexError("no such thing")


def swallow(path: Path, folder: Path) -> object:
    return bytes(8 << 30)


def call_out(path: Path, folder: Path) -> object:
    with socket.socket() as one:
        one.settimeout(0.1)
        one.connect_ex(("127.0.0.1", 9))
    return None


def stray(path: Path, folder: Path) -> object:
    (folder.parent / "elsewhere").write_text("x")
    return None


def litter(path: Path, folder: Path) -> object:
    (folder / "tmp" / "left").write_text("x")
    return None


def halve(path: Path, folder: Path) -> object:
    (folder / "out" / ".vidcap-x.srt").write_text("x")
    return None


def breed(path: Path, folder: Path) -> object:
    subprocess.Popen(["sleep", "30"])
    return None


def refuse(path: Path, folder: Path) -> object:
    raise DataError("no")


def take(path: Path, folder: Path) -> object:
    (folder / "out" / "result").write_text("x")
    return None


@pytest.mark.parametrize(
    ("target", "outcome"),
    [
        (crash, "crash"),
        (hang, "hang"),
        (trip, "traceback"),
        (swallow, "memory"),
        (call_out, "network"),
        (stray, "files"),
        (litter, "files"),
        (halve, "files"),
        (breed, "process"),
        (refuse, "refused"),
        (take, "output"),
    ],
)
def test_a_cell_tells_what_came_of_a_file(
    target: Callable[[Path, Path], object],
    outcome: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(PIPELINES))
    from fuzzing import cells

    folder = tmp_path / "cell"
    folder.mkdir()
    path = folder / "file"
    path.write_text("x")
    verdicts = []
    cells.run_all(
        iter([cells.Task("one", path, folder, target, 1.0)]),
        lambda task, verdict: verdicts.append(verdict.outcome),
        jobs=1,
        until=time.monotonic() + 60,
    )
    assert verdicts == [outcome]
    assert not folder.exists()
