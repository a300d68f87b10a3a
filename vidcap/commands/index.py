"""``vidcap index``: its options, and what runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vidcap.commands.command import command
from vidcap.commands.options import (
    SAMPLING,
    captioner_options,
    count,
    db_option,
    flag,
    json_option,
    option,
    paths_argument,
    positive,
    sampling_options,
)
from vidcap.commands.progress import Reporter
from vidcap.commands.standard_output import emit

_WHICH = "Videos to watch"


@command(
    "index",
    "keep the scenes of many videos in one file, to be searched",
    "vidcap index films/ --db library.db              does what is new in a folder",
    "vidcap index films/ --db library.db --workers 4",
    "vidcap index films/ --db library.db --watch      goes on with what comes",
)
@paths_argument("videos, or folders to walk")
@db_option("the library; made where there is none")
@json_option("a JSON line for each video")
@flag(
    "--refresh",
    section=_WHICH,
    help="watch videos again that another model or other settings have done",
)
@flag("--retry-failed", section=_WHICH, help="watch videos again that failed before")
@option("--limit", type=count, section=_WHICH, metavar="N", help="watch at most so many videos")
@flag("--dry-run", section=_WHICH, help="say what would be watched, and do nothing")
@flag(
    "--watch",
    section=_WHICH,
    help="go on until stopped: index what comes to the folders, once it has stopped growing",
)
@option(
    "--workers",
    type=positive,
    default="1",
    section=_WHICH,
    metavar="N",
    help="videos to watch side by side, in a process each (default: 1)",
)
@flag(
    "--ocr",
    "screen_text",
    section=SAMPLING,
    help="also read text on screen, which takes seconds a scene",
)
@sampling_options()
@captioner_options()
def command_(
    paths: tuple[Path, ...],
    db: Path,
    as_json: bool,
    watch: bool,
    reporter: Reporter,
    **options: Any,
) -> int:
    """Index videos and return the exit code."""
    from vidcap.commands import index_job

    return index_job.run(
        paths,
        db=db,
        watch=watch,
        as_json=as_json,
        options=options,
        reporter=reporter,
        emit=emit,
    )
