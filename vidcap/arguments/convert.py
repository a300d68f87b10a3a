"""``vidcap convert``: its options, and what runs it."""

from __future__ import annotations

import argparse
from pathlib import Path

from vidcap.arguments.options import FORMATS
from vidcap.arguments.parser import Commands, add_command
from vidcap.commands.progress import Reporter
from vidcap.commands.standard_output import emit


def add(commands: Commands) -> None:
    """Add the command ``convert`` to those that are there."""
    parser = add_command(
        commands,
        "convert",
        "write subtitles in another format",
        _run,
        "vidcap convert film.srt film.ttml",
        "vidcap convert old.ass - --to vtt",
    )
    parser.add_argument("source", type=Path, metavar="IN", help="the file to read")
    parser.add_argument(
        "target", type=Path, metavar="OUT", help="the file to write; - for the standard output"
    )
    parser.add_argument(
        "--from",
        dest="source_format",
        metavar="NAME",
        help=f"{FORMATS} (default: by the suffix)",
    )
    parser.add_argument(
        "--to", dest="target_format", metavar="NAME", help="likewise, for the file to write"
    )
    parser.add_argument("--force", action="store_true", help="replace a file that is there")


def _run(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import convert

    return convert.run(
        parsed.source,
        parsed.target,
        source_format=parsed.source_format,
        target_format=parsed.target_format,
        force=parsed.force,
        reporter=reporter,
        emit=emit,
    )
