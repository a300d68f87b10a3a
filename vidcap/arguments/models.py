"""``vidcap models``: its options, and what runs it."""

from __future__ import annotations

import argparse

from vidcap.arguments.parser import Commands, add_command
from vidcap.commands.progress import Reporter
from vidcap.commands.standard_output import emit


def add(commands: Commands) -> None:
    """Add the command ``models`` to those that are there."""
    parser = add_command(commands, "models", "list the captioners", _run, "vidcap models --json")
    parser.add_argument("--json", action="store_true", help="JSON lines")


def _run(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import models

    return models.run(as_json=parsed.json, emit=emit)
