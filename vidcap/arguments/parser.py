"""How a command line is read: the parser, and what all commands have in common."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import NoReturn, TypeAlias

from vidcap.commands.progress import Reporter
from vidcap.errors import UsageError


class Parser(argparse.ArgumentParser):
    """Reads a command line; raises ``UsageError`` where it is wrong."""

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong, and name the help that tells how it is right."""
        raise UsageError(f"{message}; see {self.prog} --help")


Commands: TypeAlias = "argparse._SubParsersAction[Parser]"


def add_command(
    commands: Commands,
    name: str,
    summary: str,
    run: Callable[[argparse.Namespace, Reporter], int],
    *examples: str,
) -> Parser:
    """Add a command with its help, ``-q`` and ``-v``, and return its parser for what else it takes.

    Args:
        commands: those that are there; the actions of a command are added likewise.
        name: the word that calls it.
        summary: what it does, from a small letter on, without a full stop.
        run: does it, and returns the exit code.
        examples: lines for the end of its help.
    """
    parser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog="examples:\n" + "\n".join(f"  {example}" for example in examples),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    speech = parser.add_mutually_exclusive_group()
    speech.add_argument(
        "-q", "--quiet", action="store_true", help="no progress: only warnings and errors"
    )
    speech.add_argument(
        "-v",
        "--verbose",
        action="count",
        default=0,
        help="say more; twice: where a fault in vidcap comes from",
    )
    parser.set_defaults(run=run)
    return parser
