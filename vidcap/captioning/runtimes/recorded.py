"""A decoder's step as a CUDA graph: recorded once, then played with one launch a word.

A step is some eighty small kernels, and a GPU is done with each before the next can be launched.
Played kernels read and write the memory that they were recorded with, so all that a step takes and
gives lies in buffers.  Not run on a GPU yet; the buffers are tested on the CPU, where nothing is
recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from vidcap.captioning.decoding.beam_search import Step


class RecordedStep:
    """The step for a number of pictures and of rows; one search at a time may use it.

    Args:
        decoder: steps; see :meth:`vidcap.captioning.networks.transformer.Transformer.step`.
        prepared: what ``decoder.prepare`` gives for so many pictures, as an example.
        beams: rows a picture.
    """

    def __init__(self, decoder: Any, prepared: Sequence[Tensor], *, beams: int) -> None:
        self._decoder = decoder
        self._kept = decoder.memory_count
        self._pictures = len(prepared[0])
        rows = self._pictures * beams
        device = prepared[0].device
        states = prepared[self._kept : self._kept + decoder.state_count]
        with torch.inference_mode():
            self._memory = [torch.zeros_like(part) for part in prepared[: self._kept]]
            self._state = [part.new_zeros(rows, *part.shape[1:]) for part in states]
            self._words, self._rows = torch.zeros(2, rows, dtype=torch.long, device=device)
            self._play = self._record() if device.type == "cuda" else self._compute

    def begin(self, prepared: Sequence[Tensor]) -> Step:
        """Return a step over pictures, which ends the one before."""
        with torch.inference_mode():
            for buffer, part in zip([*self._memory, *self._state], prepared, strict=False):
                buffer[: self._pictures].copy_(part)
        return self._step

    def _step(self, words: NDArray[Any], rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        with torch.inference_mode():
            self._words.copy_(torch.from_numpy(words))
            self._rows.copy_(torch.from_numpy(rows))
            logs, weights = self._play()
            return logs.float().cpu().numpy(), weights.float().cpu().numpy()

    def _compute(self) -> tuple[Tensor, Tensor]:
        followed = [part.index_select(0, self._rows) for part in self._state]
        logs, *moved, weights = self._decoder.step(self._words, *self._memory, *followed)
        for buffer, part in zip(self._state, moved, strict=True):
            buffer.copy_(part)
        return logs, weights

    def _record(self) -> Callable[[], tuple[Tensor, Tensor]]:
        # Libraries choose their kernels when they are first called, which cannot be recorded.
        aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(3):
                self._compute()
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            outputs = self._compute()

        def play() -> tuple[Tensor, Tensor]:
            graph.replay()
            return outputs

        return play
