"""Options that several commands share, and the values that options take."""

from __future__ import annotations

import argparse
from fractions import Fraction
from pathlib import Path

FORMATS = "srt, vtt, descriptions, ttml, ass, tsv, json or txt"


def add_paths(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the inputs: one or more files or folders."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help=what)


def add_output(parser: argparse.ArgumentParser, suffixes: str) -> None:
    """Add where results go, and whether they replace what is there."""
    parser.add_argument(
        "-o",
        "--output",
        metavar="PATH",
        help=f"a file for one input ({suffixes}; the suffix picks the format), "
        "a folder for several, - for the standard output",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="replace what vidcap wrote before, or the file that -o names",
    )


def add_db(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the file that holds a library, which must be given."""
    parser.add_argument("--db", type=Path, required=True, metavar="FILE", help=what)


def add_preset(parser: argparse.ArgumentParser) -> None:
    """Add the rules that cues are held to."""
    parser.add_argument(
        "--preset",
        default="netflix",
        metavar="NAME",
        help="rules for the cues: netflix, netflix-children, bbc, vertical, or a YAML file of "
        "yours (default: netflix)",
    )


def add_sampling(parser: argparse.ArgumentParser) -> None:
    """Add which pictures of a video are looked at, and by which decoder."""
    parser.add_argument(
        "--fps", type=number, metavar="N", help="frames a second to look at (default: 1)"
    )
    parser.add_argument(
        "--sampling",
        default="fps",
        metavar="HOW",
        help="fps, keyframes, shot (one frame a shot) or shot:N (default: fps)",
    )
    parser.add_argument(
        "--decoder",
        default="auto",
        metavar="NAME",
        help="auto, decord, opencv or pyav (default: auto)",
    )


def add_captioner(parser: argparse.ArgumentParser) -> None:
    """Add the captioner, and how it runs."""
    parser.add_argument(
        "--captioner",
        default="default",
        metavar="NAME",
        help="a name that 'vidcap models' lists, a checkpoint file, hf:FOLDER or hf:OWNER/NAME for "
        "a Hugging Face model, or openai:URL#MODEL for a server",
    )
    parser.add_argument(
        "--prompt",
        metavar="TEXT",
        help="what to ask an hf: or openai: model, or how its sentence begins",
    )
    parser.add_argument(
        "--device",
        default="auto",
        choices=("auto", "cpu", "cuda"),
        help="auto, cpu or cuda (default: auto)",
    )
    parser.add_argument(
        "--batch-size",
        type=positive,
        default=16,
        metavar="N",
        help="pictures to caption at a time (default: 16)",
    )
    parser.add_argument(
        "--threads", type=count, default=0, metavar="N", help="processor threads (default: all)"
    )


def watching(parsed: argparse.Namespace) -> dict[str, object]:
    """Return what was given for the options of every command that watches videos."""
    return {
        "captioner": parsed.captioner,
        "sampling": parsed.sampling,
        "fps": parsed.fps if parsed.fps is not None else Fraction(1),
        "decoder": parsed.decoder,
        "device": parsed.device,
        "batch_size": parsed.batch_size,
        "threads": parsed.threads,
        "prompt": parsed.prompt,
    }


def names(text: str) -> tuple[str, ...]:
    """Return the names in a list with commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def count(text: str) -> int:
    """Return a whole number, 0 or more."""
    if text.isascii() and text.isdigit() and len(text) < 7:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 0 or more")


def positive(text: str) -> int:
    """Return a whole number, 1 or more."""
    if count(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError("0 is not a whole number, 1 or more")


def port(text: str) -> int:
    """Return the number of a port."""
    if 0 < count(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text} is not a port, 1 to 65535")


def number(text: str) -> Fraction:
    """Return a number that is written as an integer, a decimal or a fraction, exactly."""
    whole, _, part = text.partition("/")
    try:
        if len(text) <= 24 and not set(text) - set("0123456789./") and "/" not in part:
            return Fraction(whole) / Fraction(part or 1)
    except (ValueError, ZeroDivisionError):
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not a number such as 2, 0.5 or 1/3")


def time(text: str) -> Fraction:
    """Return the seconds of a time that is written as seconds or by the clock, exactly."""
    try:
        total = Fraction(0)
        for part in text.split(":"):
            total = total * 60 + number(part)
    except argparse.ArgumentTypeError:
        pass
    else:
        if text.count(":") <= 2:
            return total
    raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 90, 1:30 or 0:01:30.5")
