"""Runs speech.py in a process of its own, which is given up where the browser does not come back.

Chromium without a desktop and Playwright's driver were once seen to chase each other without end
there, on a busy machine, past every time-out.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

_SECONDS = 90


def test_descriptions_are_spoken_by_the_browser() -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-m",
        "",
        "-rs",
        str(Path(__file__).with_name("speech.py")),
    ]
    for _ in range(3):
        with subprocess.Popen(
            command,
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as running:
            try:
                said, _ = running.communicate(timeout=_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)
                continue
        assert running.returncode == 0, said
        if " skipped" in said and " passed" not in said:
            pytest.skip("needs Chromium, Playwright and the extra web")
        return
    pytest.fail(f"the browser did not come back within {_SECONDS} s, three times")
