"""Make the graph files that run a checkpoint without torch, and hold the two together.

    python pipelines/export.py vidcap/captioning/models/show-attend-tell.safetensors

The graphs are written beside the checkpoint (or to ``--output``).  With captioned pictures
(``--images``, ``--captions``, ``--split``) every one is captioned by torch and by the graphs, and
the share of identical captions, the largest difference of scores and both CIDEr-Ds are printed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from vidcap.captioning.beam import BeamSettings
from vidcap.captioning.captioner import CheckpointCaptioner
from vidcap.captioning.checkpoint import read_manifest
from vidcap.captioning.graphs import GraphFiles, build_graphs
from vidcap.captioning.model import load_model
from vidcap.captioning.openvino_runtime import OpenVinoRuntime
from vidcap.captioning.runtime import Runtime
from vidcap.captioning.torch_runtime import TorchRuntime
from vidcap.errors import VidcapError
from vidcap.text.metrics import score_corpus
from vidcap.training.data import CaptionedPicture, load_captions
from vidcap.training.evaluation import Evaluated, caption_pictures


def main() -> int:
    """Write the graphs and print what was written, and how they compare, as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--output", type=Path, help="folder of the graphs [the checkpoint's]")
    parser.add_argument("--images", type=Path, help="folder of pictures to compare on")
    parser.add_argument("--captions", type=Path, help="JSON file of their captions")
    parser.add_argument("--split", help="part of the data set [all]")
    parser.add_argument("--limit", type=int, help="compare on so many pictures [all]")
    arguments = parser.parse_args()
    try:
        print(json.dumps(export(arguments)))
    except VidcapError as error:
        print(f"export: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def export(arguments: argparse.Namespace) -> dict[str, Any]:
    """Build the graphs and, when pictures are given, compare them with torch."""
    checkpoint: Path = arguments.checkpoint
    files = build_graphs(checkpoint, arguments.output or checkpoint.parent)
    result: dict[str, Any] = {
        "graphs": [str(files.encode), str(files.step)],
        "bytes": sum(
            file.stat().st_size
            for path in (files.encode, files.step)
            for file in (path, path.with_suffix(".bin"))
        ),
    }
    if arguments.images and arguments.captions:
        pictures = load_captions(arguments.images, arguments.captions, split=arguments.split)
        result |= compare(checkpoint, files, pictures[: arguments.limit])
    return result


def compare(
    checkpoint: Path, files: GraphFiles, pictures: Sequence[CaptionedPicture]
) -> dict[str, Any]:
    """Caption pictures with torch and with the graphs, and say how far they agree."""
    manifest = read_manifest(checkpoint)
    beam = BeamSettings(**manifest.beam)
    model, _ = load_model(checkpoint)
    runtimes: dict[str, Runtime] = {
        "torch": TorchRuntime(model, device="cpu", group=16),
        "graphs": OpenVinoRuntime(
            files, picture_size=manifest.picture_size, group=16, beams=beam.size
        ),
    }
    found: dict[str, Evaluated] = {}
    for name, runtime in runtimes.items():
        captioner = CheckpointCaptioner(name, checkpoint, manifest, runtime, beam)
        with tqdm(total=len(pictures), desc=name) as bar:
            found[name] = caption_pictures(
                captioner, pictures, progress=lambda done, bar=bar: bar.update(done - bar.n)
            )
    pairs = list(zip(found["torch"].captions, found["graphs"].captions, strict=True))
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
