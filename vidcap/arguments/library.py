"""``vidcap library``: its options, and what runs it."""

from __future__ import annotations

import argparse
from pathlib import Path

from vidcap.arguments.options import add_db
from vidcap.arguments.parser import Commands, add_command
from vidcap.commands.progress import Reporter
from vidcap.commands.standard_output import emit


def add(commands: Commands) -> None:
    """Add the command ``library`` and its actions to the commands that are there."""
    library = commands.add_parser(
        "library",
        help="look after a library: status, prune, export, import",
        description="Look after a library.",
        allow_abbrev=False,
    )
    actions = library.add_subparsers(metavar="ACTION", required=True, help="what to do")

    status = add_command(
        actions,
        "status",
        "show what a library holds",
        _status,
        "vidcap library status --db library.db",
    )
    add_db(status, "the library")
    status.add_argument("--json", action="store_true", help="one JSON object")

    prune = add_command(
        actions,
        "prune",
        "forget videos whose files are gone",
        _prune,
        "vidcap library prune --db library.db",
    )
    add_db(prune, "the library")

    export = add_command(
        actions,
        "export",
        "write a library as JSON lines",
        _export,
        "vidcap library export library.jsonl --db library.db",
    )
    export.add_argument("target", metavar="OUT", help="the file to write; - for standard output")
    add_db(export, "the library")
    export.add_argument("--force", action="store_true", help="replace a file that is there")

    take = add_command(
        actions,
        "import",
        "take videos from an export, or from Parquet of pipelines/index_corpus.py",
        _take,
        "vidcap library import library.jsonl --db other.db",
        "vidcap library import scenes/ --db library.db",
    )
    take.add_argument("source", type=Path, metavar="IN", help="JSON lines, or a folder")
    add_db(take, "the library; made where there is none")


def _status(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import library

    return library.status(parsed.db, as_json=parsed.json, emit=emit)


def _prune(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import library

    return library.prune(parsed.db, reporter=reporter)


def _export(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import library

    return library.export(
        parsed.db, parsed.target, force=parsed.force, reporter=reporter, emit=emit
    )


def _take(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import library

    return library.take(parsed.db, parsed.source, reporter=reporter)
