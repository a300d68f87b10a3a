"""Commands that are killed, interrupted or told to end at any moment: what is finished stays."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.conftest import Undisturbed
from tests.faults.running import (
    COMMANDS,
    NAMED,
    NEEDS,
    agree,
    nobody_is_left,
    results,
    run,
    scratches,
    start,
)

# The default suite ends each command once; VIDCAP_KILLS=20 does it so often in each way.
KILLS = int(os.environ.get("VIDCAP_KILLS", "1"))
CODES = {signal.SIGKILL: 137, signal.SIGINT: 130, signal.SIGTERM: 143}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc"),
]


def named(names: tuple[str, ...]) -> list[object]:
    return [
        pytest.param(name, marks=pytest.mark.needs_tool(NEEDS[name])) if name in NEEDS else name
        for name in names
    ]


@pytest.mark.parametrize("name", named(tuple(COMMANDS)))
def test_a_signal_at_any_moment_leaves_what_is_finished(
    name: str, given: Path, undisturbed: Callable[[str], Undisturbed], tmp_path: Path
) -> None:
    expected = undisturbed(name)
    chance = random.Random(name)
    for number in range(KILLS):
        out = tmp_path / f"out{number}"
        out.mkdir()
        # Once round, so that every signal comes to several commands.
        for kind in CODES if KILLS > 1 else (list(CODES)[list(COMMANDS).index(name) % 3],):
            if name in NAMED and results(out):
                break  # it was quick, and writes over nothing
            moment = chance.uniform(0, expected.seconds)
            ended(kind, moment, start(name, given, out, FAULTS_BEGUN=str(tmp_path / "begun")), out)
            (tmp_path / "begun").unlink(missing_ok=True)
            shutil.rmtree(f"{out}-tmp")  # which the system clears: a kill leaves things there
            assert agree(results(out), expected.written)
        last = run(name, given, out, more=("--force",) if name in NAMED else ())
        assert last.code == 0, last.err
        assert results(out) == expected.written
        assert scratches(out) == []


def ended(kind: signal.Signals, moment: float, process: subprocess.Popen[str], out: Path) -> None:
    """End a command some seconds after it has begun to listen, and look at how it went."""
    killed = scratches(out)  # what an earlier kill left, if this command does not get to sweeping
    begun = out.parent / "begun"
    while not begun.exists():
        assert process.poll() is None
        time.sleep(0.005)
    time.sleep(moment)
    if kind == signal.SIGINT:
        os.killpg(process.pid, kind)  # as a terminal does, to everybody
    else:
        process.send_signal(kind)
    _, err = process.communicate(timeout=60)
    assert "Traceback" not in err, err
    assert nobody_is_left(process.pid)
    # A shell calls -15 and 143 the same; the signal may come when all is done but the tidying up.
    code = process.returncode
    assert (128 - code if code < 0 else code) in (0, CODES[kind]), err
    if code <= 0:
        assert code == -signal.SIGKILL or results(out)
        return
    if kind != signal.SIGKILL:
        word = "interrupted" if kind == signal.SIGINT else "terminated"
        assert err.splitlines()[-1] == f"vidcap: {word}; finished files stay"
        assert set(scratches(out)) <= set(killed)
        assert list(Path(f"{out}-tmp").iterdir()) == []
