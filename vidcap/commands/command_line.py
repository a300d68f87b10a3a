"""The whole command line: every command, in the order of ``vidcap --help``."""

from __future__ import annotations

from importlib import import_module

import click

from vidcap import __version__
from vidcap.commands import exits
from vidcap.commands.command import Command, Group, leave_after, write_lines

COMPLETE = "_VIDCAP_COMPLETE"
COMMANDS = (
    "subtitle",
    "describe",
    "caption",
    "index",
    "search",
    "library",
    "check",
    "convert",
    "probe",
    "serve",
    "models",
    "doctor",
)


class LazyGroup(Group):
    """The commands of ``vidcap``; the module of each is imported when it is asked for.

    Those modules hold what ``--help`` tells, and import nothing heavy before they run.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of a name, or None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        found = import_module(f"vidcap.commands.{cmd_name}").command_
        assert isinstance(found, (Command, Group))
        return found

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the exit codes mean."""
        codes = (f"{code:<5}{meaning}" for code, meaning in exits.MEANINGS.items())
        write_lines(formatter, "Exit codes", codes)


def command_line() -> LazyGroup:
    """Return the command ``vidcap``."""
    group = LazyGroup(
        "vidcap",
        metavar="COMMAND",
        help="Turns what is seen in a video into timed words, on this machine.",
    )
    group.params.append(
        leave_after(
            lambda ctx: f"vidcap {__version__}", "--version", help="show the version and leave"
        )
    )
    return group
