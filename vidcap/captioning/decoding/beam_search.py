"""Beam search over a group of pictures at once, the same for every decoder and run time.

Letters in shapes: N pictures, K beams, V words, R regions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidcap.captioning.decoding.constraints import DecodingConstraints
from vidcap.captioning.decoding.vocabulary import END, PAD, START, UNKNOWN

Array = NDArray[Any]
Step = Callable[[Array, Array], tuple[Array, Array]]


@dataclass(frozen=True, slots=True)
class BeamSettings:
    """How sentences are searched.

    Attributes:
        size: hypotheses kept a picture; 1 is greedy search.
        max_words: a sentence has at most so many words.
        min_words: and at least so many.
        length_penalty: a finished sentence counts its log-probability over its length (words and
            end) to this power (Wu et al. 2016 without their constant); 0 favours short ones.
        no_repeat: no run of so many words occurs twice in a sentence, and no word directly after
            itself; 0 allows everything.
        once: a word that tells something is said once in a sentence
            (:mod:`vidcap.captioning.decoding.constraints`).
    """

    size: int = 3
    max_words: int = 20
    min_words: int = 2
    length_penalty: float = 0.7
    no_repeat: int = 3
    once: bool = False


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A finished sentence.

    Attributes:
        words: word numbers without start and end.
        log_probability: of all words and, where it was reached, the end.
        length: how many predictions that sums over.
        rank: what the search ranks by, the length-normalised log-probability.
        word_log_probabilities: ``(length,)`` of each word and, where it was reached, the end.
        attention: ``(len(words), R)`` where each word looked.
    """

    words: tuple[int, ...]
    log_probability: float
    length: int
    rank: float
    word_log_probabilities: Array
    attention: Array


def _forbid_repeats(scores: Array, history: Array, size: int) -> None:
    """Set to minus infinity a row's last word, and every word that would complete an old run."""
    length = history.shape[-1]
    if size <= 0 or not length:
        return
    np.put_along_axis(scores, history[:, :, -1:], -np.inf, axis=2)
    if length < size:
        return
    matches = np.ones((*history.shape[:2], length - size + 1), dtype=bool)
    for offset in range(size - 1):
        last = history[:, :, length - size + 1 + offset]
        matches &= history[:, :, offset : length - size + 1 + offset] == last[:, :, None]
    for picture, beam, place in np.argwhere(matches):
        scores[picture, beam, history[picture, beam, place + size - 1]] = -np.inf


@dataclass(frozen=True, slots=True)
class Room:
    """How long sentences may become, in any number of measures.

    Attributes:
        costs: ``(M, V)`` what each word adds to a sentence in each measure.
        limits: ``(N, M)`` how much the sentence of each picture may cost; infinite for as much as
            it likes.
    """

    costs: Array
    limits: Array

    @property
    def limited(self) -> Array:
        """Which pictures have a limit at all, ``(N,)``."""
        return np.asarray(np.isfinite(self.limits).any(1))

    def forbid(self, scores: Array, history: Array) -> None:
        """Set to minus infinity every word that would take a sentence beyond its room.

        Args:
            scores: ``(N, K, V)``, changed in place.
            history: ``(N, K, T)`` the words so far.
        """
        for costs, limits in zip(self.costs, self.limits.T, strict=True):
            left = limits[:, None] - costs[history].sum(-1)
            too_long = costs > left[:, :, None]
            too_long[:, :, END] = False
            scores[too_long] = -np.inf


