"""``vidcap search``: its options, and what runs it."""

from __future__ import annotations

import argparse
from pathlib import Path

from vidcap.arguments.options import add_db, positive
from vidcap.arguments.parser import Commands, add_command
from vidcap.commands.progress import Reporter
from vidcap.commands.standard_output import emit


def add(commands: Commands) -> None:
    """Add the command ``search`` to those that are there."""
    parser = add_command(
        commands,
        "search",
        "find scenes in a library by what they show",
        _run,
        "vidcap search 'a dog in the snow' --db library.db",
        "vidcap search goal --db library.db --in films/ --top 3 --json",
        "vidcap search --like photo.jpg --db library.db",
    )
    parser.add_argument(
        "text", nargs="?", metavar="TEXT", help="what to look for, in plain words: no syntax"
    )
    add_db(parser, "the library")
    parser.add_argument(
        "--like", type=Path, metavar="IMAGE", help="look for what is on this picture instead"
    )
    parser.add_argument(
        "--top", type=positive, default=10, metavar="N", help="scenes at most (default: 10)"
    )
    parser.add_argument(
        "--in",
        dest="within",
        type=Path,
        metavar="PATH",
        help="look in this file or folder alone",
    )
    parser.add_argument(
        "--ranking",
        choices=("words", "meaning", "fusion"),
        help="rank by words (BM25), by meaning (vectors), or by both (default: meaning, where the "
        "extra index is installed)",
    )
    parser.add_argument(
        "--captioner",
        default="default",
        metavar="NAME",
        help="for --like: the captioner that the videos were indexed with",
    )
    parser.add_argument("--json", action="store_true", help="a JSON line for each scene")


def _run(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import search

    return search.run(
        parsed.text,
        db=parsed.db,
        like=parsed.like,
        top=parsed.top,
        within=parsed.within,
        ranking=parsed.ranking,
        captioner=parsed.captioner,
        as_json=parsed.json,
        reporter=reporter,
        emit=emit,
    )
