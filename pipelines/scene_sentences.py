"""Compare ways to tell a scene in one sentence.

    python pipelines/scene_sentences.py --images flickr8k/images --captions flickr8k/captions.json \
        --split val

Every picture is filmed for 1 to 8 seconds by a slow camera with noise and changing light
(pipelines/scene_films.py), and looked at once a second.  Each way makes one sentence of it; all are
scored against the picture's human captions, and held to the caption of the frame in the middle.
Prints one JSON object: CIDEr-D, and its ratio to the middle frame's with a 95 % bootstrap interval
over pictures; and under ``apart``, of pairs of frames of one picture and of pairs of two, the share
that each rule takes for the same.  ``--apart`` prints the latter alone.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scene_films import RATE, film_alone
from tqdm import tqdm

from pipelines.metrics.bootstrap import percentile_interval, resampled_sums
from pipelines.metrics.score import CiderD, cider_d
from pipelines.training.data import load_captions
from vidcap.captioning.captioner import CheckpointCaptioner
from vidcap.captioning.decoding.beam_search import BeamSettings, beam_search
from vidcap.captioning.decoding.vocabulary import Vocabulary
from vidcap.captioning.networks.model import load_model
from vidcap.captioning.protocols import EncodedCaption
from vidcap.captioning.registry import checkpoint_path, load_captioner
from vidcap.captioning.runtimes.torch import torch_step
from vidcap.errors import UsageError, VidcapError
from vidcap.scenes.consensus import Consensus, likeness
from vidcap.subtitles import load_preset
from vidcap.text.tokens import tokenize

Array = NDArray[Any]
IndexSettings = Callable[[list[EncodedCaption], Fraction], str]


def main() -> int:
    """Compare; the exit code is the error's."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=Path, required=True, help="folder of the pictures")
    parser.add_argument("--captions", type=Path, required=True, help="their captions")
    parser.add_argument("--split", help="part of the data set [all]")
    parser.add_argument("--limit", type=int, help="so many pictures [all]")
    parser.add_argument("--captioner", default="default", help="[%(default)s]")
    parser.add_argument("--threads", type=int, default=0, help="[all]")
    parser.add_argument("--apart", action="store_true", help="compare the rules alone")
    arguments = parser.parse_args()
    try:
        print(json.dumps(compare(arguments), indent=2))
    except VidcapError as error:
        print(f"scene_sentences: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def compare(arguments: argparse.Namespace) -> dict[str, Any]:
    """Film, look, tell in every way, and score."""
    pictures = load_captions(arguments.images, arguments.captions, split=arguments.split)
    pictures = pictures[: arguments.limit]
    captioner = load_captioner(arguments.captioner, threads=arguments.threads)
    if not isinstance(captioner, CheckpointCaptioner):
        raise UsageError(f"{arguments.captioner}: only vidcap's own captioners tell scenes")
    references = [[tokenize(text) for text in picture.sentences] for picture in pictures]
    ways = {}
    if not arguments.apart:
        ways = ways_of(captioner, references) | ways_of_torch(arguments.captioner)
    same: list[tuple[float, float]] = []
    different: list[tuple[float, float]] = []
    before: EncodedCaption | None = None
    said: dict[str, list[list[str]]] = {"middle frame": [], **{name: [] for name in ways}}
    films = film_alone(pictures, captioner.picture_size)
    for scene in tqdm(films, total=len(pictures), desc="scenes"):
        (middle,) = captioner.caption([scene.middle])
        said["middle frame"].append(tokenize(middle.text))
        looks = scene.looks(captioner)
        for name, way in ways.items():
            said[name].append(tokenize(way(looks, scene.seconds)))
        if len(looks) > 1:
            same.append(_pair(captioner, looks[0], looks[-1]))
        if before is not None:
            different.append(_pair(captioner, before, looks[0]))
        before = looks[0]
    scores = {name: np.array(cider_d(words, references)) for name, words in said.items()}
    found: dict[str, Any] = {"pictures": len(pictures), "captioner": captioner.name}
    found["apart"] = {
        "pairs of one picture": _shares(same),
        "pairs of two pictures": _shares(different),
    }
    for name, own in scores.items():
        draws = resampled_sums(np.column_stack([own, scores["middle frame"]]), seed=0)
        low, high = percentile_interval(draws[:, 0] / draws[:, 1])
        found[name] = {
            "cider_d": round(float(own.mean()), 4),
            "ratio": round(float(own.sum() / scores["middle frame"].sum()), 4),
            "ratio_95": [round(low, 4), round(high, 4)],
            "words": round(float(np.mean([len(words) for words in said[name]])), 2),
        }
    return found


def _pair(
    captioner: CheckpointCaptioner, one: EncodedCaption, other: EncodedCaption
) -> tuple[float, float]:
    return likeness(one.caption.text, other.caption.text), captioner.cross_likelihood_gap(
        [one], [other]
    )


def _shares(pairs: list[tuple[float, float]]) -> dict[str, float]:
    """Return the share of pairs that are alike, or near, by each of some thresholds."""
    alike, apart = np.array(pairs, dtype=np.float64).reshape(-1, 2).T
    rules = {
        **{f"F1 at least {least}": alike >= least for least in (0.3, 0.5, 0.7)},
        **{f"less than {most} apart": apart < most for most in (0.3, 0.5, 0.7, 1.0)},
        **{
            f"F1 at least 0.5, or less than {most} apart": (alike >= 0.5) | (apart < most)
            for most in (0.75, 1.0)
        },
    }
    shares = {name: round(float(rule.mean()), 4) for name, rule in rules.items()}
    return {"pairs": len(pairs), "median apart": round(float(np.median(apart)), 3), **shares}


def ways_of(
    captioner: CheckpointCaptioner, references: list[list[list[str]]]
) -> dict[str, IndexSettings]:
    """Return the ways by name that need no more than a captioner.

    Args:
        captioner: what tells.
        references: human sentences, for the document frequencies of the risk alone.
    """
    words = Vocabulary(captioner.manifest.vocabulary)
    risk = CiderD(references)

    def surest(looks: list[EncodedCaption], seconds: Fraction) -> str:
        return max(looks, key=lambda look: look.caption.score).caption.text

    def vote(looks: list[EncodedCaption], seconds: Fraction) -> str:
        return Consensus(look.caption for look in looks).winner.text

    def least_risk(looks: list[EncodedCaption], seconds: Fraction) -> str:
        weights: dict[tuple[str, ...], float] = {}
        for own in (own for look in looks for own in look.hypotheses):
            said = tuple(words.decode(own.words))
            weights[said] = weights.get(said, 0.0) + math.exp(own.log_probability / own.length)
        believed = [(risk.prepare([said]), weight) for said, weight in weights.items()]

        def gain(said: tuple[str, ...]) -> float:
            return sum(weight * risk.score(said, truth) for truth, weight in believed)

        return " ".join(max(weights, key=gain))

    def searched(looks: list[EncodedCaption], seconds: Fraction) -> str:
        return " ".join(words.decode(captioner.search_jointly(looks)[0].words))

    def held(looks: list[EncodedCaption], seconds: Fraction) -> str:
        return captioner.caption_scene(looks).text

    def within(preset: str) -> IndexSettings:
        rules = load_preset(preset)
        return lambda looks, seconds: (
            captioner.caption_scene(looks, rules.budget(seconds, Fraction(RATE))).text
        )

    return {
        "surest frame": surest,
        "vote of the frames, by content words": vote,
        "least risk under CIDEr-D": least_risk,
        "searched jointly": searched,
        "held against all": held,
        "held against all, within netflix": within("netflix"),
        "held against all, within bbc": within("bbc"),
    }


def ways_of_torch(name: str) -> dict[str, IndexSettings]:
    """Return the ways that make one picture of several, which the graphs are not built for."""
    model, manifest = load_model(checkpoint_path(name))
    model.eval()
    words = Vocabulary(manifest.vocabulary)
    settings = BeamSettings(size=6, length_penalty=1.0)

    def decode(looks: list[EncodedCaption], join: Callable[[list[Array]], Array]) -> str:
        images = [look.image for look in looks]
        memories = zip(*(image.memory for image in images), strict=True)
        states = zip(*(image.state for image in images), strict=True)
        prepared = [join(list(memory)) for memory in memories]
        prepared += [np.mean(state, 0).astype(state[0].dtype) for state in states]
        step = torch_step(model.decoder, [torch.from_numpy(part[None]) for part in prepared])
        return " ".join(words.decode(beam_search(step, pictures=1, settings=settings)[0][0].words))

    return {
        "attending over all regions of all frames": lambda looks, seconds: decode(
            looks, lambda memory: np.concatenate(memory, axis=-2)
        ),
        "attending over the mean of the frames' regions": lambda looks, seconds: decode(
            looks, lambda memory: np.mean(memory, 0, dtype=np.float32)
        ),
    }


if __name__ == "__main__":
    sys.exit(main())
