"""One sentence for several pictures of the same thing.

Two ways to it: to search it word by word with what the decoder has to say for all the pictures, and
to hold sentences that were found for single pictures against all of them.  Either way a sentence
counts what it is worth on the mean of the pictures: what one hides or blurs, another shows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidcap.captioning.decoding.beam_search import Hypothesis, Step
from vidcap.captioning.decoding.prefix_tree import grow
from vidcap.captioning.decoding.vocabulary import END, START

Array = NDArray[Any]
Score = Callable[[Array, Array, Array], tuple[Array, Array]]

# A graph takes some time to meet a number of beginnings for the first time.
_MULTIPLE = 8


def joint_step(step: Step, sizes: Sequence[int], *, group: int, beams: int) -> Step:
    """Return a step over scenes, made of a step over their pictures.

    A word's log-probability for a scene is the mean of those for its pictures (their product of
    experts, but for its size); where the sentence looks is the mean as well.

    Args:
        step: over ``group`` pictures with ``beams`` rows each; see
            :func:`vidcap.captioning.decoding.beam_search.beam_search`.
        sizes: how many pictures, in a row, make up each scene; pictures left over are idle.
        group: how many pictures ``step`` takes.
        beams: rows a picture, and a scene.
    """
    scenes, used = len(sizes), int(sum(sizes))
    owner = np.repeat(np.arange(scenes), sizes)
    # Idle pictures go along with the last scene, and nobody listens to them.
    followed = np.concatenate([owner, np.full(group - used, scenes - 1)])
    firsts = np.cumsum([0, *sizes[:-1]])
    counts = np.asarray(sizes)[:, None]
    begun = False

    def over_scenes(words: Array, rows: Array) -> tuple[Array, Array]:
        nonlocal begun
        # Before the first step there is one row a picture, and a scene: no beam to go on from.
        width = beams if begun else 1
        begun = True
        beam = rows.reshape(scenes, beams) - np.arange(scenes)[:, None] * width
        origin = beam[followed] + np.arange(group)[:, None] * width
        outputs = step(words.reshape(scenes, beams)[followed].reshape(-1), origin.reshape(-1))
        logs, looks = (
            (np.add.reduceat(part.reshape(group, -1)[:used].astype(np.float64), firsts) / counts)
            for part in outputs
        )
        return logs.reshape(scenes * beams, -1), looks.reshape(scenes * beams, -1)

    return over_scenes


@dataclass(frozen=True, slots=True)
class Likelihoods:
    """What sentences are worth on pictures; N pictures, S sentences, T words and the end at most.

    Attributes:
        logs: ``(N, S, T)`` log-probability of each word and of the end; 0 behind it.
        looks: ``(N, S, T, R)`` where each of them looked.
    """

    logs: Array
    looks: Array


def score_parallel(score: Score, sentences: Sequence[Sequence[int]]) -> Likelihoods:
    """Return what each sentence is worth on each picture, read at once.

    Args:
        score: takes the words, places and visibility of a
            :class:`vidcap.captioning.decoding.prefix_tree.Tree`; gives log-probabilities ``(N, Q,
            V)`` and attention weights ``(N, Q, R)``.
        sentences: word numbers without start and end.
    """
    tree = grow(sentences, multiple=_MULTIPLE)
    told, seen = score(tree.words, tree.places, tree.visible)
    longest = max(map(len, tree.paths))
    logs = np.zeros((len(told), len(sentences), longest))
    looks = np.zeros((*logs.shape, seen.shape[-1]), np.float32)
    for index, (path, targets) in enumerate(zip(tree.paths, tree.targets, strict=True)):
        logs[:, index, : len(path)] = told[:, path, targets]
        looks[:, index, : len(path)] = seen[:, path]
    return Likelihoods(logs, looks)


def score_sequential(step: Step, sentences: Sequence[Sequence[int]], *, group: int) -> Likelihoods:
    """Return what each sentence is worth on each picture, read word by word.

    Args:
        step: over ``group`` pictures with a row for each sentence.
        sentences: word numbers without start and end.
        group: how many pictures ``step`` takes.
    """
    beams = len(sentences)
    targets = np.full((beams, max(map(len, sentences)) + 1), END)
    for row, sentence in enumerate(sentences):
        targets[row, : len(sentence)] = sentence
    given = np.full(beams, START)
    rows = np.repeat(np.arange(group), beams)
    logs, looks = [], []
    for words in targets.T:
        told, seen = step(np.tile(given, group), rows)
        logs.append(told.reshape(group, beams, -1)[:, np.arange(beams), words].astype(np.float64))
        looks.append(seen.reshape(group, beams, -1))
        given, rows = words, np.arange(group * beams)
    lengths = np.array([len(sentence) for sentence in sentences])
    inside = np.arange(len(logs)) <= lengths[:, None]
    return Likelihoods(np.stack(logs, axis=-1) * inside, np.stack(looks, axis=2))


def rescore(
    sentences: Sequence[Sequence[int]], worth: Likelihoods, *, length_penalty: float
) -> list[Hypothesis]:
    """Return what sentences are worth on the mean of the pictures, the best first.

    Args:
        sentences: word numbers without start and end.
        worth: what they are worth on each picture.
        length_penalty: as in :class:`vidcap.captioning.decoding.beam_search.BeamSettings`.
    """
    logs, looks = worth.logs.mean(0), worth.looks.mean(0)
    found = []
    for sentence, own, attention in zip(sentences, logs, looks, strict=True):
        length = len(sentence) + 1
        total = float(own.sum())
        rank = total / length**length_penalty
        found.append(
            Hypothesis(tuple(sentence), total, length, rank, own[:length], attention[: length - 1])
        )
    return sorted(found, key=lambda hypothesis: (-hypothesis.rank, hypothesis.words))
