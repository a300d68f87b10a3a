"""Subtitle films whose scenes are known, and say how far the subtitles are from them.

    python pipelines/scene_benchmark.py --images flickr8k/images --captions flickr8k/captions.json \
        --split val --work films

The films are made of captioned pictures (pipelines/scene_films.py): slow pans and zooms, noise and
changing light; hard cuts, cross-fades, fades through black, flashes, pictures that come again.  No
picture is in two films of a seed.  Films stay in ``--work`` and are used again.  All figures come
from the cues as they are written.  Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from options import add_picture_options
from scene_films import RATE, FilmSettings, Shot, frames, plan_film, truth, write_film
from scene_scores import Agreement, boundaries, changes_within, overlaps, soda_c
from tqdm import tqdm

import vidcap
from pipelines.metrics.bootstrap import percentile_interval, resampled_sums
from pipelines.metrics.score import cider_d
from pipelines.training.data import CaptionedPicture, load_captions
from vidcap.errors import VidcapError
from vidcap.files import replacing
from vidcap.text.similarity import token_f1
from vidcap.text.tokens import tokenize
from vidcap.video.image import read_picture, resize_stretch

_THRESHOLDS = (0.3, 0.5, 0.7, 0.9)


@dataclass(frozen=True, slots=True)
class Film:
    """A film that is there, and what is in it.

    Attributes:
        path: the file.
        shots: what it was made of.
        pictures: the captioned pictures that the shots count.
    """

    path: Path
    shots: list[Shot]
    pictures: list[CaptionedPicture]


@dataclass(frozen=True, slots=True)
class Told:
    """A scene as the cues tell it, in seconds."""

    start: float
    end: float
    text: str
    cues: int
    breaks: int


def main() -> int:
    """Make the films, subtitle them and print the figures; the exit code is the error's."""
    arguments = _arguments()
    try:
        settings = FilmSettings(shots=arguments.shots)
        pictures = load_captions(arguments.images, arguments.captions, split=arguments.split)
        films = [
            film
            for seed in range(arguments.seeds)
            for film in make_films(pictures, settings, seed, arguments.films, arguments.work)
        ]
        captioner = vidcap.load_captioner(arguments.captioner, threads=arguments.threads)
        results = [measure(film, captioner, arguments) for film in tqdm(films, desc="subtitling")]
    except VidcapError as error:
        print(f"scene_benchmark: {error}", file=sys.stderr)
        return error.exit_code
    print(json.dumps(summary(results, settings, arguments), indent=2))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_picture_options(parser)
    parser.add_argument("--work", type=Path, required=True, help="folder for the films")
    parser.add_argument("--seeds", type=int, default=3, help="[%(default)s]")
    parser.add_argument("--films", type=int, default=7, help="films a seed [%(default)s]")
    parser.add_argument("--shots", type=int, default=50, help="shots a film [%(default)s]")
    parser.add_argument("--captioner", default="default", help="[%(default)s]")
    parser.add_argument("--preset", default="netflix", help="[%(default)s]")
    parser.add_argument("--fps", default="1", help="frames a second to look at [%(default)s]")
    parser.add_argument("--threads", type=int, default=0, help="[all]")
    return parser.parse_args()


def make_films(
    pictures: Sequence[CaptionedPicture],
    settings: FilmSettings,
    seed: int,
    count: int,
    work: Path,
) -> list[Film]:
    """Make the films of a seed that are not there yet, and return them all."""
    order = np.random.default_rng(seed).permutation(len(pictures))
    films: list[Film] = []
    for number in range(count):
        mine = order[number * settings.shots : (number + 1) * settings.shots]
        shots = plan_film([int(index) for index in mine], settings, seed * 1000 + number)
        path = work / f"{seed}-{number}-{settings.shots}.mp4"
        if not path.exists():
            shown = {shot.picture: read_picture(pictures[shot.picture].path) for shot in shots}
            film = frames(shots, shown, settings, seed * 1000 + number)
            total = sum(shot.frames for shot in shots)
            with replacing(path) as scratch:
                write_film(scratch, iter(tqdm(film, total=total, desc=path.name)))
        films.append(Film(path, shots, list(pictures)))
    return films


def measure(film: Film, captioner: Any, arguments: argparse.Namespace) -> dict[str, Any]:
    """Subtitle one film and hold its cues against what is in it."""
    with vidcap.subtitle(
        film.path, captioner=captioner, preset=arguments.preset, fps=arguments.fps
    ) as subtitles:
        written = json.loads(subtitles.text("json"))
        looked_at = [frame for scene in subtitles.scenes for frame in scene.frames]
    told = told_scenes(written["cues"])
    scenes, joints = truth(film.shots)
    starts = [scene.start for scene in told[1:]]
    times = [float(joint.time) for joint in joints]
    cuts = [joint.kind == "cut" for joint in joints]
    every = [True] * len(joints)
    known = [(float(scene.start), float(scene.end)) for scene in scenes]
    shared = overlaps([(scene.start, scene.end) for scene in told], known)
    best = shared.argmax(0)
    middles = middle_pictures(film.path, known, captioner.picture_size)
    said = [caption.text for caption in captioner.caption(middles)]
    return {
        "cuts": boundaries(starts, times, 0.2, counted=cuts),
        "joints 0.2": boundaries(starts, times, 0.2, counted=every),
        "joints 0.5": boundaries(starts, times, 0.5, counted=every),
        "by kind": {
            kind: boundaries(starts, times, 0.5, counted=[joint.kind == kind for joint in joints])
            for kind in ("cut", "cross-fade", "black")
        },
        "minutes": known[-1][1] / 60,
        "flicker": changes_within(
            [(scene.start, scene.text) for scene in told], [start for start, _ in known], slack=0.5
        ),
        "flicker of frames": changes_within(
            [(float(frame.time), frame.caption.text) for frame in looked_at],
            [start for start, _ in known],
            slack=0.0,
        ),
        "overlap": shared.max(0),
        "cues": sum(scene.cues for scene in told),
        "told": told,
        "breaks": sum(scene.breaks for scene in told),
        "shared": shared,
        "scene": [tokenize(told[place].text) for place in best],
        "middle": [tokenize(text) for text in said],
        "references": [
            [tokenize(sentence) for sentence in film.pictures[scene.picture].sentences]
            for scene in scenes
        ],
    }


