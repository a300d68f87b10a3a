"""Make the graph files that run a checkpoint without torch, and hold the two together.

    python pipelines/export.py vidcap/captioning/models/show-attend-tell.safetensors

The graphs are written beside the checkpoint (or to ``--output``).  With ``--images`` every picture
of the folder is captioned by torch and by the graphs, and the share of identical captions and the
largest difference of their scores are printed as JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from vidcap.captioning.beam import BeamSettings
from vidcap.captioning.captioner import CheckpointCaptioner
from vidcap.captioning.checkpoint import read_manifest
from vidcap.captioning.graphs import build_graphs
from vidcap.captioning.model import load_model
from vidcap.captioning.openvino_runtime import OpenVinoRuntime
from vidcap.captioning.runtime import Runtime
from vidcap.captioning.torch_runtime import TorchRuntime
from vidcap.errors import VidcapError
from vidcap.video.picture import read_picture, squash


def main() -> int:
    """Write the graphs and print what was written, and how they compare, as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--output", type=Path, help="folder of the graphs [the checkpoint's]")
    parser.add_argument("--images", type=Path, help="folder of JPEG pictures to compare on")
    parser.add_argument("--limit", type=int, default=1000, help="pictures at most [%(default)s]")
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
    if not arguments.images:
        return result
    manifest = read_manifest(checkpoint)
    beam = BeamSettings(**manifest.beam)
    model, _ = load_model(checkpoint)
    runtimes: list[Runtime] = [
        TorchRuntime(model, device="cpu", group=16),
        OpenVinoRuntime(files, picture_size=manifest.picture_size, group=16, beams=beam.size),
    ]
    paths = sorted(arguments.images.glob("*.jpg"))[: arguments.limit]
    side = (manifest.picture_size, manifest.picture_size)
    captions = []
    for runtime in runtimes:
        captioner = CheckpointCaptioner("export", checkpoint, manifest, runtime, beam)
        captions.append(captioner.caption([squash(read_picture(path), side) for path in paths]))
    same = [a.text == b.text for a, b in zip(*captions, strict=True)]
    result["pictures"] = len(paths)
    result["identical"] = round(sum(same) / len(same), 4)
    result["largest_score_difference"] = max(
        abs(a.score - b.score)
        for (a, b), equal in zip(zip(*captions, strict=True), same, strict=True)
        if equal
    )
    return result


if __name__ == "__main__":
    sys.exit(main())
