"""The parts of a captioner that learn, as one module."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from vidcap.captioning.networks.encoders import EncoderTail
from vidcap.captioning.networks.teacher_forcing import TeacherForcingOutput


class Learner(nn.Module):
    """The end of the encoder, which may be empty, and the decoder behind it."""

    def __init__(self, tail: EncoderTail, decoder: Any) -> None:
        super().__init__()
        self.tail = tail
        self.decoder = decoder

    def forward(
        self, features: Tensor, words: Tensor, lengths: Tensor, **things: Tensor
    ) -> TeacherForcingOutput:
        """Predict every next word; see the decoder's ``forward``, for ``things`` as well."""
        taught: TeacherForcingOutput = self.decoder(self.tail(features), words, lengths, **things)
        return taught

    def learning(self) -> dict[str, nn.Parameter]:
        """Return the parameters that learn, by name."""
        return {name: p for name, p in self.named_parameters() if p.requires_grad}
