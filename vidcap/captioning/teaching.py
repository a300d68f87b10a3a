"""What decoders share when they are taught whole captions at once."""

from __future__ import annotations

import torch
from torch import Tensor

from vidcap.captioning.vocabulary import UNKNOWN


def drop_words(words: Tensor, share: float) -> Tensor:
    """Return ``(..., T)`` input words with a ``share`` of them unknown, drawn; never the first.

    A decoder that cannot trust the words so far looks at the picture instead.
    """
    dropped = torch.rand(words.shape) < share
    dropped[..., 0] = False
    return words.masked_fill(dropped.to(words.device), UNKNOWN)


def inside(lengths: Tensor, count: int) -> Tensor:
    """Return ``(..., count)`` booleans: which of ``count`` places lie within each length."""
    return torch.arange(count, device=lengths.device) < lengths.unsqueeze(-1)
