"""Words and their numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from vidcap.text.similarity import tells

PAD, START, END, UNKNOWN = 0, 1, 2, 3
_SPECIAL = ("<pad>", "<start>", "<end>", "<unk>")


class Vocabulary:
    """A fixed list of words; the first four places are for padding, start, end and unknown."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = (*_SPECIAL, *words)
        self._numbers = {word: number for number, word in enumerate(self.words)}

    @classmethod
    def from_sentences(
        cls, sentences: Iterable[Sequence[str]], *, minimum_count: int
    ) -> Vocabulary:
        """Keep words seen ``minimum_count`` times or more, the most frequent first."""
        counts = Counter(word for sentence in sentences for word in sentence)
        kept = [word for word, count in counts.items() if count >= minimum_count]
        return cls(sorted(kept, key=lambda word: (-counts[word], word)))

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, tokens: Sequence[str]) -> list[int]:
        """Return the numbers of tokens, without start or end; unknown words become ``UNKNOWN``."""
        return [self._numbers.get(token, UNKNOWN) for token in tokens]

    def decode(self, numbers: Iterable[int]) -> list[str]:
        """Return the words of numbers, leaving out padding, start and end."""
        return [self.words[number] for number in numbers if number not in (PAD, START, END)]

    def telling(self) -> NDArray[np.bool_]:
        """Return of each word whether it tells something of what is seen, ``(len(self),)``."""
        return np.array([tells(word) for word in self.words], np.bool_)

    def to_list(self) -> list[str]:
        """Return the words alone, as :class:`Vocabulary` takes them."""
        return list(self.words[len(_SPECIAL) :])
