"""``vidcap describe``: its options, and what runs it."""

from __future__ import annotations

import argparse
from fractions import Fraction
from pathlib import Path

from vidcap.arguments.options import (
    add_captioner,
    add_output,
    add_paths,
    add_sampling,
    number,
    watching,
)
from vidcap.arguments.parser import Commands, add_command
from vidcap.commands.progress import Reporter
from vidcap.commands.standard_output import emit


def add(commands: Commands) -> None:
    """Add the command ``describe`` to those that are there."""
    parser = add_command(
        commands,
        "describe",
        "add a spoken description of what is seen, in the gaps of the dialogue",
        _run,
        "vidcap describe film.mp4                     writes film.described.mp4 beside it",
        "vidcap describe film.mp4 -o film.dapt.xml    the script, to be edited",
        "vidcap describe film.mp4 --script film.dapt.xml -o new.mp4",
        "vidcap describe film.mp4 --mode extended --all described/",
    )
    add_paths(parser, "videos, or folders to walk")
    add_output(
        parser,
        "mp4, mkv: the video with the description as one more track; wav, m4a, mp3: the described "
        "sound alone; vtt, dapt.xml, json, txt: the script",
    )
    parser.add_argument(
        "--all", metavar="DIR", help="write every kind of result to this folder instead"
    )
    parser.add_argument(
        "--mode",
        default="standard",
        choices=("standard", "extended"),
        help="standard: say only what fits between speech; extended: the film stands still for "
        "the rest (default: standard)",
    )
    parser.add_argument(
        "--voice",
        default="hibari",
        metavar="NAME",
        help="hibari, espeak (or espeak:en-gb), or 'command:PROGRAM ARGUMENTS' for any program "
        "that reads text and writes WAV (default: hibari)",
    )
    parser.add_argument(
        "--rate",
        type=number,
        default=Fraction(160),
        metavar="WPM",
        help="words a minute, 80 to 300; up to a fifth more where time is short (default: 160)",
    )
    parser.add_argument(
        "--min-gap",
        type=number,
        default=Fraction(2),
        metavar="S",
        help="least seconds between two stretches of speech to say something in (default: 2)",
    )
    parser.add_argument(
        "--duck",
        type=number,
        default=Fraction(12),
        metavar="DB",
        help="by how much the film is turned down under the voice (default: 12)",
    )
    parser.add_argument(
        "--min-confidence",
        type=number,
        default=Fraction(1, 4),
        metavar="P",
        help="less sure sentences are told as what they are about, alone; those less sure than "
        "half of it not at all; 0 tells all (default: 0.25)",
    )
    parser.add_argument(
        "--ocr",
        type=number,
        default=Fraction(0),
        metavar="S",
        help="also read text on screen, for at most so many seconds (default: 0, not at all)",
    )
    parser.add_argument(
        "--script",
        type=Path,
        metavar="FILE",
        help="speak this script (dapt.xml, json, vtt or txt) instead of what is seen: yours, or "
        "one that this command wrote and you edited",
    )
    add_sampling(parser)
    add_captioner(parser)


def _run(parsed: argparse.Namespace, reporter: Reporter) -> int:
    from vidcap.commands import describe

    return describe.run(
        parsed.paths,
        output=parsed.output,
        everything=parsed.all,
        force=parsed.force,
        options={
            "mode": parsed.mode,
            "voice": parsed.voice,
            "rate": parsed.rate,
            "min_gap": parsed.min_gap,
            "duck": parsed.duck,
            "min_confidence": parsed.min_confidence,
            "ocr": parsed.ocr,
            "script": parsed.script,
            **watching(parsed),
        },
        reporter=reporter,
        emit=emit,
    )
