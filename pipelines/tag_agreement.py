"""Measure how often a checkpoint's encoder agrees with ImageNet's classifier.

    python pipelines/tag_agreement.py --images flickr8k/images --captions flickr8k/captions.json

Training moves the end of the encoder.  The classifier that the encoder came with is put on it
again, and on the encoder as it was, and both name the same pictures.  Tags are worth keeping while
the first names agree for 0.95 of them.  Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import sys

import numpy as np
import torch
from numpy.typing import NDArray
from options import add_captioner_options, add_picture_options
from torch import Tensor
from tqdm import tqdm

from pipelines.metrics.bootstrap import bootstrap_interval
from pipelines.training.data import load_captions
from pipelines.training.encoding import packaged_classifier, pretrained_encoder
from vidcap.captioning.networks.encoders import Encoder
from vidcap.captioning.networks.model import load_model
from vidcap.captioning.registry import checkpoint_path
from vidcap.errors import VidcapError
from vidcap.video.image import read_picture, resize_stretch

_LEAST = 0.95


def main() -> int:
    """Compare the names and print how often they agree; the exit code is the error's."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_picture_options(parser)
    parser.add_argument("--pictures", type=int, default=300, help="how many [%(default)s]")
    add_captioner_options(parser)
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    try:
        print(json.dumps(_compared(arguments), indent=2))
    except VidcapError as error:
        print(f"tag_agreement: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _compared(arguments: argparse.Namespace) -> dict[str, object]:
    model, manifest = load_model(checkpoint_path(arguments.captioner))
    untouched = pretrained_encoder(manifest.encoder)
    weight, bias = packaged_classifier(manifest.encoder)
    paths = [
        picture.path
        for picture in load_captions(arguments.images, arguments.captions, split=arguments.split)
    ]
    chosen = np.random.default_rng(0).permutation(len(paths))[: arguments.pictures]
    size = (manifest.picture_size, manifest.picture_size)
    first, same_of_five = [], []
    for index in tqdm(chosen, desc="naming"):
        picture = resize_stretch(read_picture(paths[index]), size)
        now = _names(model.encoder, picture, weight, bias)
        before = _names(untouched, picture, weight, bias)
        first.append(float(now[0] == before[0]))
        same_of_five.append(float(before[0] in now))
    low, high = bootstrap_interval(first, seed=0)
    return {
        "captioner": arguments.captioner,
        "encoder": manifest.encoder,
        "pictures": len(first),
        "top-1 agreement": round(float(np.mean(first)), 4),
        "interval": [round(low, 4), round(high, 4)],
        "first name among the five": round(float(np.mean(same_of_five)), 4),
        "least for tags": _LEAST,
        "tags": bool(np.mean(first) >= _LEAST),
    }


def _names(encoder: Encoder, picture: NDArray[np.uint8], weight: Tensor, bias: Tensor) -> list[int]:
    """Return the five likeliest classes of a picture, likeliest first."""
    with torch.inference_mode():
        pooled = encoder(torch.from_numpy(picture)[None]).float().mean(dim=1)
        return torch.topk((pooled @ weight.T + bias)[0], 5).indices.tolist()


if __name__ == "__main__":
    sys.exit(main())
