"""Estimate from a picture how likely captions of it name each word.

A decoder takes from its training what pictures usually show: somebody, in a shirt.  Which words a
picture asks for is guessed here from its features alone, and what it does not ask for is made
less likely, whatever stands before it.  Compare Fang et al., "From Captions to Visual Concepts and
Back", CVPR 2015, which finds words first and makes sentences of them.

Letters in shapes: N pictures, R regions, C channels, P groups of words, G nouns, V words.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_LEAST_STRENGTH = 1e-4
# What is held back is shared among the other words by so much, as a logarithm; the rest is lost.
# Were all of it shared, nothing would be likelier than the only word that is left in a dead end.
_SHARED = 0.25


def pooled(features: Tensor) -> Tensor:
    """Return the regions' mean and largest, ``(N, 2 C)``, of features ``(N, R, C)``."""
    return torch.cat([features.mean(1), features.amax(1)], dim=1)


def apply_word_prior(logits: Tensor, change: Tensor) -> Tensor:
    """Return the words' log-probabilities, of which some are held back.

    They sum to less than 1 where a sentence has come to words that the picture does not ask for.

    Args:
        logits: ``(..., V)``.
        change: to add to them, of a shape that fits.
    """
    shared = (logits + change).log_softmax(-1)
    return torch.lerp(logits.log_softmax(-1) + change, shared, _SHARED)


class VisualWordPrior(nn.Module):
    """Features to how much less likely than otherwise each word is; its numbers are fitted.

    A group of words, such as all those for people, has log-odds by a logistic regression on the
    regions' mean and largest; a noun that no group holds has the logarithm of how surely it is
    recognised.

    Args:
        channels: C.
        groups: P.
        nouns: G.
        words: V.
    """

    column: Tensor
    usual: Tensor
    weight: Tensor
    least: Tensor

    def __init__(self, channels: int, groups: int, nouns: int, words: int) -> None:
        super().__init__()
        self.odds = nn.Linear(2 * channels, groups)
        self.odds.requires_grad_(False)
        # Of each word its group, or P and its noun, or P + G for neither.
        self.register_buffer("column", torch.full((words,), groups + nouns))
        # What is usual or more changes nothing; what is less counts so much; and not below that.
        for name in ("usual", "weight", "least"):
            self.register_buffer(name, torch.zeros(groups + nouns))

    def forward(self, features: Tensor, strengths: Tensor) -> Tensor:
        """Turn ``(N, R, C)`` features into ``(N, V)`` to add to the words' logits, 0 or less.

        Args:
            features: of the regions.
            strengths: ``(N, G)`` how surely each noun is there.
        """
        odds = self.odds(pooled(features))
        sure = strengths.clamp_min(_LEAST_STRENGTH).log()
        away = self.weight * (torch.cat([odds, sure], dim=1) - self.usual)
        change = torch.maximum(away, self.least).clamp_max(0.0)
        neither = change.new_zeros(change.shape[0], 1)
        return torch.cat([change, neither], dim=1)[:, self.column]
