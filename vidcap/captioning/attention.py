"""Attention maps: the regions that each word of a caption attended to.

The maps are those of the winning hypothesis itself, not of a second pass.  Show, Attend and Tell
has one distribution over the regions a word, and it is the map.  The Transformer has one for each
head of each decoder layer: the map is the mean of the heads of the last layer's cross-attention.
Either shows where the network took its numbers from, which is a hint at, and no proof of, what made
it say the word.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidcap.captioning.caption import Caption
from vidcap.errors import ModelError

Array = NDArray[Any]

EVERYWHERE = "everywhere"
_PLACES = (
    ("upper left", "upper middle", "upper right"),
    ("middle left", "centre", "middle right"),
    ("lower left", "lower middle", "lower right"),
)
# A ninth of the picture counts as the place where its regions weigh half as much again as
# the picture's do on the whole.
_NOTABLE = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """A caption and where its words come from.

    Attributes:
        caption: the caption, as :meth:`~vidcap.captioning.captioner.Captioner.caption` gives it.
        words: its words as the decoder said them; ``dog 's`` is two.
        maps: ``(len(words), side, side)`` float32, the share of attention that each region of the
            squashed picture got for each word, rows from the top; a word's sum to 1.
    """

    caption: Caption
    words: tuple[str, ...]
    maps: NDArray[np.float32]


def attention_maps(weights: Array) -> NDArray[np.float32]:
    """Return ``(words, regions)`` attention weights as ``(words, side, side)`` maps.

    Raises:
        ModelError: the regions do not make a square.
    """
    words, regions = weights.shape
    side = math.isqrt(regions)
    if side * side != regions:
        raise ModelError(f"{regions} regions do not make a square; there is no map of them")
    exact = np.asarray(weights, dtype=np.float64)
    maps: NDArray[np.float32] = (exact / exact.sum(-1, keepdims=True)).astype(np.float32)
    return maps.reshape(words, side, side)


def place(attention: Array) -> tuple[str, float]:
    """Say in words where a ``(side, side)`` map lies, and with which share of the attention.

    The picture is cut into nine; the place is the ninth whose regions got the most on average, or
    ``everywhere``, with share 1, where none stands out.  A region belongs where its middle lies.
    """
    thirds = (np.arange(len(attention)) * 2 + 1) * 3 // (2 * len(attention))
    best = (0.0, EVERYWHERE, 1.0)
    for row, names in enumerate(_PLACES):
        for column, name in enumerate(names):
            part = attention[np.ix_(thirds == row, thirds == column)]
            mean = float(part.mean(dtype=np.float64)) if part.size else 0.0
            if mean > best[0]:
                best = (mean, name, float(part.sum(dtype=np.float64)))
    stands_out = best[0] >= _NOTABLE * float(attention.mean(dtype=np.float64))
    return best[1:] if stands_out else (EVERYWHERE, 1.0)
