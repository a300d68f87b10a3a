"""Map ImageNet classes to everyday nouns, and exchange nouns in training captions.

``concepts.json`` holds the table, made and checked by hand: for each noun the classes that people
would call so, as numbers and ranges in ImageNet's order; other words for the same (``also``); and
nouns that can stand in each other's place in a sentence (``kinds``).  Classes that name clothes,
small parts or what photographs are full of without anybody mentioning it belong to no noun.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vidcap.captioning.decoding.vocabulary import PAD, Vocabulary
from vidcap.captioning.networks.concepts import NOUN_WORDS
from vidcap.captioning.noun_matcher import NounMatcher

_FILE = Path(__file__).with_name("concepts.json")
_UNCHANGED = frozenset(
    "sheep deer fish skis books tools drums bubbles oranges potatoes binoculars".split()
)
_IRREGULAR = {
    "mouse": "mice",
    "knife": "knives",
    "goose": "geese",
    "wolf": "wolves",
    "bookshelf": "bookshelves",
}


@dataclass(frozen=True, slots=True)
class Nouns:
    """The table.

    Attributes:
        names: the nouns, some of several words.
        classes: the ImageNet classes of each.
        forms: for each noun the words, or runs of words, that name it: singular and plural.
        siblings: for each noun the places of those that can stand for it; empty for most.
    """

    names: tuple[str, ...]
    classes: tuple[tuple[int, ...], ...]
    forms: tuple[tuple[str, ...], ...]
    siblings: tuple[tuple[int, ...], ...]

    def words(self) -> list[str]:
        """Return every word that a decoder needs for them: names, and plurals of siblings."""
        needed = set(" ".join(self.names).split())
        for name, own in zip(self.names, self.siblings, strict=True):
            needed |= set(plural(name).split()) if own else set()
        return sorted(needed)


def plural(noun: str) -> str:
    """Return the plural of a noun of the table."""
    *before, last = noun.split()
    if last in _UNCHANGED:
        return noun
    if last in _IRREGULAR:
        last = _IRREGULAR[last]
    elif last.endswith(("s", "x", "ch", "sh")):
        last += "es"
    elif last.endswith("y") and last[-2] not in "aeiou":
        last = last[:-1] + "ies"
    else:
        last += "s"
    return " ".join([*before, last])


def _numbers(text: str) -> tuple[int, ...]:
    found: list[int] = []
    for part in text.split():
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return tuple(found)


def load_nouns() -> Nouns:
    """Read the table that comes with vidcap."""
    table = json.loads(_FILE.read_text(encoding="utf-8"))
    names = tuple(table["nouns"])
    also: Mapping[str, Sequence[str]] = table["also"]
    siblings: dict[str, tuple[int, ...]] = {}
    for kind in table["kinds"].values():
        for name in kind:
            siblings[name] = tuple(names.index(other) for other in kind if other != name)
    return Nouns(
        names,
        tuple(_numbers(text) for text in table["nouns"].values()),
        tuple((name, plural(name), *also.get(name, ())) for name in names),
        tuple(siblings.get(name, ()) for name in names),
    )


def group_of_classes(nouns: Nouns, classes: int) -> Tensor:
    """Return ``(classes,)`` the place of each class's noun, the number of nouns for none."""
    group = torch.full((classes,), len(nouns.names))
    for place, own in enumerate(nouns.classes):
        group[list(own)] = place
    return group


def word_numbers(nouns: Nouns, vocabulary: Vocabulary) -> Tensor:
    """Return ``(nouns, NOUN_WORDS)`` the numbers of each noun's words, padded."""
    numbers = torch.full((len(nouns.names), NOUN_WORDS), PAD)
    for place, name in enumerate(nouns.names):
        own = vocabulary.encode(name.split())
        numbers[place, : len(own)] = torch.tensor(own)
    return numbers


class NounSwapper(NounMatcher):
    """Finds the nouns of the table in sentences of word numbers, and puts one for another."""

    def __init__(self, nouns: Nouns, vocabulary: Vocabulary) -> None:
        super().__init__(nouns.forms, vocabulary)
        self.siblings = nouns.siblings
        self._singles = [vocabulary.encode(name.split()) for name in nouns.names]
        self._plurals = [vocabulary.encode(plural(name).split()) for name in nouns.names]
        self._several = [
            {
                tuple(vocabulary.encode(form.split()))
                for form in forms
                if form == plural(name) or (form != name and form.endswith("s"))
            }
            for name, forms in zip(nouns.names, nouns.forms, strict=True)
        ]
        self._articles = vocabulary.encode(["a", "an"])
        self._vowel = [name[0] in "aeiou" for name in nouns.names]

    def swap(self, words: Sequence[int], old: int, new: int) -> list[int]:
        """Return a sentence with one noun in another's place, its article after it."""
        result: list[int] = []
        done = 0
        for noun, first, last in self.find(words):
            if noun != old:
                continue
            result += words[done:first]
            if result and result[-1] in self._articles:
                result[-1] = self._articles[self._vowel[new]]
            several = tuple(words[first:last]) in self._several[old]
            result += self._plurals[new] if several else self._singles[new]
            done = last
        return [*result, *words[done:]]


def noisy(
    strengths: NDArray[np.float32], rng: np.random.Generator, *, drop: float, corrupt: float
) -> NDArray[np.float32]:
    """Return ``(N, G)`` strengths as a poorer recogniser would give them.

    Args:
        strengths: what was recognised.
        rng: draws.
        drop: chance that nothing at all is recognised on a picture.
        corrupt: chance that a noun that is not there is, with any strength.
    """
    count, nouns = strengths.shape
    result = strengths * rng.uniform(0.6, 1.0, (count, nouns)).astype(np.float32)
    rows = np.flatnonzero(rng.random(count) < corrupt)
    result[rows, rng.integers(0, nouns, len(rows))] = rng.uniform(0.1, 0.9, len(rows))
    result[rng.random(count) < drop] = 0.0
    return result
