"""Hiding words from a decoder that learns, so that it looks at the picture instead."""

from __future__ import annotations

import torch
from torch import Tensor

from vidcap.captioning.vocabulary import UNKNOWN


def drop_words(words: Tensor, share: float) -> Tensor:
    """Return ``(B, T)`` input words with a ``share`` of them unknown, drawn; never the first."""
    dropped = torch.rand(words.shape) < share
    dropped[:, 0] = False
    return words.masked_fill(dropped.to(words.device), UNKNOWN)
