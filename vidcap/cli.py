"""The ``vidcap`` command: reads the command line, calls the job, turns errors into exit codes.

Nothing but the standard library is imported until a command is known.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from types import FrameType
from typing import NoReturn

from vidcap.arguments.command_line import command_line
from vidcap.commands import exits
from vidcap.commands.progress import Reporter
from vidcap.errors import VidcapError

_M_ARENA_MAX = -8  # of malloc.h


class _Terminated(BaseException):
    """The process was told to terminate; what is running cleans up on its way out."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; never raises an error, never reads stdin."""
    _prepare_streams()
    _few_pools()
    reporter = Reporter()
    try:
        with _termination():
            parsed = command_line().parse_args(arguments)
            reporter = Reporter(quiet=parsed.quiet, verbose=parsed.verbose > 0)
            if parsed.verbose > 1:
                os.environ["VIDCAP_DEBUG"] = "1"
            return _run(parsed, reporter)
    except VidcapError as error:
        reporter.warn(f"vidcap: {error}")
        return error.exit_code
    except BrokenPipeError:
        return exits.BROKEN_PIPE
    except KeyboardInterrupt:
        reporter.warn("vidcap: interrupted; finished files stay")
        return exits.INTERRUPTED
    except _Terminated:
        reporter.warn("vidcap: terminated; finished files stay")
        return exits.TERMINATED
    except Exception as error:
        from vidcap.commands.outcomes import foreseen, internal

        known = foreseen(error)
        if isinstance(known, VidcapError):
            reporter.warn(f"vidcap: {known}")
            return known.exit_code
        reporter.warn(f"vidcap: {internal(error)}")
        return exits.INTERNAL


def _run(parsed: argparse.Namespace, reporter: Reporter) -> int:
    try:
        code: int = parsed.run(parsed, reporter)
    except Exception as error:
        from vidcap.commands.outcomes import raise_signal

        raise_signal(error)
        raise
    return code


def _prepare_streams() -> None:
    # A closed descriptor would go to the next file opened, and messages would land in that file.
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115 - for good
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115
    # File names may hold what no encoding can say; and data is UTF-8 wherever it goes.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            encoding = None if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


def _few_pools() -> None:
    # glibc keeps what was freed in a pool a thread: long work would hold a fifth more memory.
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


@contextmanager
def _termination() -> Iterator[None]:
    def terminate(number: int, frame: FrameType | None) -> NoReturn:
        raise _Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
