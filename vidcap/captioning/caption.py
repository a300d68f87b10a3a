"""The caption of one picture, and the length limit of a caption."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caption:
    """One sentence for one picture.

    Attributes:
        text: words separated by single blanks, without a final stop.  Lower-case, save names that
            a captioner writes with capitals: tokens and likeness do not see the difference, and
            names once in lower case could not be told again.
        score: mean log-probability of a word (or of a token, where a captioner has those), zero or
            below; higher is surer.  Scores of different captioners cannot be compared.
        confidence: chance from 0 to 1 that the sentence is a fair description, as
            :mod:`vidcap.captioning.confidence` has it; None where the captioner cannot tell.
    """

    text: str
    score: float
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a sentence may be.

    Attributes:
        characters: most characters, blanks counted; infinite for as many as it likes.
        words: most words, as blanks part them; likewise.
    """

    characters: float = math.inf
    words: float = math.inf

    def holds(self, text: str) -> bool:
        """Return whether a sentence is short enough."""
        return len(text) <= self.characters and len(text.split()) <= self.words
