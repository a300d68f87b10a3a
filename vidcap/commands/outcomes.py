"""Run one job on several inputs, one after another, and collect the outcomes."""

from __future__ import annotations

import errno
import os
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TypeVar

from vidcap.commands import exits
from vidcap.commands.progress import Reporter
from vidcap.errors import (
    MissingExtraError,
    ModelError,
    NothingToSayError,
    OutputError,
    VidcapError,
)

T = TypeVar("T")


class State(StrEnum):
    """What came of an input, in a word or two."""

    DONE = "done"
    KEPT = "kept"
    SILENT = "nothing to say"
    BROKEN = "rules broken"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one input.

    Attributes:
        path: the input.
        state: in a word or two.
        words: what more there is to say: where the result is, or what went wrong.
        exit_code: what a run of this input alone leaves with.
    """

    path: Path
    state: State
    words: str = ""
    exit_code: int = exits.OK

    @classmethod
    def of_error(cls, path: Path, error: Exception) -> Outcome:
        """Return the outcome of an input that ended in an error.

        Raises:
            ModelError, MissingExtraError, BrokenPipeError: passed on, for every other input would
                end alike.
            KeyboardInterrupt: or another signal, see :func:`raise_signal`.
        """
        raise_signal(error)
        error = foreseen(error)
        words = str(error).removeprefix(f"{path}: ").removeprefix(f"{path.absolute()}: ")
        match error:
            case ModelError() | MissingExtraError() | BrokenPipeError():
                raise error
            case NothingToSayError():
                return cls(path, State.SILENT, words, error.exit_code)
            case VidcapError():
                return cls(path, State.FAILED, words, error.exit_code)
            case _:
                return cls(path, State.FAILED, internal(error), exits.INTERNAL)


def run_all(
    inputs: Iterable[T],
    work: Callable[[Sequence[T]], Iterator[Outcome]],
    reporter: Reporter,
    *,
    at_a_time: int = 1,
    in_table: Callable[[Outcome], bool] = lambda outcome: True,
) -> int:
    """Do the work for every input and return the exit code.

    An input that fails does not keep the others from being done.  Several inputs end with a table.

    Args:
        inputs: what to work on.
        work: takes up to ``at_a_time`` inputs and yields an outcome for each, in order.
        reporter: what speaks to the user.
        at_a_time: how many inputs to work on together.
        in_table: which outcomes get a row of their own; all are counted.

    Raises:
        ModelError, MissingExtraError: no other input would fare better.
    """
    outcomes: list[Outcome] = []
    try:
        for batch in batches(inputs, at_a_time):
            for outcome in work(batch):
                outcomes.append(outcome)
                if outcome.state in (State.FAILED, State.SILENT):
                    reporter.warn(f"vidcap: {outcome.path}: {outcome.words}")
                elif outcome.words:
                    reporter.say(f"{outcome.path}: {outcome.words}")
    finally:
        if len(outcomes) > 1:
            rows = [outcome for outcome in outcomes if in_table(outcome)]
            if rows:
                reporter.table([(str(row.path), str(row.state), row.words) for row in rows])
            counts = Counter(outcome.state for outcome in outcomes)
            reporter.say(", ".join(f"{counts[state]} {state}" for state in State if counts[state]))
    return exit_code(outcomes)


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """Return what a run with these outcomes leaves with.

    One input exits with its own code.  Several exit with 1 where any failed, and else with the
    code for nothing to say where any had none.
    """
    if len(outcomes) == 1:
        return outcomes[0].exit_code
    if any(outcome.state is State.FAILED for outcome in outcomes):
        return exits.SOME_FAILED
    return max((outcome.exit_code for outcome in outcomes), default=exits.OK)


def foreseen(error: Exception) -> Exception:
    """Return what a full or read-only disk raises as an error of vidcap's; others stay.

    Results are written in one place, which says so itself; files on the way are in many.
    """
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return OutputError(
            f"{error.filename or 'a temporary file'}: cannot be written: {error.strerror}; "
            "make room, or name another folder for what is temporary in TMPDIR"
        )
    return error


def raise_signal(error: BaseException) -> None:
    """Raise the signal that an error stands for, if it does.

    A library of C that is interrupted while it is loaded says that it failed, because of that.
    """
    behind: BaseException | None = error
    while behind is not None:
        if not isinstance(behind, Exception):
            raise behind
        behind = behind.__cause__


def internal(error: BaseException) -> str:
    """Return one line for an error that vidcap did not foresee; with VIDCAP_DEBUG=1 all of it."""
    if os.environ.get("VIDCAP_DEBUG") == "1":
        traceback.print_exception(error)
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return (
        f"a fault in vidcap ({what}); please report it with the output of "
        "'vidcap doctor' and of this command run with VIDCAP_DEBUG=1"
    )


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of ``size``, the last one shorter."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
