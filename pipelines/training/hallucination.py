"""Find nouns in captions that no human caption bears out, with WordNet.

A caption *invents* when one of its nouns is named by none of the people who described the picture,
nor is a synonym, a narrower or a wider word of anything they named (Fellbaum, "WordNet", 1998).
All words for people count as one: who guesses wrong at sex or age has still seen somebody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from vidcap.errors import DataError
from vidcap.text.similarity import tells

_SENSES = 2  # of a word that are looked at: what is rarer is not what a caption means
_STEPS = 3  # to a wider word: a poodle is a dog, and an animal is too far off to count
_PHYSICAL = "00001930"
_PERSON = "00007846"
_PEOPLE = frozenset("people crowd group couple team family audience band class".split())
# Nouns that name no thing in the picture: places in it, colours, and what pictures are.
_NO_THINGS = frozenset(
    "front back top side middle background foreground edge end bottom center air outside inside "
    "body part picture photo view way piece pair set bunch row area left right one two number "
    "black white red green blue yellow orange brown pink purple gray grey tan".split()
)
_THINGS_IN_ING = frozenset(
    "building clothing painting railing ceiling ring string wing swing king awning crossing".split()
)


class WordNet:
    """Nouns and what is wider than they are, from WordNet's own files.

    Args:
        folder: holds ``index.noun``, ``data.noun``, ``noun.exc`` and ``cntlist.rev``, as Debian's
            package ``wordnet-base`` has them in ``/usr/share/wordnet``.

    Raises:
        DataError: a file is missing or damaged.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self._senses = dict(_senses(folder / "index.noun"))
            self._wider = dict(_wider(folder / "data.noun"))
            self._irregular = dict(
                line.split()[:2] for line in _lines(folder / "noun.exc") if " " in line
            )
            self._noun_counts = _noun_counts(folder / "cntlist.rev")
        except (OSError, ValueError, IndexError) as error:
            raise DataError(f"{folder}: holds no WordNet: {error}") from error

    def noun(self, word: str) -> str | None:
        """Return the singular of a word that names a thing, ``None`` for other words."""
        if word in _NO_THINGS or not tells(word):
            return None
        if word.endswith("ing") and word not in _THINGS_IN_ING:
            return None
        if word in _PEOPLE:
            return "person"
        for lemma in self._singulars(word):
            senses = self._senses.get(lemma)
            counted = self._noun_counts.get(lemma, 0) >= 0
            if senses and counted and _PHYSICAL in self._above(senses[0]):
                return lemma
        return None

    def _singulars(self, word: str) -> list[str]:
        found = [self._irregular[word]] if word in self._irregular else []
        if word.endswith("s") and not word.endswith("ss"):
            found.append(word[:-1])
            if word.endswith("es"):
                found.append(word[:-2])
            if word.endswith("ies"):
                found.append(word[:-3] + "y")
        return [*found, word]

    @lru_cache(maxsize=100_000)  # noqa: B019 - as long as the files' contents, which it holds
    def _above(self, sense: str, steps: int = 99) -> frozenset[str]:
        """Return a sense and what is wider, so many steps up."""
        found = {sense}
        if steps:
            for wider in self._wider.get(sense, ()):
                found |= self._above(wider, steps - 1)
        return frozenset(found)

    def is_person(self, lemma: str) -> bool:
        """Tell whether a noun, as :meth:`noun` gives it, is one for people."""
        return lemma == "person" or _PERSON in self._above(self._senses[lemma][0])

    def near(self, one: str, other: str) -> bool:
        """Tell whether two nouns are the same, or one is wider than the other."""
        if one == other or (self.is_person(one) and self.is_person(other)):
            return True
        first, second = (self._senses[lemma][:_SENSES] for lemma in (one, other))
        return any(
            a in self._above(b, _STEPS) or b in self._above(a, _STEPS)
            for a in first
            for b in second
        )

    def things(self, words: Iterable[str]) -> list[str]:
        """Return the things that a sentence names, as singulars, in order."""
        found = (self.noun(word) for word in words)
        return list(dict.fromkeys(noun for noun in found if noun))

    def invented(self, words: Sequence[str], references: Sequence[Sequence[str]]) -> list[str]:
        """Return the things that a sentence names and no reference does."""
        said = {word for reference in references for word in reference}
        named = self.things(sorted(said))
        return [
            noun
            for noun in self.things(words)
            if noun not in said and not any(self.near(noun, other) for other in named)
        ]


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text("utf-8").splitlines() if not line.startswith("  ")]


def _senses(path: Path) -> Iterable[tuple[str, tuple[str, ...]]]:
    for line in _lines(path):
        parts = line.split()
        yield parts[0], tuple(parts[-int(parts[2]) :])


def _wider(path: Path) -> Iterable[tuple[str, tuple[str, ...]]]:
    for line in _lines(path):
        parts = line.split(" | ")[0].split()
        pointers = parts[5 + 2 * int(parts[3], 16) :]
        wider = [pointers[i + 1] for i in range(0, len(pointers), 4) if pointers[i] in ("@", "@i")]
        yield parts[0], tuple(wider)


def _noun_counts(path: Path) -> dict[str, int]:
    """Return by how much oftener each word was found as a noun than as anything else."""
    counts: dict[str, int] = {}
    for line in _lines(path):
        key, _, count = line.split()
        lemma, sense = key.split("%")
        counts[lemma] = counts.get(lemma, 0) + (int(count) if sense[0] == "1" else -int(count))
    return counts
