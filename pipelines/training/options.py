"""Command-line options that every pipeline which trains takes alike."""

from __future__ import annotations

import argparse
from pathlib import Path

from pipelines.training.teachers import named_file


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for data, run folder, features, teachers, splits and threads."""
    parser.add_argument("--images", type=Path, required=True, help="folder of pictures")
    parser.add_argument("--captions", type=Path, required=True, help="file or folder of captions")
    parser.add_argument("--run", type=Path, required=True, help="folder of this run, resumable")
    parser.add_argument("--features", type=Path, help="folder of encoder features [RUN/features]")
    parser.add_argument(
        "--teacher",
        type=named_file,
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="checkpoint of a teacher that the configuration names; may be repeated",
    )
    parser.add_argument("--train-split", default="train", help="[%(default)s]")
    parser.add_argument("--choice-split", default="val", help="[%(default)s]")
    parser.add_argument("--threads", type=int, default=0, help="processor threads [all]")
