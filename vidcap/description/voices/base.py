"""The protocol of voices."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

# What lies this far below the loudest sample, before the first word and behind the last, is not
# speech; a little of it stays, so that no consonant is cut.
_SILENCE = 10 ** (-45 / 20)
_KEPT_SECONDS = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """A spoken sentence.

    Attributes:
        samples: ``(n,)`` int16, one channel.
        rate: samples a second.
    """

    samples: NDArray[np.int16]
    rate: int

    @property
    def seconds(self) -> Fraction:
        """How long it is."""
        return Fraction(len(self.samples), self.rate)


class Voice(Protocol):
    """Speaks sentences.

    Attributes:
        name: what it is called on the command line.
        words_per_minute: its pace at speed 1, over many sentences.
        version: of what speaks: the same text, speed and version give the same samples.
    """

    name: str
    words_per_minute: float
    version: str

    def speak(self, text: str, *, speed: float = 1.0) -> Speech:
        """Speak a text of one or a few sentences.

        Args:
            text: in one line.
            speed: how much faster than its own pace, 0.5 to 2.

        Raises:
            ModelError: it cannot be spoken.
        """
        ...


def trimmed(speech: Speech) -> Speech:
    """Return a sentence without the silence before and behind it."""
    loud = np.abs(speech.samples.astype(np.int32))
    if not loud.any():
        return Speech(speech.samples[:0], speech.rate)
    heard = np.flatnonzero(loud > loud.max() * _SILENCE)
    kept = round(_KEPT_SECONDS * speech.rate)
    return Speech(
        speech.samples[max(0, heard[0] - kept) : heard[-1] + 1 + kept].copy(), speech.rate
    )