def told_scenes(cues: Sequence[dict[str, Any]]) -> list[Told]:
    """Return the scenes that written cues tell, each from its first start to its last end."""
    found: list[Told] = []
    for _, group in groupby(cues, key=lambda cue: cue["scene"]):
        parts = list(group)
        found.append(
            Told(
                parts[0]["start_ms"] / 1000,
                parts[-1]["end_ms"] / 1000,
                " ".join(line for cue in parts for line in cue["lines"]),
                len(parts),
                sum(bool(cue["breaks"]) for cue in parts),
            )
        )
    return found


def middle_pictures(
    path: Path, scenes: Sequence[tuple[float, float]], size: tuple[int, int]
) -> list[NDArray[np.uint8]]:
    """Return the frame in the middle of each scene, squashed."""
    wanted = [round((start + end) / 2 * RATE) for start, end in scenes]
    looked_for = set(wanted)
    found: dict[int, NDArray[np.uint8]] = {}
    import av

    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number in looked_for:
                found[number] = resize_stretch(frame.to_ndarray(format="rgb24"), size)
    return [found[number] for number in wanted]


def summary(
    results: Sequence[dict[str, Any]], settings: FilmSettings, arguments: argparse.Namespace
) -> dict[str, Any]:
    """Bring the figures of all films together."""

    def total(name: str, kinds: str = "") -> Agreement:
        found = (result[kinds] if kinds else result for result in results)
        return sum((figures[name] for figures in found), Agreement(0, 0, 0))

    scenes = sum(len(result["references"]) for result in results)
    cues = sum(result["cues"] for result in results)
    minutes = sum(result["minutes"] for result in results)
    references = [entry for result in results for entry in result["references"]]
    scores = np.array(
        [
            cider_d([entry for result in results for entry in result[name]], references)
            for name in ("scene", "middle")
        ]
    ).T
    draws = resampled_sums(scores, seed=0)
    low, high = percentile_interval(draws[:, 0] / draws[:, 1])
    return {
        "films": len(results),
        "shots": len(results) * settings.shots,
        "scenes": scenes,
        "captioner": arguments.captioner,
        "preset": arguments.preset,
        "hard cuts, 0.2 s": _agreement(total("cuts")),
        "all joints, 0.2 s": _agreement(total("joints 0.2")),
        "all joints, 0.5 s": _agreement(total("joints 0.5")),
        "recall by kind, 0.5 s": {
            kind: round(total(kind, "by kind").recall, 4) for kind in ("cut", "cross-fade", "black")
        },
        "mean temporal IoU": round(
            float(np.concatenate([result["overlap"] for result in results]).mean()), 4
        ),
        "cues a scene": round(cues / scenes, 4),
        "told scenes a scene": round(sum(len(result["told"]) for result in results) / scenes, 4),
        "flicker: changes a minute within a scene": round(
            sum(result["flicker"] for result in results) / minutes, 3
        ),
        "flicker of the frames' captions": round(
            sum(result["flicker of frames"] for result in results) / minutes, 3
        ),
        "cues that break a rule": round(
            sum(result["breaks"] for result in results) / max(1, cues), 4
        ),
        "CIDEr-D of the scene's sentence": round(float(scores[:, 0].mean()), 4),
        "CIDEr-D of the middle frame's": round(float(scores[:, 1].mean()), 4),
        "ratio (95 %)": [
            round(float(scores[:, 0].sum() / scores[:, 1].sum()), 4),
            round(low, 4),
            round(high, 4),
        ],
        "CIDEr-D at temporal IoU": _at_overlaps(results),
        "SODA_c (token F1)": round(float(np.mean([_soda(result) for result in results])), 4),
    }


def _agreement(found: Agreement) -> dict[str, Any]:
    return {
        "precision": round(found.precision, 4),
        "recall": round(found.recall, 4),
        "f1": round(found.f1, 4),
        "true": found.true,
    }


def _at_overlaps(results: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return the mean CIDEr-D of told scenes that overlap a true one so much; others have 0."""
    found: dict[str, float] = {}
    for threshold in _THRESHOLDS:
        candidates: list[list[str]] = []
        references: list[list[list[str]]] = []
        told = 0
        for result in results:
            told += len(result["told"])
            for place, row in zip(result["told"], result["shared"], strict=True):
                for index in np.flatnonzero(row >= threshold)[:1]:
                    candidates.append(tokenize(place.text))
                    references.append(result["references"][index])
        total = sum(cider_d(candidates, references)) if candidates else 0.0
        found[str(threshold)] = round(total / max(1, told), 4)
    return found


def _soda(result: dict[str, Any]) -> float:
    alike = np.array(
        [
            [
                np.mean([token_f1(said, sentence) for sentence in sentences])
                for sentences in result["references"]
            ]
            for said in (tokenize(scene.text) for scene in result["told"])
        ]
    )
    return soda_c(result["shared"] * alike)


if __name__ == "__main__":
    sys.exit(main())
