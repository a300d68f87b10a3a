"""The command as a process: signals, pipes and the standard input."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests import media

ROOT = Path(__file__).parents[1]
PROGRAM = """
import sys, time
from tests.fakes import ShadeCaptioner
from vidcap.captioning import registry
from vidcap.cli import main

class Slow(ShadeCaptioner):
    def caption(self, pictures):
        print("captioning", file=sys.stderr, flush=True)
        time.sleep({seconds})
        return super().caption(pictures)

registry.load_captioner = lambda *args, **options: Slow()
sys.exit(main())
"""


def start(*words: str | Path, seconds: float = 0, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(seconds=seconds), *map(str, words)],
        cwd=ROOT,
        stdout=options.get("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
        stdin=options.get("stdin", subprocess.DEVNULL),
        text=True,
        start_new_session=True,
        preexec_fn=_hear_interrupts,
    )


def _hear_interrupts() -> None:
    # A run in the background of a script inherits that Ctrl-C is ignored, and so would this one.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pictures = [np.full((64, 96, 3), level, np.uint8) for level in (10, 240) for _ in range(20)]
    return media.write_video(
        tmp_path_factory.mktemp("films") / "film.mp4", pictures=pictures, rate=10
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_work_with_a_word_and_without_a_trace(
    film: Path, tmp_path: Path, number: int, code: int
) -> None:
    process = start("subtitle", film, "-o", tmp_path / "out.srt", seconds=60)
    assert process.stderr is not None
    assert process.stderr.readline() == "captioning\n"
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == code
    (line,) = err.splitlines()
    assert line.startswith("vidcap: ")
    assert list(tmp_path.iterdir()) == []
    _assert_nobody_is_left(process.pid)


def _assert_nobody_is_left(session: int) -> None:
    """Wait a moment for the processes of a session to go."""
    for _ in range(50):
        try:
            os.killpg(session, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("a process was left behind")


def test_a_finished_file_outlives_an_interrupted_run(film: Path, tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).write_bytes(film.read_bytes())
    process = start("subtitle", tmp_path, seconds=2)
    assert process.stderr is not None
    while not process.stderr.readline().startswith(f"{tmp_path}/a.mp4: "):
        pass
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert sorted(path.name for path in tmp_path.glob("*.srt")) == ["a.en.srt"]


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    for number in range(30):
        Image.new("RGB", (40, 30)).save(tmp_path / f"{number}.png")
    reader, writer = os.pipe()
    process = start("caption", tmp_path, "--batch-size", "1", seconds=0.01, stdout=writer)
    os.close(writer)
    os.read(reader, 1)
    os.close(reader)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 141
    assert "Broken" not in err
    assert "Traceback" not in err


def test_a_reader_of_subtitles_that_goes_away_is_no_fault(film: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = start("subtitle", film, "-o", "-", stdout=writer)
    os.close(writer)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 141
    assert err == "captioning\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device /dev/full")
def test_a_full_disk_behind_the_standard_output_is_said(film: Path) -> None:
    with Path("/dev/full").open("w") as full:
        process = start("probe", film, stdout=full)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 6
    (line,) = err.splitlines()
    assert "the standard output cannot be written: No space left on device" in line


def test_the_standard_input_is_never_read(film: Path, tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"still here")
    process = start("subtitle", film, "-o", tmp_path / "out.srt", stdin=reader)
    process.communicate(timeout=60)
    assert process.returncode == 0
    os.close(writer)
    assert os.read(reader, 100) == b"still here"
    os.close(reader)


def test_a_closed_standard_input_and_error_do_no_harm(film: Path, tmp_path: Path) -> None:
    words = " ".join(["subtitle", str(film), "-o", str(tmp_path / "out.srt")])
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(seconds=0))
    done = subprocess.run(
        ["/bin/sh", "-c", f"exec '{sys.executable}' '{program}' {words} <&- 2>&-"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0
    assert (tmp_path / "out.srt").exists()


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "vidcap", "--version"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert done.stdout.startswith("vidcap ")