def beam_search(
    step: Step,
    *,
    pictures: int,
    settings: BeamSettings,
    room: Room | None = None,
    wording: DecodingConstraints | None = None,
) -> list[list[Hypothesis]]:
    """Decode sentences for a group of pictures.

    Every picture is searched for itself: what comes out for one never depends on its neighbours
    in the group, as long as ``step`` treats rows alike.

    Args:
        step: takes the last word of each row and the row of the call before whose state it goes
            on from, both ``(N * K,)`` int64; gives log-probabilities ``(N * K, V)`` and attention
            weights ``(N * K, R)``.  It keeps the state.  Before the first call there is one row a
            picture.
        pictures: N.
        settings: how to search.
        room: how long each picture's sentences may become.  A sentence that has no room left
            ends, be it short of ``settings.min_words``; it is empty where no word has room.  Where
            there is a limit, every beginning of a sentence is taken for a whole one as well: most
            of those that are followed run into the wall, and the best may have ended well before.
        wording: what may not be said, whatever the picture shows.

    Returns:
        For each picture up to K finished sentences, best first; never none.
    """
    beams = settings.size
    rows = np.repeat(np.arange(pictures), beams)
    words = np.full(pictures * beams, START, dtype=np.int64)
    totals = np.full((pictures, beams), -np.inf, dtype=np.float64)
    totals[:, 0] = 0.0  # all beams are alike at first: keep one
    history = np.zeros((pictures, beams, 0), dtype=np.int64)
    looks: list[Array] = []  # one (N, K, R) a step, before reordering
    origins: list[Array] = []  # one (N, K) a step: the beam a kept hypothesis came from
    sums: list[Array] = [totals]  # one (N, K) before each step: log-probabilities so far
    # finished: per picture (rank, total, length, words, step, beam before that step)
    finished: list[list[tuple[float, float, int, tuple[int, ...], int, int]]] = [
        [] for _ in range(pictures)
    ]
    open_pictures = set(range(pictures))
    limited = np.zeros(pictures, dtype=bool) if room is None else room.limited
    rules = [rule for rule in (wording, room) if rule is not None]

    def end(picture: int, beam: int, total: float) -> None:
        words, length = tuple(history[picture, beam].tolist()), position + 1
        rank = total / length**settings.length_penalty
        finished[picture].append((rank, total, length, words, position, beam))

    for position in range(settings.max_words + 1):
        log_probabilities, attention = step(words, rows)
        size = log_probabilities.shape[-1]
        scores = log_probabilities.reshape(pictures, beams, size).astype(np.float64)
        looks.append(attention.reshape(pictures, beams, -1))
        scores[:, :, [PAD, START, UNKNOWN]] = -np.inf
        if position < settings.min_words:
            scores[:, :, END] = -np.inf
        _forbid_repeats(scores, history, settings.no_repeat)
        for rule in rules:
            rule.forbid(scores, history)
        if rules:
            stuck = ~np.isfinite(scores).any(-1)
            scores[stuck, END] = log_probabilities.reshape(scores.shape)[stuck, END]
        if position == settings.max_words:
            scores[:] = -np.inf
            scores[:, :, END] = log_probabilities.reshape(scores.shape)[:, :, END]
        scores += totals[:, :, None]
        flat = scores.reshape(pictures, -1)
        # Twice the beams, so that K unfinished ones remain when K of them end here.
        best = np.argpartition(-flat, 2 * beams - 1, axis=1)[:, : 2 * beams]
        values = np.take_along_axis(flat, best, axis=1)
        order = np.lexsort((best, -values), axis=1)
        best = np.take_along_axis(best, order, axis=1)
        values = np.take_along_axis(values, order, axis=1)

        origin = np.zeros((pictures, beams), dtype=np.int64)
        chosen = np.full((pictures, beams), PAD, dtype=np.int64)
        totals = np.full((pictures, beams), -np.inf)
        for picture in list(open_pictures):
            kept = 0
            if limited[picture]:
                for beam, value in enumerate(scores[picture, :, END].tolist()):
                    if value > -np.inf:
                        end(picture, beam, value)
            for place, (index, value) in enumerate(
                zip(best[picture].tolist(), values[picture].tolist(), strict=True)
            ):
                beam, word = divmod(index, size)
                if value == -np.inf or kept == beams:
                    break
                if word == END:
                    if place < beams and not limited[picture]:
                        end(picture, beam, value)
                    continue
                origin[picture, kept], chosen[picture, kept] = beam, word
                totals[picture, kept] = value
                kept += 1
            if (len(finished[picture]) >= beams and not limited[picture]) or not kept:
                open_pictures.discard(picture)
        origins.append(origin)
        sums.append(totals)
        if not open_pictures:
            break
        rows = (np.arange(pictures)[:, None] * beams + origin).reshape(-1)
        words = chosen.reshape(-1)
        history = np.concatenate(
            [np.take_along_axis(history, origin[:, :, None], axis=1), chosen[:, :, None]], axis=2
        )

    return [
        [
            Hypothesis(
                sentence,
                total,
                length,
                rank,
                *_trace(looks, origins, sums, total, picture, last, beam),
            )
            for rank, total, length, sentence, last, beam in sorted(
                finished[picture], key=lambda entry: (-entry[0], entry[3])
            )[:beams]
        ]
        for picture in range(pictures)
    ]


def _trace(
    looks: list[Array],
    origins: list[Array],
    sums: list[Array],
    total: float,
    picture: int,
    last: int,
    beam: int,
) -> tuple[Array, Array]:
    """Follow a hypothesis back: what each of its words cost, and where each of them looked.

    The sentence ended with ``total`` in step ``last``, coming from ``beam``; its words were chosen
    in the steps before.
    """
    running = [total, float(sums[last][picture, beam])]
    rows = []
    for position in range(last - 1, -1, -1):
        beam = int(origins[position][picture, beam])
        rows.append(looks[position][picture, beam])
        running.append(float(sums[position][picture, beam]))
    regions = looks[0].shape[-1]
    attention = np.array(rows[::-1], dtype=np.float32).reshape(-1, regions)
    return np.diff(np.array(running[::-1])), attention
