"""``vidcap caption``: its options, and what runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vidcap.commands.command import command
from vidcap.commands.options import (
    FOLDER,
    OUTPUT,
    captioner_options,
    json_option,
    option,
    output_options,
    paths_argument,
)
from vidcap.commands.progress import Reporter
from vidcap.commands.standard_output import emit


@command(
    "caption",
    "say in a sentence what is on pictures",
    "vidcap caption photo.jpg",
    "vidcap caption photos/ --json > captions.jsonl",
    "vidcap caption photo.jpg --attention maps/  also where each word looked",
)
@paths_argument("pictures, or folders to walk")
@output_options("txt, json or jsonl")
@json_option(
    'JSON lines: {"path","text","score","confidence"}, or {"path","error"} for one that failed'
)
@option(
    "--attention",
    type=FOLDER,
    section=OUTPUT,
    metavar="DIR",
    help="also write to this folder where each word looked: a PNG of heat maps and the same in "
    "words as JSON",
)
@captioner_options()
def command_(
    paths: tuple[Path, ...],
    output: str | None,
    force: bool,
    as_json: bool,
    attention: Path | None,
    reporter: Reporter,
    **captioning: Any,
) -> int:
    """Caption pictures and return the exit code."""
    from vidcap.commands import caption_job

    return caption_job.run(
        paths,
        output=output,
        as_json=as_json,
        attention=attention,
        force=force,
        options=captioning,
        reporter=reporter,
        emit=emit,
    )
