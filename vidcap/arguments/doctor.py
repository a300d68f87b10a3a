"""``vidcap doctor``: its options, and what runs it."""

from __future__ import annotations

import argparse

from vidcap.arguments.parser import Commands, add_command
from vidcap.commands.progress import Reporter
from vidcap.commands.standard_output import emit


def add(commands: Commands) -> None:
    """Add the command ``doctor`` to those that are there."""
    add_command(commands, "doctor", "check what is installed and what works", _run, "vidcap doctor")


def _run(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import doctor

    return doctor.run(emit=emit)
