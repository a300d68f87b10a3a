"""Recognise concepts from encoder features, and turn them into tokens for the decoder.

The encoder was first trained to tell 1,000 kinds of things apart.  Its classifier stays in the
checkpoint; classes that people call by one everyday noun are added up, and the likeliest nouns
become tokens, each the decoder's own embedding of the noun and how sure the classifier is.

Letters in shapes: N pictures, R regions, C channels, D width, G nouns, K tokens.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from vidcap.captioning.decoding.vocabulary import PAD

NOUN_WORDS = 3
"""Words that a noun may have at most."""

# A noun half as sure as this is read at a third of its strength.
_DOUBT = 0.05


class ConceptClassifier(nn.Module):
    """Features to how surely each everyday noun is there; it does not learn with the decoder.

    The whole picture is classified, and windows of it half as wide, so that small things count.

    Args:
        channels: C.
        classes: kinds of things that the classifier tells apart.
        nouns: G.
    """

    group: Tensor
    words: Tensor

    def __init__(self, channels: int, classes: int, nouns: int) -> None:
        super().__init__()
        self.nouns = nouns
        self.classifier = nn.Linear(channels, classes)
        self.classifier.requires_grad_(False)
        # The noun of each class, G for none; the word numbers of each noun, padded.
        self.register_buffer("group", torch.full((classes,), nouns))
        self.register_buffer("words", torch.full((nouns, NOUN_WORDS), PAD))

    def forward(self, features: Tensor) -> Tensor:
        """Turn ``(N, R, C)`` features of a square grid into strengths ``(N, G)``, 0 to 1.

        A strength is the mean of a noun's probability on the whole picture and on the window where
        it is likeliest.
        """
        pictures, regions, channels = features.shape
        side = math.isqrt(regions)
        grid = features.transpose(1, 2).reshape(-1, channels, side, side)
        window = functional.avg_pool2d(grid, (side + 1) // 2, max(1, side // 4))
        parts = torch.cat([features.mean(1, keepdim=True), window.flatten(2).transpose(1, 2)], 1)
        chances = self.classifier(parts).softmax(-1).flatten(0, 1)
        places = self.group[None].expand(chances.shape[0], -1)
        summed = chances.new_zeros(chances.shape[0], self.nouns + 1).scatter_add(1, places, chances)
        found = summed[:, :-1].view(pictures, -1, self.nouns)
        strengths: Tensor = (found[:, 0] + found[:, 1:].amax(1)) / 2
        return strengths


class MahalanobisScore(nn.Module):
    """How unlike the training pictures a picture is; its numbers are fitted, not learnt.

    The squared distance from the mean of their features, each direction in units of how far they
    spread along it (Mahalanobis), of the directions in which they spread most and of all the rest
    together; the root of the mean of both, 1 for a usual picture.

    Args:
        channels: C.
        directions: how many.
    """

    mean: Tensor
    directions: Tensor
    rest: Tensor

    def __init__(self, channels: int, directions: int = 64) -> None:
        super().__init__()
        self.count = directions = min(directions, channels)
        self.register_buffer("mean", torch.zeros(channels))
        # Each as long as one over the spread along it; and the mean square of what they leave over.
        self.register_buffer("directions", torch.zeros(channels, directions))
        self.register_buffer("rest", torch.ones(1))

    def forward(self, features: Tensor) -> Tensor:
        """Turn ``(N, R, C)`` features into ``(N,)`` strangeness."""
        away = features.mean(1) - self.mean
        along = away @ self.directions  # (N, directions), each of unit variance at home
        lengths = self.directions.square().sum(0).clamp_min(1e-12)
        explained = (along.square() / lengths).sum(1)
        left = (away.square().sum(1) - explained).clamp_min(0) / self.rest
        strange: Tensor = ((along.square().mean(1) + left) / 2).sqrt()
        return strange


class ConceptTokens(nn.Module):
    """Strengths of nouns to tokens; a noun that is surely not there leaves no trace of itself."""

    def __init__(self, width: int, count: int) -> None:
        super().__init__()
        self.count = count
        self.norm = nn.LayerNorm(width)
        self.project = nn.Linear(width, width)
        self.strength = nn.Linear(2, width)

    def forward(self, strengths: Tensor, words: Tensor, embedding: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``(N, K, D)`` tokens of the surest nouns, surest first, and their embeddings.

        The embeddings are shorter the less sure a noun is.

        Args:
            strengths: ``(N, G)``.
            words: ``(G, NOUN_WORDS)`` word numbers, padded.
            embedding: ``(V, D)`` of the words; a noun of several words is their mean.
        """
        values, places = strengths.topk(self.count, dim=1)
        chosen = words[places]  # (N, K, NOUN_WORDS)
        there = (chosen != PAD).to(embedding)
        vectors = (functional.embedding(chosen, embedding) * there[..., None]).sum(2)
        vectors = vectors / there.sum(2, keepdim=True).clamp_min(1)
        named = self.project(self.norm(vectors))
        values = values[..., None].to(embedding)
        read = values / (values + _DOUBT)
        tokens: Tensor = named * read + self.strength(torch.cat([values, read], -1))
        return tokens, vectors * read


class CopyHead(nn.Module):
    """Lets a decoder say a recognised noun, whichever it is, as a pointer network does.

    A word's state looks at the nouns, or at none; what it looks at is added to it, and the noun's
    own embedding makes the noun likely.  Vinyals et al., "Pointer Networks", NIPS 2015; See et al.,
    "Get To The Point", ACL 2017.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.none = nn.Parameter(torch.tensor([3.0]))
        self.scale = nn.Parameter(torch.tensor([8.0]))

    def forward(self, x: Tensor, keys: Tensor, nouns: Tensor) -> Tensor:
        """Return ``(N, Q, D)`` states with what they look at of ``(N, K, D)`` keys and nouns."""
        scores = self.query(x) @ keys.transpose(1, 2) * x.shape[-1] ** -0.5
        none = self.none.expand(*scores.shape[:2], 1).to(scores)
        weights = torch.cat([scores, none], dim=-1).softmax(-1)[..., :-1]
        copied: Tensor = x + self.scale * (weights @ nouns)
        return copied
