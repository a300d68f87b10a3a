"""Measure the similarity of two captions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

_DETERMINERS = "a an the this that these those some his her its their"
_PRONOUNS = "he she it they him them who which there"
_PREPOSITIONS = (
    "about above across after against along around as at away before behind below beneath beside "
    "between by down during for from in inside into near next of off on onto out outside over past "
    "through to toward towards under up upon with"
)
# The contracted ones too, and with them the possessive, which looks the same.
_AUXILIARIES = (
    "is are was were be been being am has have had having do does did can could will would may "
    "might must 's 're 'm 've 'll 'd"
)
_CONJUNCTIONS = "and or but while when where"

# Words that tell little of what is seen: without them, captions of different pictures have next to
# nothing in common.  Numbers and negations are not among them, since they change what is said.
FUNCTION_WORDS = frozenset(
    " ".join((_DETERMINERS, _PRONOUNS, _PREPOSITIONS, _AUXILIARIES, _CONJUNCTIONS)).split()
)

_IRREGULAR = {"people": "person", "children": "child", "feet": "foot"}
_VOWEL = re.compile("[aeiouy]")
_ES = re.compile("(?:s|x|z|ch|sh)es$")


def tells(word: str) -> bool:
    """Return whether a word, lower case, tells something of what is seen."""
    return word.isalpha() and word not in FUNCTION_WORDS


def token_f1(a: Sequence[str], b: Sequence[str]) -> float:
    """Return how much two sentences share, from 0 (nothing) to 1 (the same words in any order).

    The words are those of :func:`vidcap.text.tokens.tokenize`.  The measure is F1 of their
    multisets, function words left out and the rest reduced to :func:`stem`, so that "a dog runs"
    and "the dog is running" are the same.  Sentences of nothing but function words are the same
    when they are equal.  Symmetrical.
    """
    content_a, content_b = _content(a), _content(b)
    total = content_a.total() + content_b.total()
    if not total:
        return float(list(a) == list(b))
    return 2 * (content_a & content_b).total() / total


def _content(words: Iterable[str]) -> Counter[str]:
    return Counter(stem(word) for word in words if word not in FUNCTION_WORDS)


def stem(word: str) -> str:
    """Return a word without its plural, third-person or -ing ending; not always a word itself.

    Only these endings, which is what captions of one scene differ in: "runs", "running" and "run"
    become "run"; "rides", "riding" and "ride" become "rid".
    """
    word = _IRREGULAR.get(word, word)
    if word.endswith("men"):
        word = word[:-2] + "an"
    elif len(word) > 3 and _ES.search(word):
        word = word[:-2]
    elif len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    if len(word) > 5 and word.endswith("ing") and _VOWEL.search(word[:-3]):
        word = word[:-3]
        if word[-1] == word[-2] and word[-1] not in "lsz":
            word = word[:-1]
    # "ride" like "rid(ing)", "carry" like "carri(es)".
    if len(word) > 3:
        word = word.removesuffix("e")
    if len(word) > 2 and word.endswith("y") and not _VOWEL.match(word[-2]):
        word = word[:-1] + "i"
    return word
