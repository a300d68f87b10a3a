"""``vidcap describe``: its options, and what runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vidcap.commands.command import command
from vidcap.commands.options import (
    FILE,
    FOLDER_NAME,
    OUTPUT,
    OneOf,
    captioner_options,
    number,
    option,
    output_options,
    paths_argument,
    sampling_options,
)
from vidcap.commands.progress import Reporter
from vidcap.commands.standard_output import emit

_CHOICE = "What is said"
_VOICE = "Voice"


@command(
    "describe",
    "add a spoken description of what is seen, in the gaps of the dialogue",
    "vidcap describe film.mp4                   writes film.described.mp4 beside it",
    "vidcap describe film.mp4 -o film.dapt.xml  the script, to be edited",
    "vidcap describe film.mp4 --script film.dapt.xml -o new.mp4",
    "vidcap describe film.mp4 --mode extended --all described/",
)
@paths_argument("videos, or folders to walk")
@output_options(
    "mp4, mkv: the video with the description as one more track; wav, m4a, mp3: the described "
    "sound alone; vtt, dapt.xml, json, txt: the script"
)
@option(
    "--all",
    "everything",
    type=FOLDER_NAME,
    section=OUTPUT,
    metavar="DIR",
    help="write every kind of result to this folder instead",
)
@option(
    "--mode",
    type=OneOf("standard", "extended"),
    default="standard",
    section=_CHOICE,
    help="standard: say only what fits between speech; extended: the film stands still for the "
    "rest (default: standard)",
)
@option(
    "--min-gap",
    type=number,
    default="2",
    section=_CHOICE,
    metavar="S",
    help="least seconds between two stretches of speech to say something in (default: 2)",
)
@option(
    "--min-confidence",
    type=number,
    default="0.25",
    section=_CHOICE,
    metavar="P",
    help="less sure sentences are told as what they are about, alone; those less sure than half "
    "of it not at all; 0 tells all (default: 0.25)",
)
@option(
    "--ocr",
    type=number,
    default="0",
    section=_CHOICE,
    metavar="S",
    help="also read text on screen, for at most so many seconds (default: 0, not at all)",
)
@option(
    "--script",
    type=FILE,
    section=_CHOICE,
    metavar="FILE",
    help="speak this script (dapt.xml, json, vtt or txt) instead of what is seen: yours, or one "
    "that this command wrote and you edited",
)
@option(
    "--voice",
    default="hibari",
    section=_VOICE,
    metavar="NAME",
    help="hibari, espeak (or espeak:en-gb), or 'command:PROGRAM ARGUMENTS' for any program that "
    "reads text and writes WAV (default: hibari)",
)
@option(
    "--rate",
    type=number,
    default="160",
    section=_VOICE,
    metavar="WPM",
    help="words a minute, 80 to 300; up to a fifth more where time is short (default: 160)",
)
@option(
    "--duck",
    type=number,
    default="12",
    section=_VOICE,
    metavar="DB",
    help="by how much the film is turned down under the voice (default: 12)",
)
@sampling_options()
@captioner_options()
def command_(
    paths: tuple[Path, ...],
    output: str | None,
    everything: str | None,
    force: bool,
    reporter: Reporter,
    **options: Any,
) -> int:
    """Describe videos and return the exit code."""
    from vidcap.commands import describe_job

    return describe_job.run(
        paths,
        output=output,
        everything=everything,
        force=force,
        options=options,
        reporter=reporter,
        emit=emit,
    )
