"""The protocol of runtimes: encode pictures, decode words, score sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from vidcap.captioning.decoding.beam_search import Step
from vidcap.captioning.decoding.rescoring import Likelihoods

Prepared = tuple[NDArray[Any], ...]
Item = TypeVar("Item")


class Runtime(Protocol):
    """Runs the two halves of a captioner.

    Attributes:
        name: the software and its version, for the provenance of results.
        group: how many pictures are best decoded together.
    """

    name: str
    group: int

    def encode(self, pictures: Iterable[NDArray[np.uint8]]) -> Iterator[Prepared]:
        """Encode squashed ``(size, size, 3)`` RGB pictures; what comes out is in their order."""
        ...

    def steps(self, prepared: Sequence[Prepared], *, beams: int) -> Step:
        """Begin to decode encoded pictures together, with so many rows each."""
        ...

    def likelihoods(
        self, prepared: Sequence[Prepared], sentences: Sequence[Sequence[int]]
    ) -> Likelihoods:
        """Return what each sentence, as word numbers, is worth on each encoded picture."""
        ...


def filled(items: Sequence[Item], count: int) -> list[Item]:
    """Return items and, up to ``count`` of them, the last one again."""
    return [*items, *[items[-1]] * (count - len(items))]


def stepping(
    run: Callable[..., Sequence[NDArray[Any]]],
    prepared: Sequence[Prepared],
    memory_count: int,
    state_count: int,
) -> Step:
    """Begin to decode encoded pictures with a step that keeps no state of its own.

    Args:
        run: takes the words, the memories and each row's state; gives log-probabilities, the next
            state, and attention weights, all of which the next run may overwrite.
        prepared: what ``encode`` gave for each picture.
        memory_count: how many parts of it are memory, which stays while a picture is decoded.
        state_count: how many behind them are state; what else there is are facts of the picture.
    """
    parts = list(zip(*prepared, strict=True))[: memory_count + state_count]
    stacked = [np.stack(part) for part in parts]
    memory, state = stacked[:memory_count], stacked[memory_count:]

    def step(words: NDArray[Any], rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        nonlocal state
        logs, *state, weights = run(words, *memory, *(part[rows] for part in state))
        return np.array(logs), np.array(weights)

    return step
