"""The ``vidcap`` command: reads the command line, calls the job, turns errors into exit codes.

Nothing but the standard library and click is imported until a command is known.
"""

from __future__ import annotations

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

import click

from vidcap.commands import exits
from vidcap.commands.command import Session, usage_error
from vidcap.commands.command_line import COMPLETE, command_line
from vidcap.errors import VidcapError

_M_ARENA_MAX = -8  # of malloc.h


class _Terminated(BaseException):
    """The process was told to terminate; what is running cleans up on its way out."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; never raises an error, never reads stdin."""
    _prepare_streams()
    _few_pools()
    session = Session()
    try:
        with _termination():
            return _run(sys.argv[1:] if arguments is None else arguments, session)
    except VidcapError as error:
        session.reporter.warn(f"vidcap: {error}")
        return error.exit_code
    except BrokenPipeError:
        return exits.BROKEN_PIPE
    except KeyboardInterrupt:
        session.reporter.warn("vidcap: interrupted; finished files stay")
        return exits.INTERRUPTED
    except _Terminated:
        session.reporter.warn("vidcap: terminated; finished files stay")
        return exits.TERMINATED
    except Exception as error:
        from vidcap.commands.outcomes import foreseen, internal

        known = foreseen(error)
        if isinstance(known, VidcapError):
            session.reporter.warn(f"vidcap: {known}")
            return known.exit_code
        session.reporter.warn(f"vidcap: {internal(error)}")
        return exits.INTERNAL


def _run(words: Sequence[str], session: Session) -> int:
    """Run a command; leave, as ``--help`` does, by ``SystemExit``."""
    group = command_line()
    if asked := os.environ.get(COMPLETE):
        from click.shell_completion import shell_complete

        raise SystemExit(shell_complete(group, {}, "vidcap", COMPLETE, asked))
    try:
        with group.make_context("vidcap", list(words), obj=session) as context:
            code: int = group.invoke(context)
    except click.UsageError as error:
        raise usage_error(error) from None
    except click.exceptions.Exit as left:
        raise SystemExit(left.exit_code) from None
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
