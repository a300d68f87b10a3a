"""Choose the caption that agrees most with a group of captions."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from vidcap.captioning.caption import Caption
from vidcap.text.similarity import token_f1
from vidcap.text.tokens import tokenize

_MOST_CANDIDATES = 64
"""Bounds time and memory in an endless scene of ever new captions; the late ones only vote."""

_DIGITS = 9
"""Sums are compared to so many decimals, lest the order of additions decides between equals."""


def likeness(a: str, b: str) -> float:
    """Return how much two captions say the same, from 0 (nothing in common) to 1 (the same).

    The F1 of their content words; captions that are equal to the letter are the same even where
    they hold no word.
    """
    return 1.0 if a == b else token_f1(_tokens(a), _tokens(b))


@lru_cache(maxsize=16 * _MOST_CANDIDATES)
def _tokens(text: str) -> tuple[str, ...]:
    return tuple(tokenize(text))


@dataclass(slots=True)
class _Candidate:
    caption: Caption  # the surest with this text
    weight: float = 0.0  # of all captions with this text
    agreement: float = 0.0  # likeness to each caption so far, by its weight


class Consensus:
    """A running vote among captions for the one that agrees most with the others.

    Every caption votes for every other with its likeness times its own weight, the geometric mean
    of its words' probabilities; the winner is the caption with the least expected loss under the
    captioner's own beliefs (minimum Bayes risk decoding, Kumar and Byrne, 2004, over the frames
    of a scene instead of an n-best list).  Equals are decided by the score, then by who came first.
    An empty caption wins only where there is no other.
    """

    def __init__(self, captions: Iterable[Caption] = ()) -> None:
        self._candidates: dict[str, _Candidate] = {}
        for caption in captions:
            self.add(caption)

    def add(self, caption: Caption) -> None:
        """Let one more caption vote, and stand for election."""
        weight = _weight(caption.score)
        known = self._candidates.get(caption.text)
        if known is None and len(self._candidates) < _MOST_CANDIDATES:
            known = self._candidates[caption.text] = _Candidate(caption)
            known.agreement = sum(
                other.weight * likeness(caption.text, text)
                for text, other in self._candidates.items()
            )
        if known is not None:
            known.weight += weight
            if caption.score > known.caption.score:
                known.caption = caption
        for text, candidate in self._candidates.items():
            candidate.agreement += weight * likeness(text, caption.text)

    @property
    def winner(self) -> Caption:
        """The caption that stands for all that were added; there must be one."""
        # max() keeps the first of equals, and dictionaries keep the order of insertion.
        return max(
            self._candidates.values(),
            key=lambda candidate: (
                bool(candidate.caption.text.strip()),
                round(candidate.agreement, _DIGITS),
                candidate.caption.score,
            ),
        ).caption


def _weight(score: float) -> float:
    return 0.0 if math.isnan(score) else math.exp(min(score, 0.0))
