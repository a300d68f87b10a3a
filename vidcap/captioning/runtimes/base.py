"""The protocol of runtimes: encode pictures, decode words, score sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from vidcap.captioning.decoding.beam_search import Step
from vidcap.captioning.decoding.rescoring import Likelihoods

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, eq=False)
class EncodedImage:
    """One picture as the decoder needs it.

    Attributes:
        memory: arrays that every decoding step reads and none changes; of the last decoder layer
            first.
        state: the decoder's state before the first word.
        facts: probability of each concept, and the out-of-distribution score behind them; None
            where the network gives none.
    """

    memory: tuple[NDArray[Any], ...]
    state: tuple[NDArray[Any], ...]
    facts: NDArray[Any] | None = None

    @classmethod
    def from_outputs(
        cls, outputs: Sequence[NDArray[Any]], memory_count: int, state_count: int
    ) -> EncodedImage:
        """Name the outputs of an encoder graph for one picture.

        Args:
            outputs: memory, state and, where there are any, facts, in this order.
            memory_count: how many of them are memory.
            state_count: how many are state.
        """
        decoded = memory_count + state_count
        return cls(
            tuple(outputs[:memory_count]),
            tuple(outputs[memory_count:decoded]),
            outputs[decoded] if len(outputs) > decoded else None,
        )


class Runtime(Protocol):
    """Runs the two halves of a captioner.

    Attributes:
        name: the software and its version, for the provenance of results.
        group: how many pictures are best decoded together.
    """

    name: str
    group: int

    def encode(self, pictures: Iterable[NDArray[np.uint8]]) -> Iterator[EncodedImage]:
        """Encode squashed ``(size, size, 3)`` RGB pictures; what comes out is in their order."""
        ...

    def steps(self, images: Sequence[EncodedImage], *, beams: int) -> Step:
        """Begin to decode encoded pictures together, with so many rows each."""
        ...

    def likelihoods(
        self, images: Sequence[EncodedImage], sentences: Sequence[Sequence[int]]
    ) -> Likelihoods:
        """Return what each sentence, as word numbers, is worth on each encoded picture."""
        ...


def stacked(parts: Iterable[tuple[NDArray[Any], ...]]) -> list[NDArray[Any]]:
    """Stack the arrays of several pictures, part by part."""
    return [np.stack(part) for part in zip(*parts, strict=True)]


def filled(items: Sequence[Item], count: int) -> list[Item]:
    """Return items and, up to ``count`` of them, the last one again."""
    return [*items, *[items[-1]] * (count - len(items))]


def stepping(
    run: Callable[..., Sequence[NDArray[Any]]],
    images: Sequence[EncodedImage],
) -> Step:
    """Begin to decode encoded pictures with a step that keeps no state of its own.

    Args:
        run: takes the words, the memories and each row's state; gives log-probabilities, the next
            state, and attention weights, all of which the next run may overwrite.
        images: the encoded pictures.
    """
    memory = stacked(image.memory for image in images)
    state = stacked(image.state for image in images)

    def step(words: NDArray[Any], rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        nonlocal state
        logs, *state, weights = run(words, *memory, *(part[rows] for part in state))
        return np.array(logs), np.array(weights)

    return step
