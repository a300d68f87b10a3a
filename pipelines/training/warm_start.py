"""A finished captioner that goes on learning, with more words and with things to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vidcap.captioning.decoding.vocabulary import Vocabulary

_CONTEXTS = 400
_REACH = 2
_NEIGHBOURS = 5


def grown(decoder: Any, finished: Any, known: int, likenesses: NDArray[np.int64]) -> None:
    """Fill a decoder with a finished one's weights; each new word begins as the mean of others.

    Args:
        decoder: the decoder to fill; its first ``known`` words are those of the finished one.
        finished: the finished decoder.
        known: words of the finished one, special words included.
        likenesses: ``(new words, neighbours)`` numbers of known words like each new one.
    """
    state: dict[str, Tensor] = decoder.state_dict()
    old: dict[str, Tensor] = finished.state_dict()
    with torch.no_grad():
        for name, tensor in old.items():
            if name not in state:  # presence is fitted anew to what has learnt on
                continue
            if state[name].shape == tensor.shape:
                state[name].copy_(tensor)
            else:
                state[name][:known] = tensor
        like = torch.from_numpy(likenesses)
        embedding = old["embedding.weight"]
        noise = torch.randn(len(like), embedding.shape[1]) * 0.3 * embedding.std()
        begun = embedding[like].mean(1) + noise
        # A mean is shorter than what it is the mean of.
        begun *= embedding.norm(dim=1).mean() / begun.norm(dim=1, keepdim=True)
        state["embedding.weight"][known:] = begun
        state["output_bias"][known:] = old["output_bias"].quantile(0.1)


def like_words(
    vocabulary: Vocabulary, known: int, sentences: Iterable[Sequence[str]]
) -> NDArray[np.int64]:
    """Return for each word from ``known`` on the known words that stand in like places.

    Cosine of positive pointwise mutual information with the words around them, as in Bullinaria and
    Levy, "Extracting semantic representations from word co-occurrence statistics", 2007.
    """
    size = len(vocabulary)
    counts = np.zeros((size, 2 * _CONTEXTS))
    told = [vocabulary.encode(words) for words in sentences]
    totals = Counter(number for numbers in told for number in numbers)
    contexts = {number: place for place, (number, _) in enumerate(totals.most_common(_CONTEXTS))}
    for numbers in told:
        for place, number in enumerate(numbers):
            for other in range(max(0, place - _REACH), min(len(numbers), place + _REACH + 1)):
                column = contexts.get(numbers[other])
                if other != place and column is not None:
                    counts[number, column + _CONTEXTS * (other > place)] += 1
    chance = counts.sum(1, keepdims=True) * counts.sum(0, keepdims=True) / counts.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        vectors = np.maximum(np.nan_to_num(np.log(counts / chance), neginf=0.0), 0.0)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    first = size - len(vocabulary.to_list())
    likeness = vectors[known:] @ vectors[first:known].T
    return np.argsort(-likeness, axis=1, kind="stable")[:, :_NEIGHBOURS] + first
