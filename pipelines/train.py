"""Train a captioner from a YAML configuration and write its checkpoint.

    python pipelines/train.py configs/show-attend-tell.yaml \
        --images flickr8k/images --captions flickr8k/captions.json --run runs/show-attend-tell

Features of the frozen encoder are computed first and kept in the run folder's ``features`` (or
``--features``); a stopped run goes on where it was when the same command is given again.  The
checkpoint is written to ``--output`` when the last epoch is done.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from vidcap.captioning.beam import BeamSettings
from vidcap.captioning.checkpoint import Manifest, checkpoint_hash, write_checkpoint
from vidcap.captioning.vocabulary import Vocabulary
from vidcap.errors import VidcapError
from vidcap.text.tokens import tokenize
from vidcap.training.config import TrainingConfig, load_config
from vidcap.training.data import CaptionedPicture, load_captions
from vidcap.training.encoding import (
    encode_with,
    encoder_hash,
    feature_shape,
    pretrained_encoder,
)
from vidcap.training.features import Features, cached_features
from vidcap.training.loop import Run, TrainingData


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", type=Path, help="YAML file; keys: vidcap/training/config.py")
    parser.add_argument("--images", type=Path, required=True, help="folder of pictures")
    parser.add_argument("--captions", type=Path, required=True, help="JSON file of captions")
    parser.add_argument("--run", type=Path, required=True, help="folder of this run, resumable")
    parser.add_argument("--features", type=Path, help="folder of encoder features [RUN/features]")
    parser.add_argument("--output", type=Path, help="checkpoint to write [RUN/NAME.safetensors]")
    parser.add_argument("--encoder-weights", type=Path, help="file of ImageNet weights")
    parser.add_argument("--train-split", default="train", help="[%(default)s]")
    parser.add_argument("--choice-split", default="val", help="[%(default)s]")
    parser.add_argument("--device", default="cpu", help="cpu or cuda [%(default)s]")
    parser.add_argument("--threads", type=int, default=0, help="processor threads [all]")
    return parser.parse_args()


def main() -> int:
    """Run the training; the exit code is the error's, as for the command."""
    arguments = _arguments()
    try:
        path = train(arguments)
    except VidcapError as error:
        print(f"train: {error}", file=sys.stderr)
        return error.exit_code
    print(json.dumps({"checkpoint": str(path), "sha256": checkpoint_hash(path)}))
    return 0


def train(arguments: argparse.Namespace) -> Path:
    """Train as the arguments say and return the checkpoint's path."""
    config = load_config(arguments.config)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    pictures = load_captions(arguments.images, arguments.captions, split=arguments.train_split)
    choice = load_captions(arguments.images, arguments.captions, split=arguments.choice_split)
    encoder = pretrained_encoder(config.encoder, arguments.encoder_weights)
    folder = arguments.features or arguments.run / "features"
    size = config.picture_size
    settings = {
        "encode": encode_with(encoder, size, device=arguments.device, threads=arguments.threads),
        "encoder_hash": encoder_hash(encoder),
        "shape": feature_shape(encoder, size),
        "picture_size": size,
        "seed": config.seed,
        "folder": folder,
    }

    def features(own: list[CaptionedPicture], number: int, name: str) -> Features:
        with tqdm(total=len(own), desc=f"features {name} view {number}") as bar:

            def progress(done: int, _: int) -> None:
                bar.update(done - bar.n)

            return cached_features(own, view_number=number, progress=progress, **settings)

    vocabulary = Vocabulary.from_sentences(
        (tokenize(sentence) for picture in pictures for sentence in picture.sentences),
        minimum_count=config.minimum_count,
    )
    chosen = choice[: config.choice_pictures]
    data = TrainingData(
        pictures,
        [features(pictures, number, "train") for number in range(config.views)],
        chosen,
        features(choice, 0, "choice")[: len(chosen)],
        vocabulary,
    )
    run = Run(
        arguments.run,
        config,
        data,
        device=arguments.device,
        report=lambda line: print(line, file=sys.stderr, flush=True),
    )
    run.train()
    return _write(arguments, config, run, vocabulary, encoder, data)


def _write(
    arguments: argparse.Namespace,
    config: TrainingConfig,
    run: Run,
    vocabulary: Vocabulary,
    encoder: Any,
    data: TrainingData,
) -> Path:
    weights = {f"encoder.{name}": tensor for name, tensor in encoder.cpu().state_dict().items()}
    weights |= {f"decoder.{name}": tensor for name, tensor in run.best_decoder().items()}
    manifest = Manifest(
        encoder=config.encoder,
        decoder=config.decoder,
        decoder_config=asdict(run.decoder.config),
        vocabulary=tuple(vocabulary.to_list()),
        picture_size=config.picture_size,
        beam=asdict(BeamSettings(**config.beam)),
        training={
            "config": config.to_dict(),
            "pictures": len(data.train),
            "choice_pictures": len(data.choice),
            "history": run.history,
        },
        versions={"torch": torch.__version__, "python": platform.python_version()},
    )
    path: Path = arguments.output or arguments.run / f"{config.name}.safetensors"
    write_checkpoint(path, manifest, weights)
    return path


if __name__ == "__main__":
    sys.exit(main())
