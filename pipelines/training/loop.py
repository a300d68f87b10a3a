"""The training loop of one stage; its epoch is chosen by free-running CIDEr-D.

Everything that a stage needs to go on lies in its folder, as safetensors and JSON; one that was
stopped and started again gives the same weights to the bit as one that was not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pipelines.metrics.score import Scores, score_corpus
from pipelines.training import distributed
from pipelines.training.batches import Batch, Mix, batches, encode_captions
from pipelines.training.config import StageConfig, TrainingConfig
from pipelines.training.data import CaptionedPicture
from pipelines.training.features import Features
from pipelines.training.learner import Learner
from pipelines.training.logs import Log
from pipelines.training.objectives import SelfCritical, cross_entropy
from pipelines.training.state import StageFolder, is_finished
from vidcap.captioning.decoding.beam_search import BeamSettings, beam_search
from vidcap.captioning.decoding.constraints import DecodingConstraints
from vidcap.captioning.decoding.vocabulary import Vocabulary
from vidcap.captioning.runtimes.torch import torch_step
from vidcap.errors import DataError
from vidcap.text.tokens import tokenize

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What a stage learns from.

    Attributes:
        train: the training pictures; ``train_views`` holds one array of features a view, as they
            leave the frozen part of the encoder.
        choice: the pictures that choose the epoch, with their features.
        vocabulary: the words.
    """

    train: Sequence[CaptionedPicture]
    train_views: Sequence[Features]
    choice: Sequence[CaptionedPicture]
    choice_features: Features
    vocabulary: Vocabulary


def learning_rate(step: int, steps: int, stage: StageConfig) -> float:
    """Return the share of the peak rate at a step, counted from 0: linear warm-up, then a cosine.

    The warm-up ends at 1, the cosine at a hundredth.
    """
    if step < stage.warmup_steps:
        return (step + 1) / stage.warmup_steps
    done = (step - stage.warmup_steps) / max(1, steps - stage.warmup_steps)
    floor = 0.01
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * done))


def free_running(
    learner: Learner,
    features: Features,
    vocabulary: Vocabulary,
    settings: BeamSettings,
    *,
    device: torch.device,
    group: int = 50,
) -> list[list[str]]:
    """Decode a sentence for every row of features, with no look at any human caption."""
    sentences: list[list[str]] = []
    wording = DecodingConstraints.of(vocabulary, once=settings.once)
    with torch.inference_mode():
        for start in range(0, len(features), group):
            part = torch.from_numpy(np.array(features[start : start + group], dtype=np.float32))
            prepared = learner.decoder.prepare(learner.tail(part.to(device)))
            step = torch_step(learner.decoder, prepared)
            for found in beam_search(step, pictures=len(part), settings=settings, wording=wording):
                sentences.append(vocabulary.decode(found[0].words))
    return sentences


