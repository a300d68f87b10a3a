"""What else happens around a command: files that go, clocks that jump, decoders that hang."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.conftest import Undisturbed
from tests.faults.running import (
    NAMED,
    ROOT,
    nobody_is_left,
    results,
    run,
    scratches,
    start,
)
from vidcap.files import replacing

# The rest of what can be put together takes two minutes more.
only_all = pytest.mark.skipif("VIDCAP_KILLS" not in os.environ, reason="VIDCAP_KILLS is not set")
pytestmark = pytest.mark.slow
FAKES = "tests.video.fakes"
needs_ffmpeg = pytest.mark.needs_tool("ffmpeg")


@pytest.fixture
def own(given: Path, tmp_path: Path) -> Path:
    """Inputs that a test may spoil: one film of them."""
    folder = tmp_path / "own"
    shutil.copytree(given, folder)
    (folder / "films" / "b.mp4").unlink()
    return folder


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("subtitle", "unlink"),
        pytest.param("mux", "unlink", marks=needs_ffmpeg),
        pytest.param("burn", "truncate", marks=needs_ffmpeg),
        pytest.param("subtitle", "truncate", marks=only_all),
        pytest.param("index", "unlink", marks=only_all),
        pytest.param("index", "truncate", marks=only_all),
        pytest.param("mux", "truncate", marks=[needs_ffmpeg, only_all]),
        pytest.param("burn", "unlink", marks=[needs_ffmpeg, only_all]),
    ],
)
def test_a_film_that_goes_while_it_is_watched_is_said_or_done(
    name: str, action: str, own: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    ended = run(name, own, out, FAULTS_PICTURES=f"{action} {own / 'films' / 'a.mp4'}")
    # What was read already is enough for words; a copy of the film cannot be made any more.
    assert ended.code in ((3, 6) if name in ("mux", "burn") else (0, 3)), ended.err
    assert ("vidcap: " in ended.err) == (ended.code != 0)
    assert bool(results(out)) == (ended.code == 0) or name == "index"
    assert scratches(out) == []


@pytest.mark.parametrize("name", ["index", pytest.param("subtitle", marks=only_all)])
def test_a_clock_that_jumps_changes_nothing(
    name: str, given: Path, undisturbed: Callable[[str], Undisturbed], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    ended = run(name, given, out, FAULTS_CLOCK="1")
    assert ended.code == 0, ended.err
    assert results(out) == undisturbed(name).written


@pytest.mark.parametrize(
    ("name", "fake"),
    [
        ("subtitle", "Hanging"),
        pytest.param("index", "Crashing", marks=only_all),
        pytest.param("subtitle", "Crashing", marks=only_all),
        pytest.param("subtitle", "Raising", marks=only_all),
        pytest.param("index", "Hanging", marks=only_all),
    ],
)
def test_a_decoder_that_breaks_costs_a_word_and_another_goes_on(
    name: str, fake: str, own: Path, tmp_path: Path
) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    for folder in (whole, out):
        folder.mkdir()
    assert run(name, own, whole).code == 0
    ended = run(name, own, out, FAULTS_DECODERS=f"{FAKES}:{fake} pyav")
    assert ended.code == 0, ended.err
    told, expected = results(out), results(whole)
    assert told.keys() == expected.keys()
    if name == "subtitle":
        assert told["a.en.srt"] == expected["a.en.srt"]
        assert f"{FAKES}:{fake} was given up" in told["a.en.json"].decode()


@pytest.mark.parametrize(
    ("name", "fake"),
    [
        ("subtitle", "Blind"),
        pytest.param("index", "Refusing", marks=only_all),
    ],
)
def test_a_film_that_no_decoder_reads_is_said_in_a_line(
    name: str, fake: str, own: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    ended = run(name, own, out, more=("-q",), FAULTS_DECODERS=f"{FAKES}:{fake}")
    assert ended.code == 3
    (line,) = ended.err.splitlines()
    assert "no decoder can read it" in line
    assert list(out.glob("*.srt")) == []


def test_a_decoder_without_memory_is_said_in_a_line(own: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    ended = run("subtitle", own, out, more=("-q",), VIDCAP_DECODER_MEMORY=str(150 << 20))
    assert ended.code == 3
    (line,) = ended.err.splitlines()
    assert "no decoder can read it" in line
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["subtitle", "import", *(pytest.param(n, marks=only_all) for n in ("caption", "export"))],
)
def test_two_commands_on_one_output_agree(
    name: str, given: Path, undisturbed: Callable[[str], Undisturbed], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    more = ("--force",) if name in NAMED else ()
    both = [start(name, given, out, more=more) for _ in range(2)]
    for process in both:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    assert results(out) == undisturbed(name).written
    assert scratches(out) == []


@pytest.mark.parametrize(
    "kind", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=only_all)], ids=str
)
def test_the_page_ends_when_it_is_told_to_and_leaves_nothing(
    kind: signal.Signals, given: Path, tmp_path: Path
) -> None:
    pytest.importorskip("gradio")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    out = tmp_path / "out"
    process = start("", given, out, words=("serve", "--port", port))
    assert process.stderr is not None
    while "the page is at" not in (line := process.stderr.readline()):
        assert line
    for _ in range(200):
        with socket.socket() as caller:
            if caller.connect_ex(("127.0.0.1", int(port))) == 0:
                break
        time.sleep(0.05)
    process.send_signal(kind)
    _, err = process.communicate(timeout=60)
    # Ctrl-C is how people end a page.
    assert process.returncode == (143 if kind == signal.SIGTERM else 0)
    assert "Traceback" not in err
    assert nobody_is_left(process.pid)
    assert list(Path(f"{out}-tmp").iterdir()) == []


def test_what_a_killed_process_left_is_swept_and_what_is_in_use_stays(tmp_path: Path) -> None:
    program = (
        "import os, sys, signal\n"
        "from pathlib import Path\n"
        "from vidcap.files import replacing\n"
        "with replacing(Path(sys.argv[1])) as scratch:\n"
        "    scratch.write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    target = tmp_path / "film.srt"
    subprocess.run(
        [sys.executable, "-c", program, target], env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert len(scratches(tmp_path)) == 1
    with replacing(tmp_path / "other.srt") as mine:
        assert scratches(tmp_path) == [mine.name]
        done = run("", tmp_path, tmp_path, words=_convert(tmp_path))
        assert done.code == 0, done.err
        assert mine.exists()
        mine.write_text("whole")
    assert scratches(tmp_path) == []
    assert (tmp_path / "other.srt").read_text() == "whole"


def _convert(folder: Path) -> tuple[str, ...]:
    (folder / "in.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nA dog.\n")
    return ("convert", str(folder / "in.srt"), str(folder / "in.vtt"))
