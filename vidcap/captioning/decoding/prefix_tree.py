"""A prefix tree of sentences, so that shared prefixes are scored once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vidcap.captioning.decoding.vocabulary import END, START


@dataclass(frozen=True, slots=True)
class Tree:
    """Beginnings of sentences, Q in all, each the one before it and a word.

    Attributes:
        words: ``(Q,)`` int64, the last word of each.
        places: ``(Q,)`` int64, how many words stand before it.
        visible: ``(Q, Q)`` booleans, which beginnings each goes on from; itself as well.
        paths: of each sentence its beginnings in order, the empty one first.
        targets: of each sentence the word that follows each of its beginnings; the last is the end.
    """

    words: NDArray[np.int64]
    places: NDArray[np.int64]
    visible: NDArray[np.bool_]
    paths: tuple[tuple[int, ...], ...]
    targets: tuple[tuple[int, ...], ...]


def grow(sentences: Sequence[Sequence[int]], *, multiple: int = 1) -> Tree:
    """Return the tree of sentences.

    Args:
        sentences: word numbers without start and end.
        multiple: beginnings that nobody asks for fill their number up to a multiple of this.
    """
    known: dict[tuple[int, int], int] = {}
    words, places, origins = [START], [0], [0]
    paths = []
    for sentence in sentences:
        path = [0]
        for word in sentence:
            step = path[-1], word
            if step not in known:
                known[step] = len(words)
                words.append(word)
                places.append(len(path))
                origins.append(path[-1])
            path.append(known[step])
        paths.append(tuple(path))
    count = -len(words) // multiple * -multiple
    visible = np.eye(count, dtype=np.bool_)
    for index, origin in enumerate(origins):  # an origin stands before what goes on from it
        visible[index] |= visible[origin]
    idle = [0] * (count - len(words))
    return Tree(
        np.array([*words, *idle]),
        np.array([*places, *idle]),
        visible,
        tuple(paths),
        tuple((*sentence, END) for sentence in sentences),
    )
