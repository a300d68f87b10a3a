"""The whole command line: every command, in the order of ``vidcap --help``."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import click

from vidcap import __version__
from vidcap.commands import exits
from vidcap.commands.command import Command, Group, leave_after, write_lines

COMPLETE = "_VIDCAP_COMPLETE"
# The name of each module, and in a line what it does: the help of all imports none of them.
COMMANDS: Mapping[str, str] = {
    "subtitle": "write subtitles of what is seen in videos",
    "describe": "add a spoken description of what is seen, in the gaps of the dialogue",
    "caption": "say in a sentence what is on pictures",
    "index": "keep the scenes of many videos in one file, to be searched",
    "search": "find scenes in a library by what they show",
    "library": "look after a library: status, prune, export, import",
    "check": "report which rules of a preset subtitles break",
    "convert": "write subtitles in another format",
    "probe": "show what video files say of themselves",
    "serve": "open a page on which videos are dropped and watched described",
    "models": "list the captioners",
    "doctor": "check what is installed and what works",
}


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

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, and what each does."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

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
