"""Several decoders that speak with one voice: each word's chances are the mean of theirs.

They look at the same regions of one encoder.  What one decoder gets wrong by accident the others
outvote (Dietterich, "Ensemble Methods in Machine Learning", 2000; for captions, Vinyals et al.,
"Show and Tell: Lessons Learned from the 2015 MSCOCO Image Captioning Challenge", 2016).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn

from vidcap.captioning.teaching import Taught


@dataclass(frozen=True, slots=True)
class EnsembleConfig:
    """What an ensemble is made of.

    Attributes:
        channels: channels of an encoder region.
        members: for each decoder its ``decoder``, the name of its architecture, and its
            ``config``, without channels.
    """

    channels: int
    members: Sequence[Mapping[str, Any]]

    def __post_init__(self) -> None:
        if not self.members:
            raise ValueError("members: there is none")


class Ensemble(nn.Module):
    """The decoder.  :meth:`prepare` runs once a picture, :meth:`step` once a word."""

    def __init__(self, config: EnsembleConfig, members: Sequence[Any]) -> None:
        super().__init__()
        self.config = config
        self.members = nn.ModuleList(members)
        self.memory_count = sum(member.memory_count for member in members)
        self.state_count = sum(member.state_count for member in members)

    def prepare(self, features: Tensor) -> tuple[Tensor, ...]:
        """Turn ``(N, R, C)`` features into what the members need: all memories, then all states."""
        memories: list[Tensor] = []
        states: list[Tensor] = []
        for member in self._each():
            prepared = member.prepare(features)
            memories += prepared[: member.memory_count]
            states += prepared[member.memory_count :]
        return (*memories, *states)

    def _each(self) -> list[Any]:
        return list(self.members)

    def step(self, words: Tensor, *prepared: Tensor) -> tuple[Tensor, ...]:
        """Read one word a row and predict the next.

        Args:
            words: ``(N * K,)`` the last word of each row; a picture's rows stand together.
            prepared: the members' memories, then their states.

        Returns:
            log-probabilities ``(N * K, V)``, the members' states, and the mean of their attention
            weights ``(N * K, R)``.
        """
        memories, states = iter(prepared[: self.memory_count]), iter(prepared[self.memory_count :])
        logs, looks = [], []
        moved: list[Tensor] = []
        for member in self._each():
            own = [*islice(memories, member.memory_count), *islice(states, member.state_count)]
            log, *after, look = member.step(words, *own)
            logs.append(log)
            looks.append(look)
            moved += after
        return _mean(logs), *moved, torch.stack(looks).mean(0)

    def forward(self, features: Tensor, words: Tensor, lengths: Tensor) -> Taught:
        """Predict every next word; see the members' ``forward``."""
        taught = [member(features, words, lengths) for member in self._each()]
        logs = [own.logits.float().log_softmax(-1) for own in taught]
        return Taught(_mean(logs), torch.stack([own.received for own in taught]).mean(0))


def _mean(logs: list[Tensor]) -> Tensor:
    """Return the logarithm of the mean of the probabilities."""
    return torch.stack(logs).logsumexp(0) - math.log(len(logs))
