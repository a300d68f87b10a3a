"""Measure how often a description is wrong, by how sure the captioner has to be.

    python pipelines/describe_risk.py --images flickr8k/images --captions flickr8k/captions.json \
        --split val --write

Every picture is filmed for 1 to 8 seconds (pipelines/scene_films.py), told as ``vidcap describe``
tells scenes, and held against its human captions.  For every threshold of confidence it prints, as
JSON, which share of the scenes is told in full and which as its subject alone, and how much of
that is wrong: ``wrong`` is a subject (the noun that the sentence is about) that none of the humans
names; ``unfair`` is a sentence whose CIDEr-D is below that of the median human.  Both sides are
brought to the describer's style first, so that a man and a person are the same.

``--write`` puts the figures where ``vidcap describe`` finds them, under the checkpoint's hash.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from scene_films import film_alone
from tqdm import tqdm

import vidcap.description.risk
from pipelines.training.calibration import fairness
from pipelines.training.data import load_captions
from vidcap.captioning.captioner import CheckpointCaptioner
from vidcap.captioning.registry import load_captioner
from vidcap.description.rewriting import content, describe_style, head_noun_phrase
from vidcap.errors import UsageError, VidcapError
from vidcap.files import write_atomically
from vidcap.text.similarity import stem
from vidcap.text.tokens import tokenize

THRESHOLDS = tuple(step / 20 for step in range(11))


def main() -> int:
    """Measure; the exit code is the error's."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=Path, required=True, help="folder of the pictures")
    parser.add_argument("--captions", type=Path, required=True, help="their captions")
    parser.add_argument("--split", help="part of the data set [all]")
    parser.add_argument("--limit", type=int, help="so many pictures [all]")
    parser.add_argument("--captioner", default="default", help="[%(default)s]")
    parser.add_argument("--threads", type=int, default=0, help="[all]")
    parser.add_argument("--write", action="store_true", help="keep the figures in the package")
    arguments = parser.parse_args()
    try:
        found = measure(arguments)
    except VidcapError as error:
        print(f"describe_risk: {error}", file=sys.stderr)
        return error.exit_code
    print(json.dumps(found, indent=2))
    if arguments.write:
        file = Path(vidcap.description.risk.__file__).with_name("risk.json")
        known = json.loads(file.read_text(encoding="utf-8"))
        write_atomically(file, json.dumps({**known, **found}, indent=1) + "\n")
    return 0


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Film, tell and judge; return the table under the checkpoint's hash."""
    pictures = load_captions(arguments.images, arguments.captions, split=arguments.split)
    pictures = pictures[: arguments.limit]
    captioner = load_captioner(arguments.captioner, threads=arguments.threads)
    if not isinstance(captioner, CheckpointCaptioner):
        raise UsageError(f"{arguments.captioner}: only vidcap's own captioners have a checkpoint")
    said, sure, right = [], [], []
    films = film_alone(pictures, captioner.picture_size)
    for picture, scene in tqdm(
        zip(pictures, films, strict=True), total=len(pictures), desc="scenes"
    ):
        told = captioner.caption_scene(scene.looks(captioner))
        if told.confidence is None:
            raise UsageError(f"{arguments.captioner}: has no confidence to be judged")
        text = describe_style(told.text)
        named = {word for one in picture.sentences for word in content(describe_style(one))}
        subject = tokenize(head_noun_phrase(text) or text)
        said.append(tokenize(told.text))
        sure.append(told.confidence)
        right.append(bool(subject) and stem(subject[-1]) in named)
    references = [[tokenize(text) for text in picture.sentences] for picture in pictures]
    scores, medians = fairness(said, references)
    fair = scores >= medians
    rows = [_row(least, np.array(sure), fair, np.array(right)) for least in THRESHOLDS]
    name = arguments.captions.parent.name
    return {
        str(captioner.provenance["checkpoint"]): {
            "measured_on": f"{len(pictures)} filmed pictures of {name}",
            "thresholds": rows,
        }
    }


def _row(least: float, sure: Any, fair: Any, right: Any) -> dict[str, Any]:
    full, brief = sure >= least, (sure < least) & (sure >= least / 2)
    return {
        "min_confidence": least,
        "told": round(float(full.mean()), 3),
        "unfair": _share(~fair[full]),
        "wrong": _share(~right[full]),
        "shortened": round(float(brief.mean()), 3),
        "wrong_shortened": _share(~right[brief]),
    }


def _share(judged: Any) -> float | None:
    return round(float(judged.mean()), 3) if len(judged) else None


if __name__ == "__main__":
    sys.exit(main())
