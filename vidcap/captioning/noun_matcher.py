"""Everyday nouns in sentences of word numbers."""

from __future__ import annotations

from collections.abc import Sequence

from vidcap.captioning.decoding.vocabulary import UNKNOWN, Vocabulary


class NounMatcher:
    """Finds nouns in sentences.

    Args:
        forms: for each noun the words, or runs of words, that name it; those with a word that is
            not in the vocabulary are passed over, and of two nouns with one form the first has it.
        vocabulary: the words.
    """

    def __init__(self, forms: Sequence[Sequence[str]], vocabulary: Vocabulary) -> None:
        self._forms: dict[tuple[int, ...], int] = {}
        for place, own in enumerate(forms):
            for form in own:
                numbers = tuple(vocabulary.encode(form.split()))
                if UNKNOWN not in numbers:
                    self._forms.setdefault(numbers, place)
        self._longest = max(map(len, self._forms), default=0)

    def find(self, words: Sequence[int]) -> list[tuple[int, int, int]]:
        """Return each noun's place among all, its first word and the one behind its last.

        Of nouns that begin at the same word the longest is found: a hot dog is no dog.
        """
        found = []
        place = 0
        while place < len(words):
            for length in range(min(self._longest, len(words) - place), 0, -1):
                noun = self._forms.get(tuple(words[place : place + length]))
                if noun is not None:
                    found.append((noun, place, place + length))
                    place += length
                    break
            else:
                place += 1
        return found

    def named(self, words: Sequence[int]) -> set[int]:
        """Return the places of the nouns that a sentence names."""
        return {noun for noun, _, _ in self.find(words)}
