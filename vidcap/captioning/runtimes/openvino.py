"""OpenVINO as the CPU's run time; torch is never imported here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidcap.captioning.decoding.beam_search import Step
from vidcap.captioning.decoding.rescoring import Likelihoods, score_parallel, score_sequential
from vidcap.captioning.runtimes.base import EncodedImage, filled, stacked, stepping
from vidcap.captioning.runtimes.graphs import Graphs
from vidcap.captioning.runtimes.openvino_graph import Graph, import_openvino
from vidcap.errors import ModelError

# Where sentences are read word by word, the step is compiled for so many pictures and sentences.
_READ_PICTURES, _READ_SENTENCES = 4, 6


def usable_processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux: a container or taskset may allow fewer
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class OpenVinoRuntime:
    """Runs a checkpoint's graphs with fixed shapes.

    Pictures are encoded one a request, and decoded in groups of a fixed size, so that the numbers
    for a picture do not depend on the company it comes in.  The step is compiled when a number of
    pictures and rows is first met; that of ``group`` and ``beams`` at once.  Whole sentences are
    read by a graph of any shape: they stand for themselves alone.

    Args:
        graphs: the checkpoint's graphs.
        picture_size: side in pixels of the squashed pictures.
        group: pictures decoded together.
        beams: rows a picture.
        threads: processor threads; 0 for all.
    """

    def __init__(
        self,
        graphs: Graphs,
        *,
        picture_size: int,
        group: int,
        beams: int,
        threads: int = 0,
    ) -> None:
        self.name = f"openvino {import_openvino().__version__.split('-')[0]} cpu"
        self.group = group
        self._weights = graphs.weights  # compiled graphs may go on using this memory
        threads = threads or usable_processors()
        shape = (1, picture_size, picture_size, 3)
        self._encode = Graph(graphs.encode, [shape], threads=threads, streams=threads)
        self._encoded_shapes = self._encode.output_shapes()
        # A step gives back log-probabilities, the state and attention weights: what else it takes
        # beside words is memory, which stays as it is while a picture is decoded.
        self._state_count = len(graphs.step.outputs) - 2
        self._memory_count = len(graphs.step.inputs) - 1 - self._state_count
        self._step, self._score = graphs.step, graphs.score
        self._scoring: Graph | None = None
        self._threads = threads
        self._compiled: dict[tuple[int, int], Graph] = {}
        self._empty: dict[int, NDArray[Any]] = {}
        self._compile(group, beams)

    def encode(self, pictures: Iterable[NDArray[np.uint8]]) -> Iterator[EncodedImage]:
        """Encode pictures, one a request, as many at once as there are threads."""
        for outputs in self._encode.map(picture[None] for picture in pictures):
            kept = [self._kept(place, array[0]) for place, array in enumerate(outputs)]
            yield EncodedImage.from_outputs(kept, self._memory_count, self._state_count)

    def _kept(self, place: int, array: NDArray[Any]) -> NDArray[Any]:
        """Return an output; one that holds nothing yet, as every picture's cache, only once."""
        if array.any():
            return array
        return self._empty.setdefault(place, array)

    def steps(self, images: Sequence[EncodedImage], *, beams: int) -> Step:
        """Begin to decode encoded pictures together."""
        run = self._compile(len(images), beams)
        return stepping(run, images)

    def likelihoods(
        self, images: Sequence[EncodedImage], sentences: Sequence[Sequence[int]]
    ) -> Likelihoods:
        """Return what each sentence is worth on each picture."""
        if self._score is None:
            several = filled(images, _READ_PICTURES)
            given = filled(sentences, _READ_SENTENCES)
            step = self.steps(several, beams=len(given))
            read = score_sequential(step, given, group=len(several))
            asked = slice(len(images)), slice(len(sentences))
            return Likelihoods(read.logs[asked], read.looks[asked])
        if self._scoring is None:
            memories = [(-1, *shape[1:]) for shape in self._encoded_shapes[: self._memory_count]]
            shapes = [(-1,), (-1,), (-1, -1), *memories]
            self._scoring = Graph(self._score, shapes, threads=self._threads)
        scoring = self._scoring
        memory = stacked(image.memory for image in images)

        def score(*tree: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
            outputs = scoring(*tree, *memory)
            sizes = len(images), len(tree[0])
            if [output.shape[:2] for output in outputs] != [sizes, sizes]:
                raise ModelError("its graph that reads sentences gives something else")
            logs, looks = outputs
            return logs, looks

        return score_parallel(score, sentences)

    def _compile(self, pictures: int, beams: int) -> Graph:
        known = self._compiled.get((pictures, beams))
        if known is None:
            rows = pictures * beams
            shapes: list[tuple[int, ...]] = [(rows,)]
            taken = self._encoded_shapes[: self._memory_count + self._state_count]
            for index, output in enumerate(taken):
                shapes.append((pictures if index < self._memory_count else rows, *output[1:]))
            known = Graph(self._step, shapes, threads=self._threads)
            self._compiled[pictures, beams] = known
        return known
