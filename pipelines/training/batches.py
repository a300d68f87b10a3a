"""Training captions as batches of numbers, in an order that depends on seed and epoch alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pipelines.training.data import CaptionedPicture
from pipelines.training.features import Features
from vidcap.captioning.decoding.vocabulary import END, PAD, START, Vocabulary
from vidcap.text.tokens import tokenize


@dataclass(frozen=True, slots=True)
class Batch:
    """Some pictures, each with its captions.

    Attributes:
        features: ``(N, ...)`` float32, a row a picture.
        words: ``(N, K, T)`` input words of K captions a picture, beginning with START.
        lengths: ``(N, K)`` input words of each caption; 0 where a picture has fewer than K.
        targets: ``(lengths.sum(),)`` the word after each input word, picture by picture, caption by
            caption: the order of the decoder's logits.
        strengths: ``(N, G)`` how surely each noun is there, for a decoder that reads them.
        seen: ``(N,)`` booleans: false where there is no picture behind the features.
    """

    features: Tensor
    words: Tensor
    lengths: Tensor
    targets: Tensor
    strengths: Tensor | None = None
    seen: Tensor | None = None

    def things(self) -> dict[str, Tensor]:
        """Return what a decoder that reads things is given by name."""
        parts = {"strengths": self.strengths, "seen": self.seen}
        return {name: part for name, part in parts.items() if part is not None}

    def to(self, device: torch.device) -> Batch:
        """Return the batch on another device; from pinned memory the copy does not wait."""
        if device.type == "cpu":
            return self
        parts = (self.features, self.words, self.lengths, self.targets, self.strengths, self.seen)
        features, words, lengths, targets, *things = (
            None if part is None else part.pin_memory().to(device, non_blocking=True)
            for part in parts
        )
        assert features is not None
        assert words is not None
        assert lengths is not None
        assert targets is not None
        return Batch(features, words, lengths, targets, *things)


def encode_captions(
    pictures: Sequence[CaptionedPicture], vocabulary: Vocabulary, max_words: int
) -> list[list[list[int]]]:
    """Return for each picture its captions as numbers with START and END.

    A caption of more than ``max_words`` words is cut there and gets no END, so that nothing learns
    to stop in mid-sentence.
    """
    encoded = []
    for picture in pictures:
        captions = []
        for sentence in picture.sentences:
            numbers = vocabulary.encode(tokenize(sentence))
            if numbers:
                end = [END] if len(numbers) <= max_words else []
                captions.append([START, *numbers[:max_words], *end])
        encoded.append(captions)
    return encoded


def make_batch(features: Tensor, captions: Sequence[Sequence[Sequence[int]]]) -> Batch:
    """Lay out the captions of N pictures; ``captions[n]`` belong to ``features[n]``."""
    most = max(len(own) for own in captions)
    longest = max(len(caption) for own in captions for caption in own) - 1
    words = np.full((len(captions), most, longest), PAD, dtype=np.int64)
    lengths = np.zeros((len(captions), most), dtype=np.int64)
    targets: list[int] = []
    for row, own in enumerate(captions):
        for column, caption in enumerate(own):
            lengths[row, column] = len(caption) - 1
            words[row, column, : len(caption) - 1] = caption[:-1]
            targets += caption[1:]
    return Batch(
        features, torch.from_numpy(words), torch.from_numpy(lengths), torch.tensor(targets)
    )


Mix = Callable[[Tensor, Sequence[Sequence[Sequence[int]]], np.random.Generator], Batch]
"""Makes a batch of features, captions and draws; :func:`make_batch` draws nothing."""


def batches(
    views: Sequence[Features],
    captions: Sequence[Sequence[Sequence[int]]],
    *,
    size: int,
    seed: int,
    epoch: int,
    part: tuple[int, int] = (0, 1),
    mix: Mix | None = None,
) -> Iterator[tuple[Batch, list[int]]]:
    """Go once over all pictures in a drawn order, each under a drawn view.

    The last pictures that do not fill a batch are left out of this epoch.  ``part`` is this
    process's number and how many processes share every batch.  With each batch come the places of
    its pictures among all.  ``mix`` makes the batches, :func:`make_batch` where it is not given.
    """
    draws = np.random.default_rng((seed, epoch, part[0] + 1))
    rng = np.random.default_rng((seed, epoch))
    order = rng.permutation(len(captions))
    drawn = rng.integers(0, len(views), len(captions))
    for start in range(0, len(order) - size + 1, size):
        chosen = order[start : start + size][part[0] :: part[1]].tolist()
        features = np.stack([views[drawn[index]][index] for index in chosen])
        own = [captions[index] for index in chosen]
        given = torch.from_numpy(features).float()
        yield (mix(given, own, draws) if mix else make_batch(given, own)), chosen
