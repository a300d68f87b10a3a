"""The training loop: cross-entropy on frozen features, the epoch chosen by free-running CIDEr-D.

Everything that a run needs to go on lies in its folder, as safetensors and JSON; a run that was
stopped and started again gives the same weights to the bit as one that was not.
"""

from __future__ import annotations

import csv
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from vidcap.captioning.beam import BeamSettings, beam_search
from vidcap.captioning.model import build_decoder
from vidcap.captioning.torch_runtime import torch_step
from vidcap.captioning.vocabulary import Vocabulary
from vidcap.errors import DataError
from vidcap.files import replacing, write_atomically
from vidcap.text.metrics import Scores, score_corpus
from vidcap.text.tokens import tokenize
from vidcap.training.batches import Batch, batches, encode_captions
from vidcap.training.config import TrainingConfig
from vidcap.training.data import CaptionedPicture
from vidcap.training.features import Features

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What a run learns from.

    Attributes:
        train: the training pictures; ``train_views`` holds one array of features a view.
        choice: the pictures that choose the epoch, with their features.
        vocabulary: the words.
    """

    train: Sequence[CaptionedPicture]
    train_views: Sequence[Features]
    choice: Sequence[CaptionedPicture]
    choice_features: Features
    vocabulary: Vocabulary


def learning_rate(step: int, steps: int, config: TrainingConfig) -> float:
    """Return the rate of a step, counted from 0: linear warm-up, then a cosine."""
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    done = (step - config.warmup_steps) / max(1, steps - config.warmup_steps)
    floor = 0.01
    return config.learning_rate * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * done)))


def loss_of(decoder: nn.Module, batch: Batch, config: TrainingConfig) -> tuple[Tensor, Tensor]:
    """Return the training loss of a batch and, inside it, the cross-entropy a word."""
    logits, received = decoder(batch.features, batch.rows, batch.words, batch.lengths)
    words = functional.cross_entropy(logits, batch.targets, label_smoothing=config.label_smoothing)
    spread = ((1.0 - received) ** 2).mean()
    return words + config.doubly_stochastic * spread, words


def free_running(
    decoder: Any,
    features: Features,
    vocabulary: Vocabulary,
    settings: BeamSettings,
    *,
    device: torch.device,
    group: int = 50,
) -> list[list[str]]:
    """Decode a sentence for every row of features, with no look at any human caption."""
    sentences: list[list[str]] = []
    with torch.inference_mode():
        for start in range(0, len(features), group):
            part = torch.from_numpy(np.array(features[start : start + group], dtype=np.float32))
            step = torch_step(decoder, decoder.prepare(part.to(device)))
            for found in beam_search(step, pictures=len(part), settings=settings):
                sentences.append(vocabulary.decode(found[0].words))
    return sentences


class Run:
    """One training in one folder, resumable.

    Files: ``state.safetensors`` and ``state.json`` (to go on), ``best.safetensors`` (the chosen
    epoch's decoder), ``log.csv`` (a line an epoch).
    """

    def __init__(
        self,
        folder: Path,
        config: TrainingConfig,
        data: TrainingData,
        *,
        device: str = "cpu",
        report: Report = print,
    ) -> None:
        self.folder = folder
        self.config = config
        self.data = data
        self.device = torch.device(device)
        self.report = report
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(config.seed)
        channels = data.choice_features.shape[-1]
        self.decoder = build_decoder(
            config.decoder,
            {**config.decoder_config, "channels": channels},
            len(data.vocabulary),
        ).to(self.device)
        self.average = {
            name: tensor.detach().clone() for name, tensor in self.decoder.state_dict().items()
        }
        matrices = [p for p in self.decoder.parameters() if p.ndim > 1]
        others = [p for p in self.decoder.parameters() if p.ndim <= 1]
        self.optimiser = torch.optim.AdamW(
            [
                {"params": matrices, "weight_decay": config.weight_decay},
                {"params": others, "weight_decay": 0.0},
            ],
            lr=config.learning_rate,
            betas=(0.9, 0.98),
        )
        self.captions = encode_captions(data.train, data.vocabulary, config.max_words)
        self.references = [[tokenize(s) for s in picture.sentences] for picture in data.choice]
        self.steps_an_epoch = len(data.train) // config.batch_pictures
        if not self.steps_an_epoch:
            raise DataError(
                f"batch_pictures: {config.batch_pictures} is more than the {len(data.train)} "
                "training pictures"
            )
        self.epoch = 0
        self.best = -math.inf
        self.history: list[dict[str, Any]] = []
        self._resume()

    def train(self) -> None:
        """Train the epochs that are not done yet."""
        while self.epoch < self.config.epochs:
            started = time.monotonic()
            loss = self._train_epoch()
            scores = self.evaluate()
            self.epoch += 1
            row = {
                "epoch": self.epoch,
                "loss": round(loss, 4),
                "bleu4": round(scores.bleu4, 4),
                "cider_d": round(scores.cider_d, 4),
                "distinct": scores.distinct,
                "seconds": round(time.monotonic() - started),
            }
            self.history.append(row)
            self.report(" ".join(f"{name} {value}" for name, value in row.items()))
            if scores.cider_d > self.best:
                self.best = scores.cider_d
                self._save(self.folder / "best.safetensors", self.average)
            self._checkpoint()

    def evaluate(self) -> Scores:
        """Score the averaged weights on the choice pictures, free-running."""
        own = {name: tensor.clone() for name, tensor in self.decoder.state_dict().items()}
        self.decoder.load_state_dict(self.average)
        self.decoder.eval()
        found = free_running(
            self.decoder,
            self.data.choice_features,
            self.data.vocabulary,
            BeamSettings(**self.config.beam),
            device=self.device,
        )
        self.decoder.load_state_dict(own)
        return score_corpus(found, self.references)

    def best_decoder(self) -> dict[str, Tensor]:
        """Return the weights of the chosen epoch."""
        return load_file(self.folder / "best.safetensors")

    def _train_epoch(self) -> float:
        self.decoder.train()
        steps = self.steps_an_epoch * self.config.epochs
        step = self.epoch * self.steps_an_epoch
        total = torch.zeros((), device=self.device)
        for number, batch in enumerate(
            batches(
                self.data.train_views,
                self.captions,
                size=self.config.batch_pictures,
                seed=self.config.seed,
                epoch=self.epoch,
            )
        ):
            for group in self.optimiser.param_groups:
                group["lr"] = learning_rate(step, steps, self.config)
            batch = batch.to(self.device)
            self.optimiser.zero_grad(set_to_none=True)
            with torch.autocast("cuda", torch.bfloat16, enabled=self.device.type == "cuda"):
                loss, words = loss_of(self.decoder, batch, self.config)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.decoder.parameters(), self.config.clip)
            self.optimiser.step()
            self._move_average(step)
            step += 1
            total += words.detach()
            if (number + 1) % 20 == 0:
                self.report(
                    f"epoch {self.epoch + 1} step {number + 1}/{self.steps_an_epoch} "
                    f"loss {total.item() / (number + 1):.3f}"
                )
        return total.item() / self.steps_an_epoch

    def _move_average(self, step: int) -> None:
        # A young average would remember the random start: its decay grows with the steps.
        decay = min(self.config.ema, (1 + step) / (10 + step)) if self.config.ema else 0.0
        with torch.no_grad():
            for name, tensor in self.decoder.state_dict().items():
                self.average[name].lerp_(tensor, 1.0 - decay)

    def _save(self, path: Path, tensors: Mapping[str, Tensor]) -> None:
        with replacing(path) as scratch:
            save_file({name: t.detach().cpu().contiguous() for name, t in tensors.items()}, scratch)

    def _checkpoint(self) -> None:
        tensors = {f"decoder.{name}": t for name, t in self.decoder.state_dict().items()}
        tensors |= {f"average.{name}": t for name, t in self.average.items()}
        for index, moments in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{index}.{name}": t for name, t in moments.items()}
        tensors["random.cpu"] = torch.get_rng_state()
        if self.device.type == "cuda":
            tensors["random.cuda"] = torch.cuda.get_rng_state(self.device)
        # One file is replaced after the other: the mark names the epoch both must be of.
        tensors["epoch"] = torch.tensor(self.epoch)
        self._save(self.folder / "state.safetensors", tensors)
        write_atomically(
            self.folder / "state.json",
            json.dumps(
                {
                    "config": self.config.to_dict(),
                    "best": self.best,
                    "history": self.history,
                },
                indent=1,
            ),
        )
        with replacing(self.folder / "log.csv") as scratch, scratch.open("w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(self.history[0]))
            writer.writeheader()
            writer.writerows(self.history)

    def _resume(self) -> None:
        mark, data = self.folder / "state.json", self.folder / "state.safetensors"
        if not (mark.exists() and data.exists()):
            return
        saved = json.loads(mark.read_text(encoding="utf-8"))
        if saved["config"] != json.loads(json.dumps(self.config.to_dict())):
            raise DataError(
                f"{self.folder}: holds a run with other settings; choose another folder "
                "with --run, or remove this one to start again"
            )
        tensors = load_file(data)
        self.epoch = int(tensors["epoch"])
        self.history = saved["history"][: self.epoch]
        self.best = max(row["cider_d"] for row in self.history)

        def part(prefix: str) -> dict[str, Tensor]:
            return {
                name.removeprefix(prefix): tensor.to(self.device)
                for name, tensor in tensors.items()
                if name.startswith(prefix)
            }

        self.decoder.load_state_dict(part("decoder."))
        self.average = part("average.")
        state = self.optimiser.state_dict()
        state["state"] = {}
        for name, tensor in tensors.items():
            if name.startswith("optimiser."):
                _, index, moment = name.split(".")
                state["state"].setdefault(int(index), {})[moment] = tensor
        self.optimiser.load_state_dict(state)
        torch.set_rng_state(tensors["random.cpu"])
        if "random.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random.cuda"], self.device)
        self.report(f"{self.folder}: going on after epoch {self.epoch}")
