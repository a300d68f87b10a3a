"""Score captioners on captioned pictures, free-running, with the metrics of COCO captions.

    python pipelines/evaluate.py --images flickr8k/images --captions flickr8k/captions.json \
        --split val --captioner default

Prints one JSON object; tables for people go to stderr.  Every score has a 95 % bootstrap interval
beside it (``bleu4_95`` beside ``bleu4``).  Of several captioners each but the first is compared
with the first on the same pictures.  docs/data.md says what ``--captions`` may be.

``--human`` adds what people reach: each of the five who described a picture is held out in turn and
scored against the other four, and so is every captioner, against the same four; the scores are
means over the five turns.

``--wordnet FOLDER`` counts the captions that name a thing which none of the people who described
the picture named (``invented``); how is told in pipelines/training/hallucination.py.

``--clips FOLDER`` in place of pictures takes videos: ``index.json`` there is a list of objects with
``file`` and, for some, ``sentences``.  Each video is told in one sentence, from frames a second
apart; only those that people described are scored, and ``words`` are those used of all.

``--part 500:`` takes the pictures from the 500th on only: the shipped checkpoints chose their epoch
on the first 500 of ``val``.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pipelines.metrics.bootstrap import bootstrap_interval
from pipelines.training.clips import clip_pictures, read_clips, tell_clip
from pipelines.training.data import CaptionedPicture, Dataset, read_dataset
from pipelines.training.evaluation import Evaluated, caption_pictures
from pipelines.training.hallucination import WordNet
from pipelines.training.page import Captioned, Table, page
from pipelines.training.scoring import (
    METRICS,
    Corpus,
    Measured,
    diagnostics,
    difference,
    held_out,
    humans_of,
    mean_of,
    measure,
)
from vidcap.captioning.caption import Caption
from vidcap.captioning.registry import DEVICES, load_captioner
from vidcap.errors import DataError, MissingExtraError, UsageError, VidcapError
from vidcap.files import write_atomically
from vidcap.text.tokens import tokenize

_COUNTS = ("distinct", "words", "repeated_trigrams", "empty", "mean_length")


@dataclass(frozen=True, slots=True)
class Result:
    """One captioner on all pictures."""

    name: str
    facts: dict[str, Any]
    evaluated: Evaluated
    ms_a_picture: float


def _part(text: str) -> slice:
    first, colon, last = text.partition(":")
    if not colon:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form FIRST:LAST")
    try:
        return slice(int(first) if first else None, int(last) if last else None)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form FIRST:LAST") from error


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1")
    return int(text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=Path, help="folder of pictures")
    parser.add_argument("--captions", type=Path, help="their captions: file, folder")
    parser.add_argument("--clips", type=Path, help="folder of videos, in place of both")
    parser.add_argument("--wordnet", type=Path, help="folder of WordNet's files: count inventions")
    parser.add_argument("--split", help="the part of the data set to score on [all]")
    parser.add_argument("--part", type=_part, default=slice(None), help="FIRST:LAST pictures of it")
    parser.add_argument(
        "--captioner", action="append", help="name or checkpoint; may be repeated [default]"
    )
    parser.add_argument("--device", choices=DEVICES, default="auto", help="[%(default)s]")
    parser.add_argument("--threads", type=int, default=0, help="processor threads [all]")
    parser.add_argument("--human", action="store_true", help="score people too, each held out")
    parser.add_argument(
        "--sentences", "--jsonl", type=Path, help="also write JSON lines of every caption"
    )
    parser.add_argument("--html", type=Path, help="also write a page of best and worst captions")
    parser.add_argument(
        "--cases", type=_positive, default=12, help="pictures a group of the page [%(default)s]"
    )
    parser.add_argument("--no-meteor", action="store_true", help="leave METEOR out")
    return parser.parse_args()


def main() -> int:
    """Score every captioner that was named; the exit code is the first error's."""
    arguments = _arguments()
    try:
        if arguments.clips:
            _clips(arguments)
            return 0
        if not arguments.images or not arguments.captions:
            raise UsageError("name --images and --captions, or --clips")
        data = read_dataset(arguments.images, arguments.captions, split=arguments.split)
        pictures = data.pictures[arguments.part]
        if not pictures:
            raise DataError(f"--part: there are only {len(data.pictures)} pictures")
        if data.splits_from == "draw":
            print(
                "evaluate: the data set has no splits of its own; these pictures were drawn from "
                "their names",
                file=sys.stderr,
            )
        if arguments.human:
            humans_of([picture.sentences for picture in pictures])
        results = [
            _caption(name, pictures, arguments) for name in arguments.captioner or ["default"]
        ]
        scores = _measure(results, arguments)
        printed = _printed(results, scores, pictures, data, arguments)
        if arguments.wordnet:
            _count_inventions(printed, results, WordNet(arguments.wordnet))
        tables = _tables(printed)
        # Before the files: hours of work should not be lost on a full disk.
        _show(printed, tables)
        if arguments.sentences:
            write_atomically(arguments.sentences, _lines(results, scores, pictures))
        if arguments.html:
            captioned = [
                Captioned(result.name, [c.text for c in result.evaluated.captions], own.cider_d)
                for result, own in zip(results, scores, strict=False)
            ]
            title = f"Captions of {len(pictures):,} pictures"
            write_atomically(
                arguments.html, page(title, tables, captioned, pictures, cases=arguments.cases)
            )
    except VidcapError as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _clips(arguments: argparse.Namespace) -> None:
    """Tell every clip in a sentence, and print how well those are told that people described."""
    clips = read_clips(arguments.clips)
    described = [place for place, clip in enumerate(clips) if clip.sentences]
    references = [[tokenize(one) for one in clips[place].sentences] for place in described]
    printed: dict[str, Any] = {"clips": len(clips), "described": len(described), "captioners": []}
    captioners = [
        load_captioner(name, device=arguments.device, threads=arguments.threads)
        for name in arguments.captioner or ["default"]
    ]
    sizes = {captioner.picture_size for captioner in captioners}
    tales: list[list[Caption | None]] = [[] for _ in captioners]
    for clip in tqdm(clips, desc="clips"):
        seen = {size: clip_pictures(clip, size) for size in sizes}
        for captioner, told in zip(captioners, tales, strict=True):
            told.append(tell_clip(captioner, seen[captioner.picture_size]))
    lines = []
    for captioner, told in zip(captioners, tales, strict=True):
        name = captioner.name
        found = [tokenize(one.text) if one else [] for one in told]
        scores: dict[str, Any] = {}
        if described:
            corpus = Corpus([found[place] for place in described], references)
            scores = measure([corpus], with_meteor=False)[0].to_dict()
        printed["captioners"].append(
            {
                "name": name,
                **dict(captioner.provenance),
                "opened": sum(one is not None for one in told),
                **scores,
                "words": len({word for words in found for word in words}),
                "mean_confidence": _mean([one.confidence for one in told if one]),
            }
        )
        lines += [
            {
                "captioner": name,
                "path": clip.file.name,
                "text": one.text,
                "confidence": one.confidence,
            }
            for clip, one in zip(clips, told, strict=True)
            if one
        ]
    print(json.dumps(printed))
    if arguments.sentences:
        write_atomically(arguments.sentences, "".join(json.dumps(one) + "\n" for one in lines))


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 4) if known else None


