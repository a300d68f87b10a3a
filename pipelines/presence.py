"""Hold a finished captioner back from words that a picture does not ask for.

    python pipelines/presence.py runs/things/things.safetensors --wordnet /usr/share/wordnet \
        --text msrvtt.jsonl --text msvd.jsonl \
        --images flickr8k/images --captions flickr8k/captions.json --output present.safetensors

What people speak of is guessed from the encoder's features, fitted on the training pictures
(pipelines/training/word_prior.py), and from sentences which part words have in noun phrases
(pipelines/training/phrases.py); the decoder's weights stay as they are, save what each word gains
or loses on every picture.  It takes some minutes.  ``export.py`` and ``calibrate.py``
come after it: the calibrations of the source are left out.  Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from pipelines.training.data import load_captions
from pipelines.training.encoding import encode_with, encoder_hash, feature_shape
from pipelines.training.features import cached_features
from pipelines.training.hallucination import WordNet
from pipelines.training.text import read_sentences
from pipelines.training.word_prior import with_presence
from vidcap.captioning.checkpoint import checkpoint_hash, read_weights, write_checkpoint
from vidcap.captioning.networks.model import load_model
from vidcap.errors import VidcapError
from vidcap.text.tokens import tokenize


def main() -> int:
    """Fit presence; the exit code is the error's, as for the command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path, help="finished captioner that reads things")
    parser.add_argument("--images", type=Path, required=True, help="folder of pictures")
    parser.add_argument("--captions", type=Path, required=True, help="their captions")
    parser.add_argument("--split", default="train", help="[%(default)s]")
    parser.add_argument("--wordnet", type=Path, required=True, help="folder of WordNet's files")
    parser.add_argument(
        "--text",
        type=Path,
        action="append",
        default=[],
        metavar="JSONL",
        help="sentences without pictures that it learnt from; may be given several times",
    )
    parser.add_argument("--output", type=Path, required=True, help="checkpoint to write")
    parser.add_argument("--features", type=Path, help="encoder features [beside the output]")
    parser.add_argument("--views", type=int, default=2, help="of each picture [%(default)s]")
    parser.add_argument("--threads", type=int, default=0, help="processor threads [all]")
    arguments = parser.parse_args()
    try:
        print(json.dumps(fit(arguments)))
    except VidcapError as error:
        print(f"presence: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def fit(arguments: argparse.Namespace) -> dict[str, Any]:
    """Fit presence as the arguments say, and write the checkpoint."""
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    model, manifest = load_model(arguments.checkpoint)
    pictures = load_captions(arguments.images, arguments.captions, split=arguments.split)
    wordnet = WordNet(arguments.wordnet)
    stem = model.encoder.split(0)[0]
    size = manifest.picture_size
    encode = encode_with(stem, size, device="cpu", threads=arguments.threads)
    views = []
    for number in range(arguments.views):
        with tqdm(total=len(pictures), desc=f"features view {number}") as bar:
            views.append(
                cached_features(
                    pictures,
                    encode=encode,
                    encoder_hash=encoder_hash(stem),
                    shape=feature_shape(stem, size),
                    picture_size=size,
                    view_number=number,
                    seed=1,
                    folder=arguments.features or arguments.output.parent / "features",
                    progress=lambda done, _, bar=bar: bar.update(done - bar.n),
                )
            )
    told = [[tokenize(one) for one in picture.sentences] for picture in pictures]
    weights = read_weights(arguments.checkpoint)
    sentences = [one for clip in read_sentences(arguments.text) for one in clip]
    header, changed = with_presence(manifest, weights, told, views, wordnet, sentences)
    write_checkpoint(arguments.output, header, changed)
    return {
        "checkpoint": str(arguments.output),
        "sha256": checkpoint_hash(arguments.output),
        **header.training["presence"],
    }


if __name__ == "__main__":
    sys.exit(main())
