"""Learn the part of each word in noun phrases from sentences alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from vidcap.captioning.decoding.constraints import ARTICLE, MODIFIER, NOUN, OTHER
from vidcap.captioning.decoding.vocabulary import Vocabulary
from vidcap.text.similarity import FUNCTION_WORDS

_ARTICLES = frozenset(("a", "an", "the"))
_JOINS = "and"  # a black and white dog
# Of a word's occurrences behind an article, the share with a function word or the end behind them
# from which on it can be the noun.
_ENDS = 0.2
_LEAST_ENDS = 3
# The share of a word's occurrences that stand before the noun, or are it, from which on it may.
_WITHIN = 0.05


def phrase_parts(vocabulary: Vocabulary, sentences: Iterable[Sequence[str]]) -> str:
    """Return a letter a word, without the special words (``decoding/constraints.py``).

    A word is a noun if it can be the last of the words between an article and a function word; and
    what hardly ever stands between an article and the next noun may not.  A word that no sentence
    holds counts as a noun.

    Args:
        vocabulary: the words.
        sentences: as words, many.
    """
    told = [list(sentence) for sentence in sentences]
    behind: Counter[str] = Counter()
    last: Counter[str] = Counter()
    for sentence in told:
        within = False
        for word, following in zip(sentence, [*sentence[1:], ""], strict=True):
            within = word in _ARTICLES or (
                within and (word == _JOINS or word not in FUNCTION_WORDS)
            )
            if within and word not in _ARTICLES and word != _JOINS:
                behind[word] += 1
                last[word] += not following or (following in FUNCTION_WORDS and following != _JOINS)
    nouns = {
        word
        for word, count in behind.items()
        if count >= _LEAST_ENDS and last[word] >= _ENDS * count
    }
    inside: Counter[str] = Counter()
    for sentence in told:
        waits = False
        for word in sentence:
            inside[word] += waits
            waits = word in _ARTICLES or (waits and word not in nouns)
    counts = Counter(word for sentence in told for word in sentence)

    def part(word: str) -> str:
        if word in _ARTICLES:
            return ARTICLE
        if word not in counts:
            return NOUN
        if inside[word] < _WITHIN * counts[word]:
            return OTHER
        return NOUN if word in nouns else MODIFIER

    return "".join(map(part, vocabulary.to_list()))
