"""Sentences without pictures, cleaned, to learn words from that no training picture shows.

A line of a corpus is a JSON object with ``sentences``: what several people said of one clip.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidcap.captioning.decoding.vocabulary import UNKNOWN, Vocabulary
from vidcap.captioning.noun_matcher import NounMatcher
from vidcap.errors import DataError
from vidcap.text.tokens import tokenize

_SHORTEST, _LONGEST = 4, 16
# Of the film, and not of what is seen in it; and crude words.
_UNWANTED = frozenset(
    "video videos clip clips cartoon cartoons animated animation game games minecraft movie movies "
    "film show shows scene scenes trailer commercial advertisement news episode footage tutorial "
    "recipe song character characters screen slideshow music interview speech lyrics demo review "
    "channel youtube talking talks explaining explains discussing discusses describing describes "
    "telling narrates voice someone somebody something "
    "sexy sex naked nude ass butt shit fuck fucking bitch damn hell penis boobs breasts breast "
    "whore slut crap bastard dick cock gay retarded midget fat kill killing killed dead".split()
)
_ENDINGS = ("s", "es", "d", "ed", "er", "r", "ing", "y", "n", "ly")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class TextGroup:
    """What people said of one clip.

    Attributes:
        sentences: word numbers, without start and end.
        nouns: for each sentence the places of the nouns it names, one or more.
        shares: for each noun the share of the sentences that name it.
    """

    sentences: tuple[tuple[int, ...], ...]
    nouns: tuple[frozenset[int], ...]
    shares: Mapping[int, float]


def read_sentences(paths: Iterable[Path]) -> list[list[list[str]]]:
    """Read corpora and return the sentences of each clip as words, every sentence once in all.

    Misspelt words are mended where a word that is twenty times as frequent differs by a letter.

    Raises:
        DataError: a corpus cannot be read.
    """
    clips: list[list[list[str]]] = []
    seen: set[tuple[str, ...]] = set()
    for path in paths:
        try:
            with path.open(encoding="utf-8") as lines:
                told = [json.loads(line)["sentences"] for line in lines]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}: is no corpus of sentences: {error!r}") from error
        for sentences in told:
            clip = []
            for words in map(tokenize, sentences):
                if _SHORTEST <= len(words) <= _LONGEST and tuple(words) not in seen:
                    seen.add(tuple(words))
                    clip.append(words)
            clips.append(clip)
    counts = Counter(word for clip in clips for words in clip for word in words)
    mended = _mended(counts)
    return [[[mended.get(word, word) for word in words] for words in clip] for clip in clips]


def _mended(counts: Mapping[str, int]) -> dict[str, str]:
    """Return misspelt words and what they should be."""
    result = {}
    for word, count in counts.items():
        if len(word) < 5 or count > 200:
            continue
        best = max(_near(word), key=lambda other: counts.get(other, 0))
        ending = best.startswith(word) or word.startswith(best)
        related = ending or any(word.removesuffix(e) == best.removesuffix(e) for e in _ENDINGS)
        if not related and counts.get(best, 0) >= 20 * count:
            result[word] = best
    return result


def _near(word: str) -> set[str]:
    parts = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    near = {a + b[1:] for a, b in parts if b}
    near |= {a + b[1] + b[0] + b[2:] for a, b in parts if len(b) > 1}
    near |= {a + letter + b for a, b in parts for letter in _LETTERS}
    return near | {a + letter + b[1:] for a, b in parts if b for letter in _LETTERS}


def frequent_words(clips: Sequence[Sequence[Sequence[str]]], minimum_count: int) -> list[str]:
    """Return the words that so many sentences hold, the most frequent first."""
    counts = Counter(
        word
        for clip in clips
        for words in clip
        if _UNWANTED.isdisjoint(words)
        for word in set(words)
    )
    kept = [word for word, count in counts.items() if count >= minimum_count]
    return sorted(kept, key=lambda word: (-counts[word], word))


def text_groups(
    clips: Sequence[Sequence[Sequence[str]]], vocabulary: Vocabulary, finder: NounMatcher
) -> list[TextGroup]:
    """Return the clips of which something is said that names a noun, in known words only."""
    groups = []
    for clip in clips:
        sentences, nouns = [], []
        for words in clip:
            numbers = tuple(vocabulary.encode(words))
            named = frozenset(finder.named(numbers))
            if named and UNKNOWN not in numbers and _UNWANTED.isdisjoint(words):
                sentences.append(numbers)
                nouns.append(named)
        if sentences:
            counts = Counter(noun for named in nouns for noun in named)
            shares = {noun: count / len(sentences) for noun, count in counts.items()}
            groups.append(TextGroup(tuple(sentences), tuple(nouns), shares))
    return groups


def group_weights(groups: Sequence[TextGroup]) -> NDArray[np.float64]:
    """Return the chance of each group to be drawn: the rarer its rarest noun, the likelier."""
    counts = Counter(noun for group in groups for noun in group.shares)
    rarest = [min(counts[noun] for noun in group.shares) for group in groups]
    weights: NDArray[np.float64] = np.array(rarest, dtype=np.float64) ** -0.5
    weights /= weights.sum()
    return weights
