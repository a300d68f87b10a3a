"""``vidcap caption``: its options, and what runs it."""

from __future__ import annotations

import argparse
from pathlib import Path

from vidcap.arguments.options import add_captioner, add_output, add_paths
from vidcap.arguments.parser import Commands, add_command
from vidcap.commands.progress import Reporter
from vidcap.commands.standard_output import emit


def add(commands: Commands) -> None:
    """Add the command ``caption`` to those that are there."""
    parser = add_command(
        commands,
        "caption",
        "say in a sentence what is on pictures",
        _run,
        "vidcap caption photo.jpg",
        "vidcap caption photos/ --json > captions.jsonl",
        "vidcap caption photo.jpg --attention maps/  also where each word looked",
    )
    add_paths(parser, "pictures, or folders to walk")
    add_output(parser, "txt, json or jsonl")
    parser.add_argument(
        "--json",
        action="store_true",
        help='JSON lines: {"path","text","score","confidence"}, or {"path","error"} for one that '
        "failed",
    )
    parser.add_argument(
        "--attention",
        type=Path,
        metavar="DIR",
        help="also write to this folder where each word looked: a PNG of heat maps and the same "
        "in words as JSON",
    )
    add_captioner(parser)


def _run(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import caption

    return caption.run(
        parsed.paths,
        output=parsed.output,
        as_json=parsed.json,
        attention=parsed.attention,
        force=parsed.force,
        options={
            "captioner": parsed.captioner,
            "device": parsed.device,
            "batch_size": parsed.batch_size,
            "threads": parsed.threads,
            "prompt": parsed.prompt,
        },
        reporter=reporter,
        emit=emit,
    )
