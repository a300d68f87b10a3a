"""``vidcap check``: its options, and what runs it."""

from __future__ import annotations

import argparse

from vidcap.arguments.options import add_paths, add_preset, number
from vidcap.arguments.parser import Commands, add_command
from vidcap.commands.progress import Reporter
from vidcap.commands.standard_output import emit


def add(commands: Commands) -> None:
    """Add the command ``check`` to those that are there."""
    parser = add_command(
        commands,
        "check",
        "report which rules of a preset subtitles break",
        _run,
        "vidcap check film.en.srt",
        "vidcap check subtitles/ --preset bbc --json",
    )
    add_paths(parser, "subtitle files of any format that vidcap reads, or folders to walk")
    add_preset(parser)
    parser.add_argument(
        "--frame-rate",
        type=number,
        metavar="N",
        help="frames a second of the video, for gaps that count in frames (default: 25)",
    )
    parser.add_argument("--json", action="store_true", help="JSON lines")


def _run(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import check

    return check.run(
        parsed.paths,
        preset=parsed.preset,
        frame_rate=parsed.frame_rate,
        as_json=parsed.json,
        reporter=reporter,
        emit=emit,
    )
