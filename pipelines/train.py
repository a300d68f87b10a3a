"""Train a captioner from a YAML configuration and write its checkpoint.

    python pipelines/train.py configs/show-attend-tell.yaml \
        --images flickr8k/images --captions flickr8k/captions.json --run runs/show-attend-tell

The stages of the configuration are done one after the other.  Features of the encoder's frozen part
are computed first and kept in the run folder's ``features`` (or ``--features``, which several runs
may share); a stopped run goes on where it was when the same command is given again.  The checkpoint
is written to ``--output`` when the last stage is done.

On several GPUs: ``torchrun --nproc-per-node=GPUS pipelines/train.py ... --device cuda``.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch
from tqdm import tqdm

from pipelines.training import distributed
from pipelines.training.config import load_config
from pipelines.training.data import read_dataset
from pipelines.training.encoding import packaged_classifier, pretrained_encoder
from pipelines.training.options import add_training_options
from pipelines.training.pipeline import train
from vidcap.captioning.checkpoint import checkpoint_hash, write_checkpoint
from vidcap.errors import VidcapError


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", type=Path, help="YAML file; keys: pipelines/training/config.py")
    add_training_options(parser)
    parser.add_argument("--output", type=Path, help="checkpoint to write [RUN/NAME.safetensors]")
    parser.add_argument("--encoder-weights", type=Path, help="file of ImageNet weights")
    parser.add_argument("--start", type=Path, help="finished checkpoint that goes on learning")
    parser.add_argument(
        "--text", type=Path, action="append", default=[], help="sentences alone; may be repeated"
    )
    parser.add_argument("--device", default="cpu", help="cpu or cuda [%(default)s]")
    return parser.parse_args()


class _Speaker:
    """Progress bars and lines on stderr; only the first of several processes speaks."""

    def __init__(self, silent: bool) -> None:
        self._silent = silent
        self._bar: tqdm | None = None

    def progress(self, what: str, done: int, total: int) -> None:
        if self._bar is None or self._bar.desc != f"{what}: ":
            self._bar = tqdm(total=total, desc=what, disable=self._silent)
        self._bar.update(done - self._bar.n)
        if done == total:
            self._bar.close()
            self._bar = None

    def report(self, line: str) -> None:
        if not self._silent:
            print(line, file=sys.stderr, flush=True)


def main() -> int:
    """Run the training; the exit code is the error's, as for the command."""
    arguments = _arguments()
    try:
        path = run(arguments)
    except VidcapError as error:
        print(f"train: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(
            f"train: interrupted; the same command goes on from the last epoch in {arguments.run}",
            file=sys.stderr,
        )
        return 130
    if path is not None:
        print(json.dumps({"checkpoint": str(path), "sha256": checkpoint_hash(path)}))
    return 0


def run(arguments: argparse.Namespace) -> Path | None:
    """Train as the arguments say and return the checkpoint's path, in the first process only."""
    config = load_config(arguments.config)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    part = distributed.start(arguments.device)
    speaker = _Speaker(silent=part[0] > 0)
    data, choice = (
        read_dataset(arguments.images, arguments.captions, split=split)
        for split in (arguments.train_split, arguments.choice_split)
    )
    if data.splits_from == "draw":
        speaker.report(
            "train: the data set has no splits of its own; these were drawn from the pictures' "
            "names"
        )
    reads_things = bool(config.decoder_config.get("things"))
    trained = train(
        config,
        pretrained_encoder(config.encoder, arguments.encoder_weights),
        data.pictures,
        choice.pictures,
        arguments.run,
        features=arguments.features,
        teachers=dict(arguments.teacher),
        device=arguments.device,
        threads=arguments.threads,
        report=speaker.report,
        progress=speaker.progress,
        part=part,
        start=arguments.start,
        text=arguments.text,
        classifier=packaged_classifier(config.encoder) if reads_things else None,
    )
    if part[0]:
        return None
    path: Path = arguments.output or arguments.run / f"{config.name}.safetensors"
    write_checkpoint(path, trained.manifest, trained.weights)
    return path


if __name__ == "__main__":
    sys.exit(main())
