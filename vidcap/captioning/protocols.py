"""Protocols of captioners beyond single captions: scenes from several pictures, embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from vidcap.captioning.caption import Budget, Caption
from vidcap.captioning.decoding.beam_search import Hypothesis
from vidcap.captioning.runtimes.base import EncodedImage


@dataclass(frozen=True, slots=True, eq=False)
class EncodedCaption:
    """One picture, as it was looked at.

    Attributes:
        caption: what the captioner says of this picture alone.
        hypotheses: what the search found for it, best first.
        image: what the decoder needs of it; some hundred kilobytes.
    """

    caption: Caption
    hypotheses: tuple[Hypothesis, ...]
    image: EncodedImage


@runtime_checkable
class SceneCaptioner(Protocol):
    """A captioner that can tell several pictures in one sentence."""

    def encode(self, pictures: Sequence[NDArray[np.uint8]]) -> list[EncodedImage]:
        """Return what the decoder needs of squashed uint8 RGB pictures, in their order."""
        ...

    def decode(self, prepared: Sequence[EncodedImage]) -> list[EncodedCaption]:
        """Find a sentence for each encoded picture."""
        ...

    def near_duplicate(self, one: EncodedImage, other: EncodedImage) -> bool:
        """Return whether it is plain that two encoded pictures show the same."""
        ...

    def caption_scene(self, looks: Sequence[EncodedCaption], budget: Budget) -> Caption:
        """Return one sentence for pictures of the same thing, within a budget if there is one."""
        ...

    def cross_likelihood_gap(
        self, one: Sequence[EncodedCaption], other: Sequence[EncodedCaption]
    ) -> float:
        """Return how much worse the sentences of each suit the pictures of the other.

        In nats a word, both ways together: about 0 for the same thing.
        """
        ...


@runtime_checkable
class PictureEmbedder(Protocol):
    """A captioner that can tell how much pictures look alike."""

    def embed(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return a vector of length 1 for each squashed uint8 RGB picture."""
        ...
