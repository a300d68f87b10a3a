"""Torch as a run time: the GPU's, and the reference that the CPU's graphs are held to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vidcap.captioning.decoding.beam_search import Step
from vidcap.captioning.decoding.rescoring import Likelihoods, score_parallel, score_sequential
from vidcap.captioning.networks.model import CaptionModel
from vidcap.captioning.runtimes.base import Prepared, filled
from vidcap.captioning.runtimes.recorded import RecordedStep


def torch_step(decoder: Any, prepared: Sequence[Tensor]) -> Step:
    """Return a step over what ``decoder.prepare`` gave; the state stays on its device."""
    kept = decoder.memory_count
    memory = prepared[:kept]
    state = tuple(prepared[kept : kept + decoder.state_count])
    device = memory[0].device

    def step(words: NDArray[Any], rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        nonlocal state
        with torch.inference_mode():
            origin = torch.from_numpy(rows).to(device)
            logs, *moved, weights = decoder.step(
                torch.from_numpy(words).to(device),
                *memory,
                *(part.index_select(0, origin) for part in state),
            )
            state = tuple(moved)
            return logs.float().cpu().numpy(), weights.float().cpu().numpy()

    return step


class TorchRuntime:
    """Runs a model on the device it is moved to; on CUDA in float16 with channels last.

    Batches that are not full are filled up on CUDA, so that shapes never change: cuDNN chooses its
    kernels once, and steps are recorded.  The CUDA path is written for real and has not been run on
    a GPU yet.
    """

    def __init__(self, model: CaptionModel, *, device: str, group: int, threads: int = 0) -> None:
        self.name = f"torch {torch.__version__} {device}"
        self.group = group
        self._device = torch.device(device)
        self._half = self._device.type == "cuda"
        if threads:
            torch.set_num_threads(threads)
        self._model = model.eval().to(self._device)
        if self._half:
            self._model.encoder.to(memory_format=torch.channels_last)
            torch.backends.cudnn.benchmark = True
        self._recorded: dict[tuple[int, int], RecordedStep] = {}

    def encode(self, pictures: Iterable[NDArray[np.uint8]]) -> Iterator[Prepared]:
        """Encode pictures in batches of ``group``; on CUDA copies overlap the computing."""
        waiting = iter(pictures)
        while batch := list(islice(waiting, self.group)):
            full = filled(batch, self.group) if self._half else batch
            stacked = torch.from_numpy(np.stack(full))
            if self._half:
                stacked = stacked.pin_memory().to(self._device, non_blocking=True)
            with (
                torch.inference_mode(),
                torch.autocast("cuda", torch.float16, enabled=self._half),
            ):
                prepared = self._model(stacked)
            arrays = [part.float().cpu().numpy() for part in prepared]
            for index in range(len(batch)):
                yield tuple(array[index] for array in arrays)

    def steps(self, prepared: Sequence[Prepared], *, beams: int) -> Step:
        """Begin to decode encoded pictures together; any number of rows will do."""
        decoder, stacked = self._model.decoder, self._stacked(prepared)
        if not self._half:
            return torch_step(decoder, stacked)
        shape = len(prepared), beams
        if shape not in self._recorded:
            self._recorded[shape] = RecordedStep(decoder, stacked, beams=beams)
        return self._recorded[shape].begin(stacked)

    def likelihoods(
        self, prepared: Sequence[Prepared], sentences: Sequence[Sequence[int]]
    ) -> Likelihoods:
        """Return what each sentence is worth on each picture."""
        decoder = self._model.decoder
        if not decoder.reads_whole:
            step = self.steps(prepared, beams=len(sentences))
            return score_sequential(step, sentences, group=len(prepared))
        memory = self._stacked(prepared)[: decoder.memory_count]

        def score(*tree: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
            with torch.inference_mode():
                given = [torch.from_numpy(part).to(self._device) for part in tree]
                logs, looks = decoder.score(*given, *memory)
                return logs.float().cpu().numpy(), looks.float().cpu().numpy()

        return score_parallel(score, sentences)

    def _stacked(self, prepared: Sequence[Prepared]) -> list[Tensor]:
        return [
            torch.from_numpy(np.stack(parts)).to(self._device)
            for parts in zip(*prepared, strict=True)
        ]
