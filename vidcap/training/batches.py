"""Training captions as batches of numbers, in an order that depends on seed and epoch alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vidcap.captioning.vocabulary import END, PAD, START, Vocabulary
from vidcap.text.tokens import tokenize
from vidcap.training.data import CaptionedPicture
from vidcap.training.features import Features


@dataclass(frozen=True, slots=True)
class Batch:
    """Some pictures with all of their captions, captions longest first.

    Attributes:
        features: ``(N, regions, channels)`` float32.
        rows: ``(B,)`` which of the N pictures each caption describes.
        words: ``(B, T)`` input words, beginning with START.
        lengths: input words of each caption, never increasing.
        targets: ``(sum(lengths),)`` the word after each input word, step by step, within a step by
            caption: the order of the decoder's logits.
    """

    features: Tensor
    rows: Tensor
    words: Tensor
    lengths: list[int]
    targets: Tensor

    def to(self, device: torch.device) -> Batch:
        """Return the batch on another device; from pinned memory the copy does not wait."""
        if device.type == "cpu":
            return self
        features, rows, words, targets = (
            tensor.pin_memory().to(device, non_blocking=True)
            for tensor in (self.features, self.rows, self.words, self.targets)
        )
        return Batch(features, rows, words, self.lengths, targets)


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
    pairs = [(row, caption) for row, own in enumerate(captions) for caption in own]
    pairs.sort(key=lambda pair: -len(pair[1]))
    lengths = [len(caption) - 1 for _, caption in pairs]
    words = np.full((len(pairs), lengths[0]), PAD, dtype=np.int64)
    following = words.copy()
    for index, (_, caption) in enumerate(pairs):
        words[index, : lengths[index]] = caption[:-1]
        following[index, : lengths[index]] = caption[1:]
    targets = [
        following[: sum(length > step for length in lengths), step] for step in range(lengths[0])
    ]
    return Batch(
        features,
        torch.tensor([row for row, _ in pairs]),
        torch.from_numpy(words),
        lengths,
        torch.from_numpy(np.concatenate(targets)),
    )


def batches(
    views: Sequence[Features],
    captions: Sequence[Sequence[Sequence[int]]],
    *,
    size: int,
    seed: int,
    epoch: int,
) -> Iterator[Batch]:
    """Go once over all pictures in a drawn order, each under a drawn view.

    The last pictures that do not fill a batch are left out of this epoch.
    """
    rng = np.random.default_rng((seed, epoch))
    order = rng.permutation(len(captions))
    drawn = rng.integers(0, len(views), len(captions))
    for start in range(0, len(order) - size + 1, size):
        chosen = order[start : start + size]
        features = np.stack([views[drawn[index]][index] for index in chosen])
        yield make_batch(torch.from_numpy(features).float(), [captions[index] for index in chosen])