class Run:
    """One stage in one folder, resumable.

    Args:
        folder: where state, best epoch and logs are kept (:class:`StageFolder`, :class:`Log`).
        config: the whole training's settings.
        stage: this stage's.
        data: pictures and features.
        learner: what learns; it is changed in place, and holds the best epoch's averaged weights
            after :meth:`train`.
        teachers: whose distributions are learnt as well (:attr:`StageConfig.teachers`).
        device: ``cpu`` or ``cuda``.
        report: is told how it goes.
        part: this process's number and how many share the work
            (:mod:`pipelines.training.distributed`).
        mix: makes the batches (:mod:`pipelines.training.batch_augmentation`); pictures alone
            without it.

    Raises:
        DataError: the folder holds a stage with other settings, or the pictures do not fill a
            batch.
    """

    def __init__(
        self,
        folder: Path,
        config: TrainingConfig,
        stage: StageConfig,
        data: TrainingData,
        learner: Learner,
        *,
        teachers: Sequence[Learner] = (),
        device: str = "cpu",
        report: Report = print,
        part: tuple[int, int] = (0, 1),
        mix: Mix | None = None,
    ) -> None:
        self._mix = mix
        self.config = config
        self.stage = stage
        self.data = data
        self.device = torch.device(device)
        self.report = report
        self.learner = learner.to(self.device)
        self._teachers = [teacher.to(self.device).eval() for teacher in teachers]
        self._part = part
        place = config.stages.index(stage)
        self._seed = config.seed * 1000 + place  # another order of pictures in every stage
        torch.manual_seed(self._seed)
        self._weights = learner.learning()
        self.average = {name: weight.detach().clone() for name, weight in self._weights.items()}
        self.optimiser = self._optimiser()
        self.captions = encode_captions(data.train, data.vocabulary, config.max_words)
        self.references = [[tokenize(s) for s in picture.sentences] for picture in data.choice]
        self.steps_an_epoch = len(data.train) // stage.batch_pictures
        if not self.steps_an_epoch or stage.batch_pictures < part[1]:
            raise DataError(
                f"batch_pictures: {stage.batch_pictures} is more than the {len(data.train)} "
                f"training pictures, or fewer than the {part[1]} processes"
            )
        self._self_critical = (
            SelfCritical(
                [[tokenize(s) for s in picture.sentences] for picture in data.train],
                self.captions,
                data.vocabulary,
                stage,
                config.max_words,
            )
            if stage.objective == "self-critical"
            else None
        )
        self.epoch = 0
        self.best = -math.inf
        self.history: list[dict[str, Any]] = []
        self.folder = StageFolder(folder, config, stage)
        self._resume()

    def train(self) -> None:
        """Train the epochs that are not done yet, then take the best one's weights."""
        log = Log(self.folder.path) if self._part[0] == 0 else None
        while not is_finished(self.history, self.stage):
            started = time.monotonic()
            loss, learned = self._train_epoch()
            scores = self.evaluate()
            self.epoch += 1
            row = {
                "epoch": self.epoch,
                "loss": round(loss, 4),
                "reward" if self._self_critical else "words": round(learned, 4),
                "bleu4": round(scores.bleu4, 4),
                "cider_d": round(scores.cider_d, 4),
                "distinct": scores.distinct,
                "seconds": round(time.monotonic() - started),
            }
            self.history.append(row)
            self.report(f"{self.stage.name}: " + ", ".join(f"{k} {v}" for k, v in row.items()))
            if log is not None:
                if scores.cider_d > self.best:
                    self.folder.save_best(self.average)
                self._save()
                log.write(self.history)
            self.best = max(self.best, scores.cider_d)
        distributed.wait()
        for name, tensor in self.folder.load_best().items():
            self._weights[name].data.copy_(tensor)

    def evaluate(self) -> Scores:
        """Score the averaged weights on the choice pictures, free-running."""
        own = {name: weight.detach().clone() for name, weight in self._weights.items()}
        self._take(self.average)
        self.learner.eval()
        found = free_running(
            self.learner,
            self.data.choice_features,
            self.data.vocabulary,
            BeamSettings(**self.config.beam),
            device=self.device,
        )
        self._take(own)
        return score_corpus(found, self.references)

    def _take(self, tensors: dict[str, Tensor]) -> None:
        with torch.no_grad():
            for name, weight in self._weights.items():
                weight.copy_(tensors[name])

    def _optimiser(self) -> torch.optim.Optimizer:
        stage = self.stage
        groups = []
        for prefix, peak in (
            ("decoder.", stage.learning_rate),
            ("tail.", stage.encoder_learning_rate),
        ):
            own = [weight for name, weight in self._weights.items() if name.startswith(prefix)]
            for weights, decay in (
                ([weight for weight in own if weight.ndim > 1], stage.weight_decay),
                ([weight for weight in own if weight.ndim <= 1], 0.0),
            ):
                if weights:
                    groups.append({"params": weights, "weight_decay": decay, "peak": peak})
        return torch.optim.AdamW(groups, lr=stage.learning_rate, betas=(0.9, 0.98))

    def _train_epoch(self) -> tuple[float, float]:
        """Return the mean loss, and the mean cross-entropy a word or reward a sentence."""
        self.learner.train()
        steps = self.steps_an_epoch * self.stage.epochs
        step = self.epoch * self.steps_an_epoch
        sums = torch.zeros(2, device=self.device)
        for number, (batch, pictures) in enumerate(
            batches(
                self.data.train_views,
                self.captions,
                size=self.stage.batch_pictures,
                seed=self._seed,
                epoch=self.epoch,
                part=self._part,
                mix=self._mix,
            )
        ):
            rate = learning_rate(step, steps, self.stage)
            for group in self.optimiser.param_groups:
                group["lr"] = group["peak"] * rate
            loss, learned = self._step(batch.to(self.device), pictures)
            self._move_average(step)
            step += 1
            sums += torch.stack([loss, learned])
            if (number + 1) % 20 == 0:
                mean = (sums / (number + 1)).tolist()
                self.report(
                    f"{self.stage.name}: epoch {self.epoch + 1} of {self.stage.epochs}, "
                    f"step {number + 1} of {self.steps_an_epoch}, "
                    f"loss {mean[0]:.3f}, {'reward' if self._self_critical else 'words'} "
                    f"{mean[1]:.3f}"
                )
        mean = (distributed.total(sums) / self.steps_an_epoch / self._part[1]).tolist()
        return mean[0], mean[1]

    def _step(self, batch: Batch, pictures: list[int]) -> tuple[Tensor, Tensor]:
        words = batch.lengths.sum()
        share = float(words * self._part[1] / distributed.total(words))
        self.optimiser.zero_grad(set_to_none=True)
        with torch.autocast(
            self.device.type, torch.bfloat16, enabled=self.config.precision == "bfloat16"
        ):
            if self._self_critical is None:
                loss, learned = cross_entropy(
                    self.learner, batch, self.stage, share=share, teachers=self._teachers
                )
            else:
                loss, learned = self._self_critical(self.learner, batch.features, pictures)
        loss.backward()  # type: ignore[no-untyped-call]
        distributed.average_gradients(self._weights.values())
        nn.utils.clip_grad_norm_(self._weights.values(), self.stage.clip)
        self.optimiser.step()
        return loss.detach(), learned.to(self.device)

    def _move_average(self, step: int) -> None:
        decay = self.stage.ema
        if self.config.stages.index(self.stage) == 0:
            # A young average would remember the random start: its decay grows with the steps.
            decay = min(decay, (1 + step) / (10 + step)) if decay else 0.0
        with torch.no_grad():
            for name, weight in self._weights.items():
                self.average[name].lerp_(weight, 1.0 - decay)

    def _save(self) -> None:
        tensors: dict[str, Tensor] = {}
        tensors |= {f"own.{name}": weight for name, weight in self._weights.items()}
        tensors |= {f"average.{name}": t for name, t in self.average.items()}
        tensors |= {f"buffer.{name}": t for name, t in self.learner.decoder.named_buffers()}
        for index, moments in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{index}.{name}": t for name, t in moments.items()}
        tensors["random.cpu"] = torch.get_rng_state()
        if self.device.type == "cuda":
            tensors["random.cuda"] = torch.cuda.get_rng_state(self.device)
        self.folder.save(tensors, self.history)

    def _resume(self) -> None:
        self.history = self.folder.history()
        if not self.history:
            return
        tensors = self.folder.load()
        self.epoch = len(self.history)
        self.best = max(row["cider_d"] for row in self.history)

        def part(prefix: str) -> dict[str, Tensor]:
            return {
                name.removeprefix(prefix): tensor.to(self.device)
                for name, tensor in tensors.items()
                if name.startswith(prefix)
            }

        self._take(part("own."))
        for name, tensor in part("buffer.").items():
            self.learner.decoder.get_buffer(name).copy_(tensor)
        self.average = part("average.")
        state = self.optimiser.state_dict()
        state["state"] = {}
        for name, tensor in tensors.items():
            if name.startswith("optimiser."):
                _, index, moment = name.split(".")
                state["state"].setdefault(int(index), {})[moment] = tensor
        self.optimiser.load_state_dict(state)
        torch.set_rng_state(tensors["random.cpu"])
        if "random.cuda" in tensors and self.device.type == "cuda":
            torch.cuda.set_rng_state(tensors["random.cuda"], self.device)
        self.report(f"{self.folder.path}: going on after epoch {self.epoch}")
