"""What a captioner says of one picture."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caption:
    """One sentence for one picture.

    Attributes:
        text: lower-case words separated by single blanks, without a final stop.
        score: mean log-probability of a word, zero or below; higher is surer.
        confidence: chance from 0 to 1 that the sentence is a fair description, as
            :mod:`vidcap.captioning.confidence` has it; None where the captioner cannot tell.
    """

    text: str
    score: float
    confidence: float | None = None
