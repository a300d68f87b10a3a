"""The whole command line: every command, in the order of ``vidcap --help``."""

from __future__ import annotations

import argparse

from vidcap import __version__
from vidcap.arguments import (
    caption,
    check,
    convert,
    describe,
    doctor,
    index,
    library,
    models,
    probe,
    search,
    serve,
    subtitle,
)
from vidcap.arguments.parser import Parser
from vidcap.commands import exits

_COMMANDS = (
    subtitle,
    describe,
    caption,
    index,
    search,
    library,
    check,
    convert,
    probe,
    serve,
    models,
    doctor,
)


def command_line() -> Parser:
    """Return the parser of ``vidcap``; what it parsed has ``run``, ``quiet`` and ``verbose``."""
    codes = "\n".join(f"  {code:<5}{meaning}" for code, meaning in exits.MEANINGS.items())
    parser = Parser(
        prog="vidcap",
        description="Turns what is seen in a video into timed words, on this machine.",
        epilog=f"exit codes:\n{codes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"vidcap {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add(commands)
    return parser
