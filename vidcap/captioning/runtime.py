"""What runs a checkpoint: the one protocol that the CPU's and the GPU's run times share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vidcap.captioning.beam import Step

Prepared = tuple[NDArray[Any], ...]


class Runtime(Protocol):
    """Runs the two halves of a captioner.

    Attributes:
        name: the software and its version, for the provenance of results.
        group: how many pictures :meth:`steps` takes.
    """

    name: str
    group: int

    def encode(self, pictures: Iterable[NDArray[np.uint8]]) -> Iterator[Prepared]:
        """Encode squashed ``(size, size, 3)`` RGB pictures; what comes out is in their order."""
        ...

    def steps(self, prepared: Sequence[Prepared]) -> Step:
        """Begin to decode exactly ``group`` encoded pictures together."""
        ...