def _count_inventions(printed: dict[str, Any], results: Sequence[Result], wordnet: WordNet) -> None:
    """Add the share of captions that invent something, with 95 % intervals and differences."""
    shares = [
        np.array(
            [
                float(bool(wordnet.invented(words, group)))
                for words, group in zip(
                    result.evaluated.found, result.evaluated.references, strict=True
                )
            ]
        )
        for result in results
    ]

    def interval(values: NDArray[np.float64]) -> list[float]:
        return [round(end, 4) for end in bootstrap_interval(values.tolist(), seed=0)]

    for own, values in zip(printed["captioners"], shares, strict=True):
        own |= {"invented": round(float(values.mean()), 4), "invented_95": interval(values)}
    for own, values in zip(printed.get("differences", []), shares[1:], strict=True):
        less = values - shares[0]
        own |= {"invented": round(float(less.mean()), 4), "invented_95": interval(less)}


def _caption(name: str, pictures: list[CaptionedPicture], arguments: argparse.Namespace) -> Result:
    captioner = load_captioner(name, device=arguments.device, threads=arguments.threads)
    started = time.monotonic()
    with tqdm(total=len(pictures), desc=name) as bar:

        def progress(done: int) -> None:
            bar.update(done - bar.n)

        evaluated = caption_pictures(captioner, pictures, progress=progress)
    seconds = time.monotonic() - started
    milliseconds = round(seconds / len(pictures) * 1000, 1)
    return Result(name, dict(captioner.provenance), evaluated, milliseconds)


