"""Torch as a run time: for CUDA, and the reference that the CPU's graphs are held to."""

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
from vidcap.captioning.runtimes.base import EncodedImage, filled, stacked


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
    """Runs a model on a device; what CUDA runs is what the CPU runs, the encoder under autocast.

    Batches that are not full are filled up: shapes never change, so that the numbers for a picture
    do not depend on the company it comes in.

    Args:
        model: what is run; it is moved to the device.
        device: ``cpu`` or ``cuda``.
        group: pictures encoded and decoded together.
        threads: processor threads; 0 leaves it to torch.
    """

    def __init__(self, model: CaptionModel, *, device: str, group: int, threads: int = 0) -> None:
        self.name = f"torch {torch.__version__} {device}"
        self.group = group
        self._device = torch.device(device)
        if threads:
            torch.set_num_threads(threads)
        self._model = model.eval().to(self._device)

    def encode(self, pictures: Iterable[NDArray[np.uint8]]) -> Iterator[EncodedImage]:
        """Encode pictures in batches of ``group``."""
        waiting, kind = iter(pictures), self._device.type
        decoder = self._model.decoder
        while batch := list(islice(waiting, self.group)):
            batched = torch.from_numpy(np.stack(filled(batch, self.group))).to(self._device)
            with torch.inference_mode(), torch.autocast(kind, enabled=kind == "cuda"):
                prepared = self._model(batched)
            arrays = [part.float().cpu().numpy() for part in prepared]
            for index in range(len(batch)):
                outputs = [array[index] for array in arrays]
                yield EncodedImage.from_outputs(outputs, decoder.memory_count, decoder.state_count)

    def steps(self, images: Sequence[EncodedImage], *, beams: int) -> Step:
        """Begin to decode encoded pictures together; any number of rows will do."""
        return torch_step(self._model.decoder, self._stacked((*i.memory, *i.state) for i in images))

    def likelihoods(
        self, images: Sequence[EncodedImage], sentences: Sequence[Sequence[int]]
    ) -> Likelihoods:
        """Return what each sentence is worth on each picture."""
        decoder = self._model.decoder
        if not decoder.reads_whole:
            step = self.steps(images, beams=len(sentences))
            return score_sequential(step, sentences, group=len(images))
        memory = self._stacked(image.memory for image in images)

        def score(*tree: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
            with torch.inference_mode():
                given = [torch.from_numpy(part).to(self._device) for part in tree]
                logs, looks = decoder.score(*given, *memory)
                return logs.float().cpu().numpy(), looks.float().cpu().numpy()

        return score_parallel(score, sentences)

    def _stacked(self, parts: Iterable[tuple[NDArray[Any], ...]]) -> list[Tensor]:
        return [torch.from_numpy(part).to(self._device) for part in stacked(parts)]
