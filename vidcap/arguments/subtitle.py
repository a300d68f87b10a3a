"""``vidcap subtitle``: its options, and what runs it."""

from __future__ import annotations

import argparse
from pathlib import Path

from vidcap.arguments.options import (
    FORMATS,
    add_captioner,
    add_output,
    add_paths,
    add_preset,
    add_sampling,
    names,
    time,
    watching,
)
from vidcap.arguments.parser import Commands, add_command
from vidcap.commands.progress import Reporter
from vidcap.commands.standard_output import emit


def add(commands: Commands) -> None:
    """Add the command ``subtitle`` to those that are there."""
    parser = add_command(
        commands,
        "subtitle",
        "write subtitles of what is seen in videos",
        _run,
        "vidcap subtitle film.mp4                  writes film.en.srt beside it",
        "vidcap subtitle films/ --format srt,json  does what is missing in a folder",
        "vidcap subtitle film.mp4 -o scenes.vtt",
        "vidcap subtitle film.mp4 --mux             writes film.subtitled.mp4",
    )
    add_paths(parser, "videos, or folders to walk")
    add_output(parser, "srt, vtt, json and others, see --format")
    parser.add_argument(
        "--format",
        type=names,
        default=(),
        metavar="NAMES",
        help=f"{FORMATS}, or several with commas (default: srt)",
    )
    parser.add_argument(
        "--mux",
        action="store_true",
        help="write film.subtitled.mp4 (or mov, mkv, webm): a copy with the subtitles as a track, "
        "all else as it is",
    )
    parser.add_argument(
        "--burn",
        action="store_true",
        help="write film.burned.mp4: the subtitles drawn on the pictures, which are encoded anew",
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="also write a page (HTML, complete in one file) with the time line, each scene's "
        "picture, sentence, score and confidence, and where each word looks; for one video",
    )
    parser.add_argument(
        "--start", type=time, metavar="TIME", help="where to start: seconds or [HH:]MM:SS[.mmm]"
    )
    parser.add_argument("--end", type=time, metavar="TIME", help="where to end")
    add_preset(parser)
    add_sampling(parser)
    add_captioner(parser)


def _run(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import subtitle

    return subtitle.run(
        parsed.paths,
        output=parsed.output,
        formats=parsed.format,
        videos=[kind for kind in ("mux", "burn") if getattr(parsed, kind)],
        report=parsed.report,
        force=parsed.force,
        options={
            "preset": parsed.preset,
            "start": parsed.start,
            "end": parsed.end,
            **watching(parsed),
        },
        reporter=reporter,
        emit=emit,
    )
