"""Command-line options that several of the measurements take alike."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_picture_options(parser: argparse.ArgumentParser, *, images_required: bool = True) -> None:
    """Add the options for pictures, their captions, and which part of both is used."""
    parser.add_argument(
        "--images", type=Path, required=images_required, help="folder of the pictures"
    )
    parser.add_argument("--captions", type=Path, required=True, help="their captions")
    parser.add_argument("--split", default="val", help="[%(default)s]")


def add_captioner_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for who captions, and with how many threads."""
    parser.add_argument("--captioner", default="default", help="[%(default)s]")
    parser.add_argument("--threads", type=int, default=0, help="[all]")
