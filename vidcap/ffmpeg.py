"""The ffmpeg program: found, run with a list of arguments, and never heard of again if it fails."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

from vidcap.errors import MissingExtraError, OutputError

# What ffmpeg 4 to 8 say when they cannot write the end of a file.
_UNWRITTEN = ("Error writing trailer", "Error closing file")


def ffmpeg_program() -> str:
    """Return the path of an ffmpeg program: the system's, or the one that imageio-ffmpeg brings.

    Raises:
        MissingExtraError: there is none.
    """
    found = shutil.which("ffmpeg")
    if found:
        return found
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError, OSError) as error:
        raise MissingExtraError(
            "there is no ffmpeg program: install it with the system's package manager, or "
            "python3 -m pip install --force-reinstall imageio-ffmpeg"
        ) from error


def file_url(path: Path) -> str:
    """Return a path as ffmpeg takes it, whatever is in its name: no option, and no protocol."""
    return f"file:{path.absolute()}"


def run_ffmpeg(
    command: Sequence[str],
    *,
    subject: Path,
    folder: Path | None = None,
    progress: Callable[[Fraction], None] = lambda time: None,
) -> None:
    """Run a command that ffmpeg-python has compiled, to its end.

    Args:
        command: program and arguments.
        subject: the file that an error is about.
        folder: where to run it.
        progress: is called with the seconds of output that are done.

    Raises:
        OutputError: it failed; the message has its last line.
    """
    program, *arguments = command
    quiet = ["-nostdin", "-hide_banner", "-v", "error", "-progress", "pipe:1"]
    with tempfile.TemporaryFile() as messages:
        process = subprocess.Popen(  # noqa: S603 - a list of arguments, files as file: URLs
            [program, *quiet, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=messages,
            cwd=folder,
            text=True,
        )
        try:
            assert process.stdout is not None
            for line in process.stdout:
                key, _, value = line.strip().partition("=")
                if key == "out_time_us" and value.isdecimal():
                    progress(Fraction(int(value), 1_000_000))
            code = process.wait()
        finally:
            with contextlib.suppress(OSError):
                process.kill()
            process.wait()
        messages.seek(0)
        said = messages.read().decode("utf-8", "replace")
    check_ffmpeg(code, said, subject=subject)


def check_ffmpeg(code: int, said: str, *, subject: object) -> None:
    """Make sure that ffmpeg wrote all of a file.

    Where the disk is full at the file's end, ffmpeg says so and still leaves with 0.

    Args:
        code: what it left with.
        said: its messages.
        subject: what an error is about.

    Raises:
        OutputError: it failed; the message has its last line.
    """
    lines = [line.strip() for line in said.split("\n") if line.strip()]
    unwritten = [line for line in lines if any(words in line for words in _UNWRITTEN)]
    if code or unwritten:
        words = [line for line in lines if line != "Conversion failed!"] or [f"exit code {code}"]
        raise OutputError(f"{subject}: ffmpeg failed: {(unwritten or words)[-1][:300]}")
