"""Score captioners on captioned pictures, free-running, with the metrics of COCO captions.

    python pipelines/evaluate.py --images flickr8k/images --captions flickr8k/captions.json \
        --split val --captioner default

Prints one JSON object; a table for people goes to stderr.  ``--part 500:`` takes the pictures from
the 500th on only: the shipped checkpoints chose their epoch on the first 500 of ``val``.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tqdm import tqdm

from vidcap.captioning.registry import DEVICES, load_captioner
from vidcap.errors import MissingExtraError, VidcapError
from vidcap.text.meteor import meteor
from vidcap.text.metrics import bootstrap_interval, cider_d, score_corpus
from vidcap.training.data import CaptionedPicture, load_captions
from vidcap.training.evaluation import Evaluated, caption_pictures


def _part(text: str) -> slice:
    first, colon, last = text.partition(":")
    if not colon:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form FIRST:LAST")
    try:
        return slice(int(first) if first else None, int(last) if last else None)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form FIRST:LAST") from error


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=Path, required=True, help="folder of pictures")
    parser.add_argument("--captions", type=Path, required=True, help="JSON file of captions")
    parser.add_argument("--split", help="the part of the data set to score on [all]")
    parser.add_argument("--part", type=_part, default=slice(None), help="FIRST:LAST pictures of it")
    parser.add_argument(
        "--captioner", action="append", help="name or checkpoint; may be repeated [default]"
    )
    parser.add_argument("--device", choices=DEVICES, default="auto", help="[%(default)s]")
    parser.add_argument("--threads", type=int, default=0, help="processor threads [all]")
    parser.add_argument("--sentences", type=Path, help="also write JSON lines of every caption")
    parser.add_argument("--no-meteor", action="store_true", help="leave METEOR out")
    return parser.parse_args()


def _scores(evaluated: Evaluated, *, with_meteor: bool) -> dict[str, Any]:
    scores: dict[str, Any] = asdict(score_corpus(evaluated.found, evaluated.references))
    each = cider_d(evaluated.found, evaluated.references)
    scores["cider_d_95"] = bootstrap_interval(each, seed=0)
    if with_meteor:
        try:
            scores["meteor"], _ = meteor(evaluated.found, evaluated.references)
        except MissingExtraError as error:
            print(f"evaluate: no METEOR: {error}", file=sys.stderr)
    return {
        name: [round(x, 4) for x in value]
        if isinstance(value, tuple)
        else round(value, 4)
        if isinstance(value, float)
        else value
        for name, value in scores.items()
    }


def _evaluate(
    name: str, pictures: list[CaptionedPicture], arguments: argparse.Namespace
) -> tuple[dict[str, Any], Evaluated]:
    captioner = load_captioner(name, device=arguments.device, threads=arguments.threads)
    started = time.monotonic()
    with tqdm(total=len(pictures), desc=name) as bar:
        evaluated = caption_pictures(
            captioner, pictures, progress=lambda done: bar.update(done - bar.n)
        )
    seconds = time.monotonic() - started
    result = {
        **captioner.provenance,
        **_scores(evaluated, with_meteor=not arguments.no_meteor),
        "ms_a_picture": round(seconds / len(pictures) * 1000, 1),
    }
    return result, evaluated


def main() -> int:
    """Score every captioner that was named; the exit code is the first error's."""
    arguments = _arguments()
    try:
        pictures = load_captions(arguments.images, arguments.captions, split=arguments.split)
        pictures = pictures[arguments.part]
        results = []
        for name in arguments.captioner or ["default"]:
            result, evaluated = _evaluate(name, pictures, arguments)
            results.append(result)
            if arguments.sentences:
                with arguments.sentences.open("a", encoding="utf-8") as file:
                    for picture, caption in zip(pictures, evaluated.captions, strict=True):
                        line = {
                            "captioner": name,
                            "path": picture.path.name,
                            "text": caption.text,
                            "score": round(caption.score, 4),
                        }
                        file.write(json.dumps(line) + "\n")
    except VidcapError as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return error.exit_code
    print(json.dumps({"pictures": len(pictures), "captioners": results}))
    columns = ("bleu1", "bleu2", "bleu3", "bleu4", "rouge_l", "meteor", "cider_d", "distinct")
    print(f"{'captioner':24}" + "".join(f"{name:>10}" for name in columns), file=sys.stderr)
    for result in results:
        cells = "".join(f"{result.get(name, '-'):>10}" for name in columns)
        print(f"{result['captioner'][-24:]:24}{cells}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
