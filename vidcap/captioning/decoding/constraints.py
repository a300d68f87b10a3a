"""Mask words during decoding: no repeated content words, no phrase without its noun.

Letters in shapes: N pictures, K beams, V words, T words so far.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidcap.captioning.decoding.vocabulary import PAD, Vocabulary

Array = NDArray[Any]

ARTICLE, MODIFIER, NOUN, OTHER = "a", "m", "n", "-"
PARTS = ARTICLE + MODIFIER + NOUN + OTHER
"""The parts that words can have in a noun phrase, as checkpoints write them."""
_LONGEST = 5
"""Words that may stand between an article and its noun."""


@dataclass(frozen=True, slots=True)
class DecodingConstraints:
    """What may not be said twice, and what may not stand between an article and its noun.

    Where words are held back (:mod:`vidcap.captioning.networks.word_prior`), others would stand in
    their
    place: *a table is on a table*, *a blue and white walking through the snow*.

    Attributes:
        once: ``(V,)`` booleans: the words that are said once in a sentence; None for none.
        parts: ``(V,)`` uint8, the letters of each word's part in a noun phrase; None where that is
            not known.
    """

    once: Array | None = None
    parts: Array | None = None

    @classmethod
    def of(cls, vocabulary: Vocabulary, *, once: bool, phrases: str = "") -> DecodingConstraints:
        """Return the wording of a checkpoint.

        Args:
            vocabulary: its words.
            once: whether a word that tells something is said once in a sentence.
            phrases: the part of each word in a noun phrase, special words left out; empty where
                that is not known.
        """
        special = len(vocabulary) - len(vocabulary.to_list())
        return cls(
            vocabulary.telling() if once else None,
            np.frombuffer((OTHER * special + phrases).encode("latin-1", "replace"), np.uint8)
            if phrases
            else None,
        )

    def forbid(self, scores: Array, history: Array) -> None:
        """Set to minus infinity every word that a sentence may not go on with.

        Args:
            scores: ``(N, K, V)``, changed in place.
            history: ``(N, K, T)`` the words so far.
        """
        if self.once is not None:  # padding is never said
            said = np.where(self.once[history], history, PAD)
            np.put_along_axis(scores, said, -np.inf, axis=2)
        if self.parts is not None:
            since = self._since_article(history)
            for waits, wrong in (
                (since >= 0, self.parts == ord(OTHER)),
                (since >= _LONGEST, self.parts != ord(NOUN)),
            ):
                scores[waits] = np.where(wrong, -np.inf, scores[waits])

    def _since_article(self, history: Array) -> Array:
        """Return ``(N, K)`` how many words wait for their noun behind an article; -1 for none."""
        assert self.parts is not None
        since = np.full(history.shape[:2], -1)
        for words in np.moveaxis(history, 2, 0):
            parts = self.parts[words]
            waits = (since >= 0) | (parts == ord(ARTICLE))
            since = np.where(waits & (parts != ord(NOUN)), since + 1, -1)
        return since