def _measure(results: Sequence[Result], arguments: argparse.Namespace) -> list[Measured]:
    """Return the scores of each captioner and, where asked, of one human and each beside them."""
    references = results[0].evaluated.references
    corpora = [Corpus(result.evaluated.found, references) for result in results]
    humans = humans_of(references) if arguments.human else 0
    for human in range(humans):
        person = held_out(references, human, humans)
        corpora.append(person)
        corpora += [Corpus(result.evaluated.found, person.references) for result in results]
    try:
        measured = measure(corpora, with_meteor=not arguments.no_meteor)
    except MissingExtraError as error:
        print(f"evaluate: no METEOR: {error}", file=sys.stderr)
        measured = measure(corpora, with_meteor=False)
    alone, turns = measured[: len(results)], measured[len(results) :]
    if not humans:
        return alone
    who = len(results) + 1
    return alone + [mean_of(turns[index::who]) for index in range(who)]


def _printed(
    results: Sequence[Result],
    scores: Sequence[Measured],
    pictures: Sequence[CaptionedPicture],
    data: Dataset,
    arguments: argparse.Namespace,
) -> dict[str, Any]:
    count = len(results)
    printed: dict[str, Any] = {
        "pictures": len(pictures),
        "data": {"form": data.form, "split": arguments.split, "splits_from": data.splits_from},
        "captioners": [
            {
                "name": result.name,
                **result.facts,
                **own.to_dict(),
                **diagnostics(result.evaluated.found),
                "ms_a_picture": result.ms_a_picture,
            }
            for result, own in zip(results, scores, strict=False)
        ],
    }
    if count > 1:
        printed["differences"] = [
            {
                "name": result.name,
                "less": results[0].name,
                **difference(own, scores[0]),
            }
            for result, own in zip(results[1:], scores[1:], strict=False)
        ]
    if len(scores) > count:
        human, *beside = scores[count:]
        humans = humans_of(results[0].evaluated.references)
        printed["human"] = {
            "held_out": humans,
            "references": humans - 1,
            "human": human.to_dict(),
            "captioners": [
                {
                    "name": result.name,
                    **own.to_dict(),
                    "less_human": difference(own, human),
                }
                for result, own in zip(results, beside, strict=True)
            ],
        }
    return printed


def _tables(printed: dict[str, Any]) -> list[Table]:
    results = printed["captioners"]
    names = [result["name"] for result in results]
    rows = _rows(results)
    rows += [[name, *(str(result[name]) for result in results)] for name in _COUNTS]
    tables = [Table(f"Scores on {printed['pictures']} pictures", ["", *names], rows)]
    if "differences" in printed:
        found = printed["differences"]
        heads = [f"{own['name']} less {own['less']}" for own in found]
        tables.append(Table("Differences", ["", *heads], _rows(found)))
    if "human" in printed:
        human = printed["human"]
        columns = [human["human"], *human["captioners"]]
        title = f"Against {human['references']} people, the same for all"
        tables.append(Table(title, ["", "one human", *names], _rows(columns)))
    return tables


def _rows(columns: Sequence[dict[str, Any]]) -> list[list[str]]:
    return [
        [name, *(_cell(column[name], column[f"{name}_95"]) for column in columns)]
        for name in (*METRICS, "invented")
        if name in columns[0]
    ]


def _cell(value: float, interval: Sequence[float]) -> str:
    return f"{value:.4f} ({interval[0]:.4f} to {interval[1]:.4f})"


def _show(printed: dict[str, Any], tables: Sequence[Table]) -> None:
    print(json.dumps(printed), flush=True)
    for table in tables:
        rows = [list(table.columns), *map(list, table.rows)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        print(f"\n{table.title}", file=sys.stderr)
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            print("  ".join(cells).rstrip(), file=sys.stderr)
    print(file=sys.stderr)
    for result in printed["captioners"]:
        print(f"{result['name']}: {result['ms_a_picture']} ms a picture", file=sys.stderr)


def _lines(
    results: Sequence[Result], scores: Sequence[Measured], pictures: Sequence[CaptionedPicture]
) -> str:
    return "".join(
        json.dumps(
            {
                "captioner": result.name,
                "path": picture.path.name,
                "text": caption.text,
                "confidence": caption.confidence,
                "score": round(caption.score, 4) if math.isfinite(caption.score) else None,
                "cider_d": round(float(score), 4),
            }
        )
        + "\n"
        for result, own in zip(results, scores, strict=False)
        for picture, caption, score in zip(
            pictures, result.evaluated.captions, own.cider_d, strict=True
        )
    )


if __name__ == "__main__":
    sys.exit(main())
