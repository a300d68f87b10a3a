"""Work out how sure a checkpoint's captions are, and write that into a file beside it.

    python pipelines/calibrate.py CHECKPOINT --images flickr8k/images \
        --captions flickr8k/captions.json --split val --output NAME.calibration.json

Every picture of the split is captioned.  A caption is *fair* when its CIDEr-D against the human
captions of its picture is at least what the median of those humans reaches against the others.  A
logistic regression on what the beam search leaves behind gives the chance of that; all figures
printed are those of captions that the regression was not fitted on (five folds).  How telling a
word is comes from the pictures of ``--corpus-split``.  Where recognised things are read, the
pictures of ``--prospect-split`` are captioned as well, to learn from their scores what kinds of
pictures come out well; ``--scenes`` takes that from the calibration of single pictures.

Prints one JSON object.  With ``--output``, the calibration fitted on all pictures is written there,
together with the other one that the checkpoint has, and beside it ``NAME-reliability.svg`` and
``NAME-coverage.svg`` (``NAME-scenes-...`` with ``--scenes``).  ``NAME.calibration.json`` is used
where it lies beside ``NAME.safetensors``, which stays as it is.  Without it, nothing is written.
``--views`` captions every picture mirrored as well, to see what agreement between views would add;
a calibration never uses it.
``--judge`` fits nothing, and judges the calibration that the checkpoint holds on other pictures.

``--foreign-images`` and ``--foreign-captions`` name pictures from outside the training data's
world, which the fit is made on as well, each counted several times; all figures but those under
``foreign`` are of the split alone.

``--scenes`` does all this for the sentences that scenes are told in: every picture is filmed for 1
to 8 seconds (pipelines/scene_films.py), looked at once a second, and told within what the preset
``netflix`` leaves room for.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scene_films import RATE, film_alone
from tqdm import tqdm

from pipelines.training import calibration as fitting
from pipelines.training.charts import Chart, Line
from pipelines.training.data import CaptionedPicture, load_captions
from vidcap.captioning.captioner import CheckpointCaptioner
from vidcap.captioning.checkpoint import (
    CALIBRATION_SUFFIX,
    checkpoint_hash,
    read_manifest,
    write_calibration,
)
from vidcap.captioning.confidence import FACT_FEATURES, FEATURES, Calibration, Facts, describe
from vidcap.captioning.decoding.beam_search import Hypothesis
from vidcap.captioning.decoding.vocabulary import Vocabulary
from vidcap.captioning.registry import DEVICES, load_captioner
from vidcap.errors import DataError, UsageError, VidcapError
from vidcap.files import write_atomically
from vidcap.subtitles import load_preset
from vidcap.text.similarity import token_f1
from vidcap.text.tokens import tokenize
from vidcap.video.image import read_picture, resize_stretch

Array = NDArray[Any]

# The number of words is left out: it added nothing, and long captions are no less often right.
USED = tuple(name for name in FEATURES if name != "words")
Found = tuple[list[Hypothesis], Facts | None]
BATCH = 64
FOLDS = 5
BINS = 5
COVERAGE = 0.7


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--images", type=Path, required=True, help="folder of pictures")
    parser.add_argument("--captions", type=Path, required=True, help="file or folder of captions")
    parser.add_argument("--split", help="the part of the data set to fit on [all]")
    parser.add_argument(
        "--corpus-split",
        default="train",
        help="the part whose captions say how telling a word is [%(default)s; where there is no "
        "such part, the pictures fitted on]",
    )
    parser.add_argument(
        "--prospect-split",
        default="train",
        help="the part whose captions say which pictures come out well [%(default)s; none where "
        "there is no such part]",
    )
    parser.add_argument(
        "--features",
        type=lambda text: tuple(text.split(",")),
        help=f"what to fit on, of {', '.join(FEATURES)} [{','.join(USED)}; without "
        f"{', '.join(sorted(FACT_FEATURES))} where nothing is recognised]",
    )
    parser.add_argument("--foreign-images", type=Path, help="pictures unlike the training ones")
    parser.add_argument("--foreign-captions", type=Path, help="their captions")
    parser.add_argument(
        "--foreign-weight", type=float, default=6.0, help="what each counts [%(default)s]"
    )
    parser.add_argument("--views", action="store_true", help="also measure mirrored views")
    parser.add_argument(
        "--judge", action="store_true", help="judge the calibration that is there, fit none"
    )
    parser.add_argument("--scenes", action="store_true", help="calibrate the telling of scenes")
    parser.add_argument("--output", type=Path, help="NAME.calibration.json, to write")
    parser.add_argument("--device", choices=DEVICES, default="auto", help="[%(default)s]")
    parser.add_argument("--threads", type=int, default=0, help="processor threads [all]")
    return parser.parse_args()


def main() -> int:
    """Calibrate; the exit code is the first error's."""
    arguments = _arguments()
    try:
        print(json.dumps(calibrate(arguments)))
    except VidcapError as error:
        print(f"calibrate: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def calibrate(arguments: argparse.Namespace) -> dict[str, Any]:
    """Caption, fit, judge and write; return what is printed."""
    unknown = [name for name in arguments.features or () if name not in FEATURES]
    if unknown:
        raise UsageError(f"there is no feature {unknown[0]!r}; choose of {', '.join(FEATURES)}")
    output: Path | None = arguments.output
    if output and not output.name.endswith(CALIBRATION_SUFFIX):
        raise UsageError(f"--output {output}: name it NAME{CALIBRATION_SUFFIX}")
    checkpoint: Path = arguments.checkpoint
    manifest = read_manifest(checkpoint)
    vocabulary = Vocabulary(manifest.vocabulary)
    pictures = load_captions(arguments.images, arguments.captions, split=arguments.split)
    present = manifest.scene_calibration if arguments.scenes else manifest.calibration
    if arguments.scenes and arguments.views:
        raise UsageError("--views goes with single pictures; leave it or --scenes out")
    if arguments.judge:
        if present is None:
            raise UsageError(f"{checkpoint}: holds no calibration to judge; leave out --judge")
        information, source = np.array(present.information), "the checkpoint"
    else:
        information, source = _information(vocabulary, pictures, arguments)
    captioner = load_captioner(str(checkpoint), device=arguments.device, threads=arguments.threads)
    if not isinstance(captioner, CheckpointCaptioner):
        raise UsageError(f"{checkpoint}: only vidcap's own checkpoints can be calibrated")
    prospect = _prospect(captioner, vocabulary, present, arguments)
    foreign: list[CaptionedPicture] = []
    if arguments.foreign_images and not arguments.judge:
        foreign = load_captions(arguments.foreign_images, arguments.foreign_captions)
    search = _tell if arguments.scenes else _search
    found = search(captioner, [*pictures, *foreign], "scenes" if arguments.scenes else "captions")
    # The document frequencies of CIDEr-D are those of each collection.
    judged = [
        _fairness(found[first : first + len(part)], part, vocabulary)
        for first, part in ((0, pictures), (len(pictures), foreign))
        if part
    ]
    scores, medians = (np.concatenate(parts) for parts in zip(*judged, strict=True))
    fair = scores >= medians
    promised = np.array(prospect)
    described = [describe(hypotheses, information, facts, promised) for hypotheses, facts in found]
    possible = [name for name in FEATURES if name in described[0]]
    facts = {name: np.array([each[name] for each in described]) for name in possible}
    names = list(arguments.features or (name for name in USED if name in possible))
    home = slice(len(pictures))
    weights = np.ones(len(found))
    weights[len(pictures) :] = arguments.foreign_weight
    if arguments.judge and present:
        chances = np.array([present.chance(each) for each in described])
    else:
        chances = _crossed(names, facts, fair, weights)
    abroad = {}
    if foreign:
        away = slice(len(pictures), None)
        abroad = {
            "foreign": {
                "captions": str(arguments.foreign_captions),
                "pictures": len(foreign),
                "weight": arguments.foreign_weight,
                "base_rate": _round(fair[away].mean()),
                "mean_confidence": _round(chances[away].mean()),
            }
        }
    all_values = np.column_stack([facts[name] for name in names])
    all_fair, all_weights = fair, weights
    chances, fair, scores, medians = (own[home] for own in (chances, fair, scores, medians))

    record = {
        "captions": arguments.captions.name,
        "split": arguments.split or "all",
        "pictures": len(pictures),
        "information_from": source,
        "prospect_known": bool(prospect),
        "base_rate": _round(fair.mean()),
        "mean_confidence": _round(chances.mean()),
        **_judge(chances, fair, scores),
        **abroad,
    }
    result: dict[str, Any] = {
        "checkpoint": checkpoint_hash(checkpoint),
        **record,
        "cider_d": _round(scores.mean()),
        "human_median_cider_d": _round(medians.mean()),
        "reliability": [
            {"count": part.count, "confidence": _round(part.confidence), "fair": _round(part.fair)}
            for part in fitting.reliability(chances, fair, bins=BINS)
        ],
        "risk_coverage": [
            {
                "coverage": share / 10,
                "cider_d": _round(fitting.kept_mean(chances, scores, share / 10)),
                "fair": _round(fitting.kept_mean(chances, fair, share / 10)),
            }
            for share in range(10, 0, -1)
        ],
    }
    if arguments.judge:
        return result
    fitted = fitting.calibration(
        names,
        all_values,
        all_fair,
        information,
        record,
        weights=all_weights,
        prospect=prospect,
    )
    result["weights"] = dict(zip(names, fitted.weights, strict=True))
    result["bias"] = fitted.bias
    result["ablation"] = _ablation(names, facts, all_fair, all_weights, scores)
    if arguments.views:
        views = _views(captioner, pictures, vocabulary, found[home])
        at_home = {name: value[home] for name, value in facts.items()}
        result["with_views"] = {
            name: _brief(_crossed([*names, name], {**at_home, name: value}, fair), fair, scores)
            for name, value in views.items()
        }
    if output:
        told = "scene_calibration" if arguments.scenes else "calibration"
        write_calibration(output, replace(manifest, **{told: fitted}))
        charts = {
            "reliability": _reliability_chart(chances, fair),
            "coverage": _coverage_chart(chances, scores),
        }
        for name, chart in charts.items():
            stem = output.name.removesuffix(CALIBRATION_SUFFIX)
            stem += "-scenes" if arguments.scenes else ""
            path = output.with_name(f"{stem}-{name}.svg")
            write_atomically(path, chart.to_svg())
        result["written"] = str(output)
    return result


def _information(
    vocabulary: Vocabulary, pictures: list[CaptionedPicture], arguments: argparse.Namespace
) -> tuple[Array, str]:
    try:
        corpus = load_captions(arguments.images, arguments.captions, split=arguments.corpus_split)
        source = arguments.corpus_split
    except DataError:
        corpus, source = pictures, arguments.split or "all"
    told = fitting.word_information(
        vocabulary,
        ([tokenize(sentence) for sentence in picture.sentences] for picture in corpus),
    )
    return told, source


def _prospect(
    captioner: CheckpointCaptioner,
    vocabulary: Vocabulary,
    present: Calibration | None,
    arguments: argparse.Namespace,
) -> tuple[float, ...]:
    """Return what each part of a picture's direction promises; nothing where nobody can tell."""
    if arguments.judge:
        return present.prospect if present else ()
    single = captioner.manifest.calibration
    if arguments.scenes and single and single.prospect:
        return single.prospect
    if not captioner.manifest.things:
        return ()
    try:
        pictures = load_captions(
            arguments.images, arguments.captions, split=arguments.prospect_split
        )
    except DataError:
        return ()
    found = _search(captioner, pictures, arguments.prospect_split)
    scores, _ = _fairness(found, pictures, vocabulary)
    return fitting.prospect(np.array([facts.direction for _, facts in found if facts]), scores)


def _fairness(
    found: list[Found], pictures: list[CaptionedPicture], vocabulary: Vocabulary
) -> tuple[Array, Array]:
    return fitting.fairness(
        [vocabulary.decode(hypotheses[0].words) for hypotheses, _ in found],
        [[tokenize(sentence) for sentence in picture.sentences] for picture in pictures],
    )


def _search(
    captioner: CheckpointCaptioner,
    pictures: list[CaptionedPicture],
    what: str,
    *,
    mirrored: bool = False,
) -> list[Found]:
    found: list[Found] = []
    with tqdm(total=len(pictures), desc=what) as bar:
        for start in range(0, len(pictures), BATCH):
            batch = [
                resize_stretch(read_picture(picture.path), captioner.picture_size)
                for picture in pictures[start : start + BATCH]
            ]
            if mirrored:
                batch = [np.ascontiguousarray(picture[:, ::-1]) for picture in batch]
            looks = captioner.look(batch)
            found += [(list(own.hypotheses), captioner.facts([own.image])) for own in looks]
            bar.update(len(batch))
    return found


def _tell(
    captioner: CheckpointCaptioner, pictures: list[CaptionedPicture], what: str
) -> list[Found]:
    """Film each picture, look at it once a second, and tell the scene."""
    preset = load_preset("netflix")
    found: list[Found] = []
    films = film_alone(pictures, captioner.picture_size)
    for scene in tqdm(films, total=len(pictures), desc=what):
        looks = scene.looks(captioner)
        budget = preset.budget(scene.seconds, Fraction(RATE))
        told = captioner.search_scene(looks, budget)
        found.append((told, captioner.facts([look.image for look in looks])))
    return found


def _views(
    captioner: CheckpointCaptioner,
    pictures: list[CaptionedPicture],
    vocabulary: Vocabulary,
    found: list[Found],
) -> dict[str, Array]:
    mirrored = _search(captioner, pictures, "mirrored", mirrored=True)
    pairs = [(own[0], other[0]) for (own, _), (other, _) in zip(found, mirrored, strict=True)]
    agreement = [
        token_f1(vocabulary.decode(own.words), vocabulary.decode(other.words))
        for own, other in pairs
    ]
    logs = [other.log_probability / other.length for _, other in pairs]
    return {"view_agreement": np.array(agreement), "view_log_probability": np.array(logs)}


def _crossed(
    names: list[str], facts: dict[str, Array], fair: Array, weights: Array | None = None
) -> Array:
    directions = [FEATURES.get(name, 1) for name in names]
    values = np.column_stack([facts[name] for name in names])
    return fitting.cross_fitted(values, fair, directions, folds=FOLDS, weights=weights)


def _judge(chances: Array, fair: Array, scores: Array) -> dict[str, Any]:
    """Return the figures of cross-fitted chances, with 95 % intervals."""
    return {
        **_brief(chances, fair, scores),
        "calibration_error_95": _pair(fitting.bootstrap(_error, chances, fair)),
        "gain_95": _pair(fitting.bootstrap(_gain, chances, scores)),
    }


def _brief(chances: Array, fair: Array, scores: Array) -> dict[str, float]:
    return {
        "calibration_error": _round(_error(chances, fair)),
        "brier": _round(fitting.brier(chances, fair)),
        "auroc": _round(fitting.auroc(chances, fair)),
        "gain": _round(_gain(chances, scores)),
    }


def _ablation(
    names: list[str], facts: dict[str, Array], fair: Array, weights: Array, scores: Array
) -> dict[str, dict[str, float]]:
    """Return the figures with each feature left out or added, each alone, and all together."""
    sets = {"all features": list(facts)}
    for name in facts:
        if name in names:
            sets[f"without {name}"] = [other for other in names if other != name]
        else:
            sets[f"with {name}"] = [*names, name]
        sets[f"{name} alone"] = [name]
    if not FACT_FEATURES.isdisjoint(names):
        sets["without facts"] = [name for name in names if name not in FACT_FEATURES]
    home = slice(len(scores))
    return {
        title: _brief(_crossed(chosen, facts, fair, weights)[home], fair[home], scores)
        for title, chosen in sets.items()
        if chosen
    }


def _error(chances: Array, fair: Array) -> float:
    return fitting.calibration_error(chances, fair, bins=BINS)


def _gain(chances: Array, scores: Array) -> float:
    return fitting.gain(chances, scores, COVERAGE)


def _reliability_chart(chances: Array, fair: Array) -> Chart:
    parts = fitting.reliability(chances, fair, bins=BINS)
    ranges = []
    for part in parts:
        spread = 1.96 * float(np.sqrt(part.fair * (1 - part.fair) / part.count))
        ranges.append((max(0.0, part.fair - spread), min(1.0, part.fair + spread)))
    top = min(1.0, np.ceil(5 * max(high for _, high in ranges)) / 5)
    told = "; ".join(f"said {part.confidence:.2f}, true {part.fair:.2f}" for part in parts)
    return Chart(
        title="Of captions this sure, how many are fair",
        description=f"{BINS} groups of equally many captions, from the least sure: {told}.",
        x_name="confidence (mean of the group)",
        y_name="share of fair captions",
        x_range=(0.0, top),
        y_range=(0.0, top),
        lines=[
            Line(
                "captions not fitted on, with 95 % intervals",
                [(part.confidence, part.fair) for part in parts],
                marks=True,
                ranges=ranges,
            ),
            Line("as it should be", [(0.0, 0.0), (top, top)]),
        ],
    )


def _coverage_chart(chances: Array, scores: Array) -> Chart:
    shares = [share / 20 for share in range(2, 21)]
    kept = [fitting.kept_mean(chances, scores, share) for share in shares]
    best = [fitting.kept_mean(scores, scores, share) for share in shares]
    whole, most = kept[-1], kept[shares.index(COVERAGE)]
    return Chart(
        title="Mean CIDEr-D of the captions that are kept",
        description=f"All captions have {whole:.3f} on average, the surest {COVERAGE:.0%} of them "
        f"{most:.3f}, the surest tenth {kept[0]:.3f}.",
        x_name="share of captions kept, the surest first",
        y_name="mean CIDEr-D",
        x_range=(0.0, 1.0),
        y_range=(0.0, float(np.ceil(max(kept + best) * 5) / 5) or 1.0),
        lines=[
            Line("by confidence", list(zip(shares, kept, strict=True)), marks=True),
            Line("all captions", [(0.0, whole), (1.0, whole)]),
            Line("by the score itself: the ceiling", list(zip(shares, best, strict=True))),
        ],
        legend_right=True,
    )


def _pair(interval: tuple[float, float]) -> list[float]:
    return [_round(end) for end in interval]


def _round(value: float) -> float:
    return round(float(value), 4)


if __name__ == "__main__":
    sys.exit(main())
