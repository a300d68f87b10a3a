"""Disks that are full, and folders that cannot be written: said, and nothing is half there."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.conftest import Undisturbed
from tests.faults.running import COMMANDS, NAMED, NEEDS, agree, results, run, scratches
from vidcap.commands.outcomes import Outcome

# Every command on every disk takes half a minute more.
only_all = pytest.mark.skipif("VIDCAP_KILLS" not in os.environ, reason="VIDCAP_KILLS is not set")


def named(quick: Sequence[str]) -> list[object]:
    """Return all commands as parameters; those that are not quick are run where all is asked for.

    An index on a full disk has a test of its own.
    """
    return [
        pytest.param(
            name,
            marks=[
                *([pytest.mark.needs_tool(NEEDS[name])] if name in NEEDS else []),
                *([] if name in quick else [only_all]),
            ],
        )
        for name in COMMANDS
    ]


pytestmark = pytest.mark.slow


@contextmanager
def disk(folder: Path, options: str) -> Iterator[Path]:
    """Mount a small disk and yield its folder."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("name", named(("subtitle", "mux", "export")))
def test_a_full_disk_is_said_and_leaves_what_is_finished(
    name: str, given: Path, undisturbed: Callable[[str], Undisturbed], tmp_path: Path
) -> None:
    expected = undisturbed(name).written
    with disk(tmp_path / "out", "size=4k") as out:
        ended = run(name, given, out)
        # Of several inputs some may have found room.
        assert ended.code in (1, 6), ended.err
        assert "No space left on device" in ended.err or "the disk is full" in ended.err
        assert scratches(out) == []
        subprocess.run(["mount", "-o", "remount,size=50m", out], check=True)
        assert agree(results(out), expected)
        # Where only the record of a result found no room, that one is nobody's to replace.
        assert run(name, given, out, more=("--force",) if name in NAMED else ()).code in (0, 1)
        assert results(out) == expected


@pytest.mark.parametrize("name", named(("subtitle", "mux", "import", "caption")))
def test_a_folder_that_cannot_be_written_is_said_before_the_work(
    name: str, given: Path, tmp_path: Path
) -> None:
    with disk(tmp_path / "out", "ro,size=1m") as out:
        ended = run(name, given, out, more=("-q",))
        assert ended.code in (1, 6), ended.err
        assert all(
            "cannot be written" in line or "cannot be opened" in line
            for line in ended.err.splitlines()
        )
        assert list(out.iterdir()) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_no_room_for_what_is_temporary_is_no_fault_of_vidcap(number: int) -> None:
    error = OSError(number, os.strerror(number), "/tmp/vidcap-x/cues.srt")
    outcome = Outcome.of_error(Path("film.mp4"), error)
    assert outcome.exit_code == 6
    assert outcome.words.startswith("/tmp/vidcap-x/cues.srt: cannot be written: ")
    assert "TMPDIR" in outcome.words
    other = Outcome.of_error(Path("film.mp4"), OSError(errno.EBADF, "Bad file descriptor"))
    assert other.exit_code == 70
