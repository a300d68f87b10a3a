"""Make one captioner of several that share an encoder: an ensemble in one checkpoint.

    python pipelines/combine.py runs/sat/show-attend-tell.safetensors \
        runs/transformer/transformer.safetensors --output default.safetensors

The members must have the same encoder, weights and all, and the same vocabulary.  Search settings
are the first member's.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from vidcap.captioning.checkpoint import (
    Manifest,
    checkpoint_hash,
    read_manifest,
    read_weights,
    write_checkpoint,
)
from vidcap.errors import DataError, VidcapError


def main() -> int:
    """Write the ensemble; the exit code is the error's."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoints", type=Path, nargs="+")
    parser.add_argument("--output", type=Path, required=True, help="checkpoint to write")
    arguments = parser.parse_args()
    try:
        manifest, weights = combine(arguments.checkpoints)
        write_checkpoint(arguments.output, manifest, weights)
    except VidcapError as error:
        print(f"combine: {error}", file=sys.stderr)
        return error.exit_code
    digest = checkpoint_hash(arguments.output)
    print(json.dumps({"checkpoint": str(arguments.output), "sha256": digest}))
    return 0


def combine(paths: list[Path]) -> tuple[Manifest, dict[str, torch.Tensor]]:
    """Return header and tensors of the ensemble of some checkpoints.

    Raises:
        DataError: they do not share encoder, vocabulary and picture size.
        ModelError: one of them cannot be read.
    """
    manifests = [read_manifest(path) for path in paths]
    first, weights = manifests[0], read_weights(paths[0])
    encoder = {name: t for name, t in weights.items() if name.startswith("encoder.")}
    combined = dict(encoder)
    members: list[dict[str, Any]] = []
    for number, (path, manifest) in enumerate(zip(paths, manifests, strict=True)):
        own = read_weights(path)
        for what in ("encoder", "vocabulary", "picture_size"):
            if getattr(manifest, what) != getattr(first, what):
                raise DataError(f"{path}: its {what} is not that of {paths[0]}")
        if any(not torch.equal(tensor, own[name]) for name, tensor in encoder.items()):
            raise DataError(f"{path}: its encoder's weights are not those of {paths[0]}")
        for name, tensor in own.items():
            if name.startswith("decoder."):
                combined[f"decoder.members.{number}.{name.removeprefix('decoder.')}"] = tensor
        config = {key: v for key, v in manifest.decoder_config.items() if key != "channels"}
        members.append({"decoder": manifest.decoder, "config": config})
    channels = first.decoder_config["channels"]
    made = replace(
        first,
        decoder="ensemble",
        decoder_config={"channels": channels, "members": members},
        training={"members": [dict(manifest.training) for manifest in manifests]},
    )
    return made, combined


if __name__ == "__main__":
    sys.exit(main())
