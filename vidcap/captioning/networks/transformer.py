"""A Transformer over the regions of a picture: self-attention, then a masked decoder.

Vaswani et al., "Attention Is All You Need", NIPS 2017, with the norms in front (Xiong et al., "On
Layer Normalization in the Transformer Architecture", ICML 2020).  A picture's keys and values are
computed once, not once a beam; those of the words so far are kept in a cache.

Beside the regions it may read what the encoder recognises
(:mod:`vidcap.captioning.networks.concepts`), and be kept from words that the picture does not ask
for (:mod:`vidcap.captioning.networks.word_prior`).

Letters in shapes: N pictures, B rows (captions or beams), R regions, C channels, D width, H heads
of E = D / H, L decoder layers, T words at most, V words known, K things read, G nouns, M = R + K
(regions and tokens of things) or R.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from vidcap.captioning.networks.concepts import (
    ConceptClassifier,
    ConceptTokens,
    CopyHead,
    MahalanobisScore,
)
from vidcap.captioning.networks.teacher_forcing import TeacherForcingOutput, drop_words, inside
from vidcap.captioning.networks.word_prior import VisualWordPrior, apply_word_prior


@dataclass(frozen=True, slots=True)
class TransformerConfig:
    """Sizes of the decoder.

    Attributes:
        channels: channels of an encoder region.
        width: width of regions and words, a multiple of 4 and of ``heads``.
        heads: attention heads.
        encoder_layers: self-attention layers over the regions.
        decoder_layers: layers of the decoder.
        max_words: words a sentence may have.
        dropout: share of activations dropped in training.
        word_dropout: share of input words replaced by the unknown word in training.
        things: K, how many recognised things are read beside the regions; 0 for none.
        classes: kinds of things that the encoder's classifier tells apart.
        nouns: G, everyday nouns that the classes are summed to.
        presence: groups of words whose presence is guessed from the picture; 0 for none.  It needs
            things.
    """

    channels: int
    width: int = 256
    heads: int = 8
    encoder_layers: int = 1
    decoder_layers: int = 3
    max_words: int = 20
    dropout: float = 0.2
    word_dropout: float = 0.1
    things: int = 0
    classes: int = 1000
    nouns: int = 0
    presence: int = 0

    def __post_init__(self) -> None:
        if min(self.channels, self.width, self.heads, self.decoder_layers) < 1:
            raise ValueError("channels, width, heads and decoder_layers must be 1 or more")
        if self.width % 4 or self.width % self.heads:
            raise ValueError(f"width {self.width} is no multiple of 4 and of {self.heads} heads")
        if not 0 <= self.things <= self.nouns:
            raise ValueError(f"things {self.things} is not from 0 to the {self.nouns} nouns")
        if self.presence and not self.things:
            raise ValueError(f"presence {self.presence} needs things")


def _sinusoids(places: Tensor, width: int) -> Tensor:
    """Return the paper's position codes, ``(len(places), width)``."""
    rates = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000.0) / width))
    angles = places.float()[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)


