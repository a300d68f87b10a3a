"""The document of the command line is what the commands say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_document_of_the_command_line_is_not_stale() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "pipelines/cli_reference.py", "--check"],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
