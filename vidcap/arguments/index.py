"""``vidcap index``: its options, and what runs it."""

from __future__ import annotations

import argparse

from vidcap.arguments.options import (
    add_captioner,
    add_db,
    add_paths,
    add_sampling,
    count,
    positive,
    watching,
)
from vidcap.arguments.parser import Commands, add_command
from vidcap.commands.progress import Reporter
from vidcap.commands.standard_output import emit


def add(commands: Commands) -> None:
    """Add the command ``index`` to those that are there."""
    parser = add_command(
        commands,
        "index",
        "keep the scenes of many videos in one file, to be searched",
        _run,
        "vidcap index films/ --db library.db              does what is new in a folder",
        "vidcap index films/ --db library.db --workers 4",
        "vidcap index films/ --db library.db --watch      goes on with what comes",
    )
    add_paths(parser, "videos, or folders to walk")
    add_db(parser, "the library; made where there is none")
    parser.add_argument(
        "--workers",
        type=positive,
        default=1,
        metavar="N",
        help="videos to watch side by side, in a process each (default: 1)",
    )
    parser.add_argument(
        "--refresh",
        action="store_true",
        help="watch videos again that another model or other settings have done",
    )
    parser.add_argument(
        "--retry-failed", action="store_true", help="watch videos again that failed before"
    )
    parser.add_argument("--limit", type=count, metavar="N", help="watch at most so many videos")
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would be watched, and do nothing"
    )
    parser.add_argument(
        "--watch",
        action="store_true",
        help="go on until stopped: index what comes to the folders, once it has stopped growing",
    )
    parser.add_argument(
        "--ocr", action="store_true", help="also read text on screen, which takes seconds a scene"
    )
    parser.add_argument("--json", action="store_true", help="a JSON line for each video")
    add_sampling(parser)
    add_captioner(parser)


def _run(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import index

    return index.run(
        parsed.paths,
        db=parsed.db,
        watch=parsed.watch,
        as_json=parsed.json,
        options={
            "workers": parsed.workers,
            "refresh": parsed.refresh,
            "retry_failed": parsed.retry_failed,
            "limit": parsed.limit,
            "dry_run": parsed.dry_run,
            "screen_text": parsed.ocr,
            **watching(parsed),
        },
        reporter=reporter,
        emit=emit,
    )
