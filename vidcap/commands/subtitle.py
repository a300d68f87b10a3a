"""``vidcap subtitle``: its options, and what runs it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from vidcap.commands.command import command
from vidcap.commands.options import (
    FILE,
    FORMATS,
    OUTPUT,
    SAMPLING,
    captioner_options,
    flag,
    names,
    option,
    output_options,
    paths_argument,
    preset_option,
    sampling_options,
    time,
)
from vidcap.commands.progress import Reporter
from vidcap.commands.standard_output import emit


@command(
    "subtitle",
    "write subtitles of what is seen in videos",
    "vidcap subtitle film.mp4                  writes film.en.srt beside it",
    "vidcap subtitle films/ --format srt,json  does what is missing in a folder",
    "vidcap subtitle film.mp4 -o scenes.vtt",
    "vidcap subtitle film.mp4 --mux             writes film.subtitled.mp4",
)
@paths_argument("videos, or folders to walk")
@output_options("srt, vtt, json and others, see --format")
@option(
    "--format",
    "formats",
    type=names,
    default="",
    section=OUTPUT,
    metavar="NAMES",
    help=f"{FORMATS}, or several with commas (default: srt)",
)
@flag(
    "--mux",
    section=OUTPUT,
    help="write film.subtitled.mp4 (or mov, mkv, webm): a copy with the subtitles as a track, all "
    "else as it is",
)
@flag(
    "--burn",
    section=OUTPUT,
    help="write film.burned.mp4: the subtitles drawn on the pictures, which are encoded anew",
)
@option(
    "--report",
    type=FILE,
    section=OUTPUT,
    metavar="FILE",
    help="also write a page (HTML, complete in one file) with the time line, each scene's "
    "picture, sentence, score and confidence, and where each word looks; for one video",
)
@preset_option()
@option(
    "--start",
    type=time,
    section=SAMPLING,
    metavar="TIME",
    help="where to start: seconds or [HH:]MM:SS[.mmm]",
)
@option("--end", type=time, section=SAMPLING, metavar="TIME", help="where to end")
@sampling_options()
@captioner_options()
def command_(
    paths: tuple[Path, ...],
    output: str | None,
    force: bool,
    formats: tuple[str, ...],
    mux: bool,
    burn: bool,
    report: Path | None,
    preset: str,
    start: Fraction | None,
    end: Fraction | None,
    reporter: Reporter,
    **watching: Any,
) -> int:
    """Subtitle videos and return the exit code."""
    from vidcap.commands import subtitle_job

    return subtitle_job.run(
        paths,
        output=output,
        formats=formats,
        videos=[kind for kind, wanted in (("mux", mux), ("burn", burn)) if wanted],
        report=report,
        force=force,
        options={"preset": preset, "start": start, "end": end, **watching},
        reporter=reporter,
        emit=emit,
    )
