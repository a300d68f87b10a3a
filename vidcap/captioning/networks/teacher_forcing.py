"""Helpers and the output type of teacher forcing, shared by the decoders."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vidcap.captioning.decoding.vocabulary import UNKNOWN


@dataclass(frozen=True, slots=True)
class TeacherForcingOutput:
    """What a decoder makes of whole captions.

    N pictures, K captions a picture, R regions, V words.

    Attributes:
        logits: ``(lengths.sum(), V)``, picture by picture, caption by caption, word by word.
        received: ``(N, K, R)`` the attention each region received over a whole caption.
        look_logs: ``(N, K)`` log-probability of the regions that were drawn to look at; None where
            attention is soft.
        look_entropy: ``(N, K)`` summed entropy of the attention weights, likewise.
    """

    logits: Tensor
    received: Tensor
    look_logs: Tensor | None = None
    look_entropy: Tensor | None = None


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