def _grid(regions: int, width: int) -> Tensor:
    """Return position codes of a square grid in reading order, half for rows, half for columns."""
    side = math.isqrt(regions)
    places = torch.arange(regions)
    halves = [_sinusoids(places // side, width // 2), _sinusoids(places % side, width // 2)]
    return torch.cat(halves, dim=-1)


def in_heads(x: Tensor, heads: int) -> Tensor:
    """Part ``(B, S, D)`` among heads, ``(B, H, S, E)``."""
    return x.view(*x.shape[:2], heads, -1).transpose(1, 2)


def attention(
    query: Tensor, keys: Tensor, values: Tensor, visible: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Scaled dot-product attention with several heads.

    Args:
        query: ``(B, H, Q, E)``.
        keys: ``(B, H, S, E)``.
        values: ``(B, H, S, E)``.
        visible: booleans that broadcast to ``(B, H, Q, S)``; all is seen without them.

    Returns:
        ``(B, Q, D)``, and the heads' mean weights ``(B, Q, S)``.
    """
    scores = query @ keys.transpose(-1, -2) * query.shape[-1] ** -0.5
    if visible is not None:
        scores = scores.masked_fill(~visible, -torch.inf)
    weights = scores.softmax(-1)
    return (weights @ values).transpose(1, 2).flatten(2), weights.mean(1)


class _Feed(nn.Module):
    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.rise = nn.Linear(width, 4 * width)
        self.fall = nn.Linear(4 * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.dropout(functional.gelu(self.rise(self.norm(x))))
        fallen: Tensor = self.dropout(self.fall(hidden))
        return x + fallen


class _RegionLayer(nn.Module):
    """Self-attention over the regions of a picture."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.norm = nn.LayerNorm(config.width)
        self.inputs = nn.Linear(config.width, 3 * config.width)
        self.output = nn.Linear(config.width, config.width)
        self.dropout = nn.Dropout(config.dropout)
        self.feed = _Feed(config.width, config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        parts = self.inputs(self.norm(x)).chunk(3, dim=-1)
        seen, _ = attention(*(in_heads(part, self.heads) for part in parts))
        fed: Tensor = self.feed(x + self.dropout(self.output(seen)))
        return fed


class _WordLayer(nn.Module):
    """A decoder layer, in the parts that training and step-by-step decoding share."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.self_norm = nn.LayerNorm(width)
        self.self_inputs = nn.Linear(width, 3 * width)
        self.self_output = nn.Linear(width, width)
        self.cross_norm = nn.LayerNorm(width)
        self.cross_query = nn.Linear(width, width)
        self.cross_memory = nn.Linear(width, 2 * width)
        self.cross_output = nn.Linear(width, width)
        self.dropout = nn.Dropout(config.dropout)
        self.feed = _Feed(width, config.dropout)

    def own(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return query, keys and values of the words themselves, ``(B, H, Q, E)`` each."""
        parts = self.self_inputs(self.self_norm(x)).chunk(3, dim=-1)
        query, keys, values = (in_heads(part, self.heads) for part in parts)
        return query, keys, values

    def after_own(self, x: Tensor, seen: Tensor) -> Tensor:
        output: Tensor = self.dropout(self.self_output(seen))
        return x + output

    def memory(self, regions: Tensor) -> tuple[Tensor, Tensor]:
        """Return values and keys ``(N, H, R, E)`` of regions ``(N, R, D)``."""
        keys, values = self.cross_memory(regions).chunk(2, dim=-1)
        return in_heads(values, self.heads), in_heads(keys, self.heads)

    def cross(self, x: Tensor, values: Tensor, keys: Tensor) -> tuple[Tensor, Tensor]:
        """Look at the regions: ``(N, Q, D)`` words and what :meth:`memory` gave."""
        query = in_heads(self.cross_query(self.cross_norm(x)), self.heads)
        seen, weights = attention(query, keys, values)
        fed: Tensor = self.feed(x + self.dropout(self.cross_output(seen)))
        return fed, weights


class Transformer(nn.Module):
    """The decoder.  :meth:`prepare` runs once a picture, :meth:`step` once a word."""

    reads_whole = True  # has ``score``

    def __init__(self, config: TransformerConfig, vocabulary_size: int) -> None:
        super().__init__()
        width = config.width
        self.config = config
        named = (2 if config.things else 0) + (1 if config.presence else 0)
        self.memory_count = 2 * config.decoder_layers + named
        self.state_count = 2 * config.decoder_layers + 1
        self.project = nn.Linear(config.channels, width)
        self.normalise = nn.LayerNorm(width)
        self.region_layers = nn.ModuleList(
            _RegionLayer(config) for _ in range(config.encoder_layers)
        )
        self.region_norm = nn.LayerNorm(width)
        self.embedding = nn.Embedding(vocabulary_size, width)
        self.word_layers = nn.ModuleList(_WordLayer(config) for _ in range(config.decoder_layers))
        self.word_norm = nn.LayerNorm(width)
        self.output_bias = nn.Parameter(torch.zeros(vocabulary_size))
        self.dropout = nn.Dropout(config.dropout)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        if config.things:
            self.recogniser = ConceptClassifier(config.channels, config.classes, config.nouns)
            self.familiar = MahalanobisScore(config.channels)
            self.thing_tokens = ConceptTokens(width, config.things)
            self.copying = CopyHead(width)
            self.nothing = nn.Parameter(torch.zeros(width))  # a region where there is no picture
        if config.presence:
            self.presence = VisualWordPrior(
                config.channels, config.presence, config.nouns, vocabulary_size
            )

    def prepare(self, features: Tensor) -> tuple[Tensor, ...]:
        """Turn ``(N, R, C)`` features into what decoding needs.

        Every part stands alone and is parted among the heads already, so that a step copies
        nothing but words.

        Returns:
            the memory, values and keys ``(N, H, M, E)`` of each decoder layer, the last layer's
            first, regions before things; where things are read, the keys of their tokens and
            their names to copy, ``(N, K, D)`` both; where presence is guessed, ``(N, V)`` to add to
            words' logits; an empty cache of words' keys and values
            ``(N, H, T + 1, E)`` for each layer, the first layer's first; the place ``(N,)`` of the
            next word, zero; and, where things are read, facts ``(N, G + 1)`` that no step needs:
            how surely each noun is there, and how strange the picture is.
        """
        strengths = self.recogniser(features) if self.config.things else None
        memory = self._memory(features, strengths)
        if self.config.presence:
            memory.append(self.presence(features, strengths))
        values = memory[0]
        pictures, heads, _, part = values.shape
        places = self.config.max_words + 1
        cache = [
            torch.zeros(pictures, heads, places, part, device=values.device, dtype=values.dtype)
            for _ in range(self.state_count - 1)
        ]
        place = torch.zeros(pictures, dtype=torch.long, device=features.device)
        prepared = *memory, *cache, place
        if strengths is None:
            return prepared
        return *prepared, torch.cat([strengths, self.familiar(features)[:, None]], dim=1)

    def _memory(
        self, features: Tensor, strengths: Tensor | None = None, seen: Tensor | None = None
    ) -> list[Tensor]:
        x = self.normalise(self.project(features))
        x = self.dropout(x + _grid(x.shape[1], x.shape[2]).to(x))
        for layer in self.region_layers:
            x = layer(x)
        x = self.region_norm(x)
        named: list[Tensor] = []
        if self.config.things:
            if seen is not None:
                x = torch.where(seen[:, None, None], x, self.nothing.to(x))
            if strengths is None:
                strengths = self.recogniser(features)
            tokens, nouns = self.thing_tokens(
                strengths, self.recogniser.words, self.embedding.weight
            )
            x = torch.cat([x, tokens.to(x)], dim=1)
            named = [self.copying.key(tokens).to(x), nouns.to(x)]
        looked_at = [part for layer in reversed(self._layers()) for part in layer.memory(x)]
        return [*looked_at, *named]

    def _looking(self, memory: Sequence[Tensor]) -> Iterator[tuple[_WordLayer, Tensor, Tensor]]:
        """Yield the layers in order, each with its values and keys."""
        for index, layer in enumerate(self._layers()):
            first = 2 * (len(self.word_layers) - 1 - index)
            yield layer, memory[first], memory[first + 1]

    def _layers(self) -> list[_WordLayer]:
        return cast("list[_WordLayer]", list(self.word_layers))

    def _embed(self, words: Tensor, codes: Tensor) -> Tensor:
        scale: float = self.config.width**0.5
        embedded: Tensor = self.dropout(self.embedding(words) * scale + codes)
        return embedded

    def _codes(self, like: Tensor) -> Tensor:
        places = torch.arange(self.config.max_words + 1)
        return _sinusoids(places, self.config.width).to(like)

    def _states(self, x: Tensor, memory: Sequence[Tensor]) -> Tensor:
        """Return what words are told from, ``(N, Q, D)``, for the last layer's output."""
        x = self.word_norm(x)
        if self.config.things:
            first = 2 * self.config.decoder_layers
            x = self.copying(x, *memory[first : first + 2])
        return x

    def _logits(self, states: Tensor) -> Tensor:
        return functional.linear(states, self.embedding.weight, self.output_bias)

    def _told(self, x: Tensor, memory: Sequence[Tensor]) -> Tensor:
        """Return the next word's log-probabilities ``(N, Q, V)`` for the last layer's output."""
        logits = self._logits(self._states(x, memory))
        if self.config.presence:
            return apply_word_prior(logits, memory[-1][:, None])
        return logits.log_softmax(-1)

    def _looks(self, weights: Tensor) -> Tensor:
        """Return the regions' parts of what the regions got of ``(..., M)`` weights."""
        if not self.config.things:
            return weights
        regions = weights[..., : -self.config.things]
        return regions / regions.sum(-1, keepdim=True).clamp_min(1e-6)

    def step(self, words: Tensor, *prepared: Tensor) -> tuple[Tensor, ...]:
        """Read one word a row and predict the next.

        Args:
            words: ``(N * K,)`` the last word of each row; a picture's rows stand together.
            prepared: what :meth:`prepare` gave, or what a step has made of it: memory of N
                pictures, caches of N * K rows, and how many words each row read before.

        Returns:
            log-probabilities ``(N * K, V)``, the caches with this word's keys and values in them,
            the next place, attention weights ``(N * K, R)`` of the last layer, mean of its heads:
            the regions' parts of what the regions got.
        """
        memory, cache = prepared[: self.memory_count], prepared[self.memory_count : -1]
        place = prepared[-1]
        pictures = memory[0].shape[0]
        rows = place[:, None]
        places = torch.arange(self.config.max_words + 1, device=words.device)
        here, visible = places == rows, places <= rows  # (B, T + 1)
        codes = here.to(memory[0]) @ self._codes(memory[0])  # one row of the table each
        x = self._embed(words, codes)[:, None]  # (B, 1, D)
        kept: list[Tensor] = []
        for index, (layer, *regions_of_layer) in enumerate(self._looking(memory)):
            query, *fresh = layer.own(x)
            keys, values = (
                torch.where(here[:, None, :, None], new, old)
                for new, old in zip(fresh, cache[2 * index : 2 * index + 2], strict=True)
            )
            kept += [keys, values]
            seen, _ = attention(query, keys, values, visible[:, None, None])
            x = layer.after_own(x, seen)
            # A picture's rows are its queries: keys and values are not repeated for them.
            grouped, weights = layer.cross(x.view(pictures, -1, x.shape[-1]), *regions_of_layer)
            x = grouped.view(-1, 1, x.shape[-1])
        logs = self._told(x.view(pictures, -1, x.shape[-1]), memory)
        return logs.flatten(0, 1), *kept, place + 1, self._looks(weights).flatten(0, 1)

    def score(
        self, words: Tensor, places: Tensor, visible: Tensor, *memory: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Read the beginnings of sentences at once and predict the next word of each.

        Args:
            words: ``(Q,)`` the last word of each beginning; see
                :mod:`vidcap.captioning.decoding.prefix_tree`.
            places: ``(Q,)`` how many words stand before it, at most T.
            visible: ``(Q, Q)`` booleans, which beginnings each goes on from.
            memory: the first ``memory_count`` parts of what :meth:`prepare` gave.

        Returns:
            log-probabilities ``(N, Q, V)`` and attention weights ``(N, Q, R)``, as :meth:`step`
            gives them.
        """
        codes = self._codes(memory[0])[places]
        x = self._embed(words, codes).expand(memory[0].shape[0], -1, -1)
        for layer, *regions_of_layer in self._looking(memory):
            seen, _ = attention(*layer.own(x), visible)
            x, weights = layer.cross(layer.after_own(x, seen), *regions_of_layer)
        return self._told(x, memory), self._looks(weights)

    def forward(
        self,
        features: Tensor,
        words: Tensor,
        lengths: Tensor,
        strengths: Tensor | None = None,
        seen: Tensor | None = None,
    ) -> TeacherForcingOutput:
        """Predict every next word of given captions (teacher forcing), for training.

        Presence is left out: it is fitted to a decoder that has learnt.

        Args:
            features: ``(N, R, C)``.
            words: ``(N, K, T)``; for these three see
                :meth:`vidcap.captioning.networks.show_attend_tell.ShowAttendTell.forward`.
            lengths: ``(N, K)``.
            strengths: ``(N, G)`` how surely each noun is there; recognised where not given.
            seen: ``(N,)`` booleans: false where there is no picture, and its features stand for
                nothing.
        """
        memory = self._memory(features, strengths, seen)
        if self.training and self.config.word_dropout:
            words = drop_words(words, self.config.word_dropout)
        pictures, captions, count = words.shape
        x = self._embed(words, self._codes(memory[0])[:count]).flatten(0, 1)  # (N * K, T, D)
        visible = torch.ones(count, count, dtype=torch.bool, device=words.device).tril()
        for layer, *regions_of_layer in self._looking(memory):
            seen, _ = attention(*layer.own(x), visible)
            # A picture's captions are its queries: keys and values are not repeated for them.
            grouped = layer.after_own(x, seen).view(pictures, captions * count, -1)
            grouped, weights = layer.cross(grouped, *regions_of_layer)
            x = grouped.view(pictures * captions, count, -1)
        there = inside(lengths, count)
        looks = self._looks(weights).reshape(*there.shape, -1)
        received = (looks * there.unsqueeze(-1)).sum(2)
        states = self._states(x.view(pictures, captions * count, -1), memory)
        return TeacherForcingOutput(self._logits(states.view(*there.shape, -1)[there]), received)
