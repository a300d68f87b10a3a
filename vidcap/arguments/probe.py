"""``vidcap probe``: its options, and what runs it."""

from __future__ import annotations

import argparse

from vidcap.arguments.options import add_paths
from vidcap.arguments.parser import Commands, add_command
from vidcap.commands.progress import Reporter
from vidcap.commands.standard_output import emit


def add(commands: Commands) -> None:
    """Add the command ``probe`` to those that are there."""
    parser = add_command(
        commands,
        "probe",
        "show what video files say of themselves",
        _run,
        "vidcap probe film.mp4",
        "vidcap probe films/ --json",
    )
    add_paths(parser, "videos, or folders to walk")
    parser.add_argument("--json", action="store_true", help="JSON lines, with exact fractions")


def _run(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import probe

    return probe.run(parsed.paths, as_json=parsed.json, reporter=reporter, emit=emit)
