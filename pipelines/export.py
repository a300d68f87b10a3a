"""Turn a trained checkpoint into one that runs without torch, and hold the two together.

    python pipelines/export.py runs/show-attend-tell/show-attend-tell.safetensors

The result is again one checkpoint, with its graphs inside (``--output``; beside the source and
named after the precision without it).  Weights keep their numbers, unless ``--half`` rounds all of
them to float16, or ``--int8`` puts the encoder and all matrices into eight bits, with ranges
measured on pictures of ``--calibration-split``.

With captioned pictures (``--images``, ``--captions``, ``--split``) every one is captioned by torch
from the source and by the graphs of the result, and the share of identical captions, the largest
difference of scores and both CIDEr-Ds are printed.

``--onnx FOLDER`` and ``--torch-export FOLDER`` also write the result's two halves for other
programs, read them again, and compare numbers and captions with those of torch.  Load ``.pt2``
files only if you made them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pipelines.metrics.score import score_corpus
from pipelines.training.data import CaptionedPicture, load_captions
from pipelines.training.evaluation import Evaluated, caption_pictures
from vidcap.captioning import onnx
from vidcap.captioning.captioner import CheckpointCaptioner
from vidcap.captioning.checkpoint import read_manifest
from vidcap.captioning.decoding.beam_search import BeamSettings
from vidcap.captioning.export import export_checkpoint
from vidcap.captioning.networks.model import load_model
from vidcap.captioning.runtimes.base import Runtime
from vidcap.captioning.runtimes.graphs import read_graphs
from vidcap.captioning.runtimes.openvino import OpenVinoRuntime
from vidcap.captioning.runtimes.torch import TorchRuntime
from vidcap.errors import UsageError, VidcapError
from vidcap.video.image import read_picture, resize_stretch


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--output", type=Path, help="file to write [CHECKPOINT-PRECISION]")
    precision = parser.add_mutually_exclusive_group()
    precision.add_argument("--half", action="store_true", help="float16 weights throughout")
    precision.add_argument("--int8", action="store_true", help="int8 weights and encoder")
    parser.add_argument("--images", type=Path, help="folder of pictures")
    parser.add_argument("--captions", type=Path, help="file or folder of their captions")
    parser.add_argument("--split", help="part of the data set to compare on [all]")
    parser.add_argument("--limit", type=int, help="compare on so many pictures [all]")
    parser.add_argument(
        "--calibration-split", default="train", help="part for the ranges of int8 [%(default)s]"
    )
    parser.add_argument(
        "--calibration-pictures", type=int, default=300, help="so many of it [%(default)s]"
    )
    parser.add_argument("--onnx", type=Path, metavar="FOLDER", help="also write ONNX files")
    parser.add_argument(
        "--torch-export", type=Path, metavar="FOLDER", help="also write torch.export files"
    )
    return parser.parse_args()


def main() -> int:
    """Write what was asked for and print what it is, and how it compares, as JSON."""
    try:
        print(json.dumps(export(_arguments())))
    except VidcapError as error:
        print(f"export: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def export(arguments: argparse.Namespace) -> dict[str, Any]:
    """Export the checkpoint and, when pictures are given, compare it with its source."""
    source: Path = arguments.checkpoint
    manifest = read_manifest(source)
    precision = "int8" if arguments.int8 else "float16" if arguments.half else "exact"
    target = arguments.output or source.with_name(f"{source.stem}-{precision}.safetensors")
    data = (arguments.images, arguments.captions) if arguments.images else None
    if data and not arguments.captions:
        raise UsageError("--images needs --captions")
    calibration: list[NDArray[np.uint8]] = []
    if arguments.int8:
        if not data:
            raise UsageError("--int8 needs --images and --captions to measure ranges on")
        own = load_captions(*data, split=arguments.calibration_split)
        # Evenly from all of it: files may be sorted by what they show.
        own = own[:: max(1, len(own) // arguments.calibration_pictures)]
        calibration = _read(own[: arguments.calibration_pictures], manifest.picture_size)
    export_checkpoint(source, target, precision=precision, pictures=calibration)
    result: dict[str, Any] = {
        "checkpoint": str(target),
        "bytes": target.stat().st_size,
        "precision": precision,
    }
    pictures: Sequence[CaptionedPicture] = ()
    if data:
        pictures = load_captions(*data, split=arguments.split)[: arguments.limit]
        graphs = OpenVinoRuntime(
            read_graphs(target),
            picture_size=manifest.picture_size,
            group=16,
            beams=BeamSettings(**manifest.beam).size,
        )
        result |= _compare({"torch": _torch(source), "graphs": graphs}, target, pictures)
    for kind, folder, write, load in (
        ("onnx", arguments.onnx, onnx.write_onnx, onnx.load_onnx),
        (
            "torch_export",
            arguments.torch_export,
            onnx.write_torch_export,
            onnx.load_torch_export,
        ),
    ):
        if folder:
            result[kind] = _interchange(kind, target, write(target, folder), load, pictures)
    return result


def _read(pictures: Sequence[CaptionedPicture], size: int) -> list[NDArray[np.uint8]]:
    return [resize_stretch(read_picture(picture.path), (size, size)) for picture in pictures]


def _torch(checkpoint: Path) -> Runtime:
    model, _ = load_model(checkpoint)
    return TorchRuntime(model, device="cpu", group=16)


def _interchange(
    kind: str,
    checkpoint: Path,
    files: tuple[Path, Path],
    load: Callable[..., Runtime],
    pictures: Sequence[CaptionedPicture],
) -> dict[str, Any]:
    """Say what was written and how what is read again compares with the checkpoint in torch."""
    model, manifest = load_model(checkpoint)
    reference: Runtime = TorchRuntime(model, device="cpu", group=16)
    again = load(
        *files, memory_count=model.decoder.memory_count, state_count=model.decoder.state_count
    )
    size = manifest.picture_size
    noise = np.random.default_rng(0).integers(0, 256, (4, size, size, 3), dtype=np.uint8)
    sample = _read(pictures[: again.group], size) or list(noise)
    differences = onnx.largest_differences(reference, again, sample)
    result: dict[str, Any] = {
        "files": [str(file) for file in files],
        "bytes": sum(file.stat().st_size for file in files),
        "largest_differences": {name: float(f"{v:.3g}") for name, v in differences.items()},
    }
    if pictures:
        result |= _compare({"torch": reference, kind: again}, checkpoint, pictures)
    return result


def _compare(
    runtimes: dict[str, Runtime], checkpoint: Path, pictures: Sequence[CaptionedPicture]
) -> dict[str, Any]:
    """Caption pictures with two run times, and say how far they agree."""
    manifest = read_manifest(checkpoint)
    beam = BeamSettings(**manifest.beam)
    found: dict[str, Evaluated] = {}
    for name, runtime in runtimes.items():
        captioner = CheckpointCaptioner(name, checkpoint, manifest, runtime, beam)
        with tqdm(total=len(pictures), desc=name) as bar:
            found[name] = caption_pictures(
                captioner, pictures, progress=lambda done, bar=bar: bar.update(done - bar.n)
            )
    pairs = list(zip(*(own.captions for own in found.values()), strict=True))
    same = [(a, b) for a, b in pairs if a.text == b.text]
    return {
        "pictures": len(pairs),
        "identical": round(len(same) / len(pairs), 4),
        "largest_score_difference": max((abs(a.score - b.score) for a, b in same), default=None),
        "cider_d": {
            name: round(score_corpus(own.found, own.references).cider_d, 4)
            for name, own in found.items()
        },
    }


if __name__ == "__main__":
    sys.exit(main())
