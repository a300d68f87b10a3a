"""Break a sentence into lines.

Lines break after punctuation and before conjunctions and prepositions; a line does not end between
article and noun, adjective and noun, first and last name, pronoun and verb, or auxiliary and verb
(Netflix English Timed Text Style Guide, "Line Treatment").  What a word is comes from short English
lists: words outside them break anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_DETERMINERS = _words(
    "a an the this that these those my your his her its our their some any no each every another "
    "both either neither many several few one two three four five six seven eight nine ten"
)
_ADJECTIVES = _words(
    "red orange yellow green blue purple pink brown black white grey gray golden silver tan dark "
    "light bright colorful colourful striped plaid big small large little tiny huge tall short "
    "long high low wide narrow young old older elderly new blond blonde bald furry fluffy shaggy "
    "hairy wet dry muddy snowy sandy grassy rocky wooden dirty clean empty busy crowded open "
    "closed shallow deep steep hot cold warm icy happy sad asian african american indian female "
    "male professional other same several different public inflatable plastic metal concrete "
    "brick stone"
)
_AUXILIARIES = _words(
    "am is are was were be been being has have had having do does did will would can could may "
    "might must shall should isn't aren't wasn't weren't doesn't don't can't"
)
_PRONOUNS = _words("i you he she it we they who")
_CONJUNCTIONS = _words(
    "and or but nor so yet while as because although though when where if than since until unless "
    "that which who whose"
)
_PREPOSITIONS = _words(
    "about above across after against along alongside among around at atop before behind below "
    "beneath beside besides between beyond by down during for from in inside into near of off on "
    "onto out outside over past through throughout to toward towards under underneath up upon "
    "with within without"
)

_MARKS = ".,;:!?\u2026"
_QUOTES = "\"'()[]\u2018\u2019\u201c\u201d"

_AFTER_PUNCTUATION = 0
_BEFORE_CONJUNCTION = 10
_BEFORE_PREPOSITION = 20
_ANYWHERE = 60
_LEAVES_LEADER = 200  # a line that ends on "with" or "and"
_FORBIDDEN = 1000

_RAGGED = 150
"""Cost of lines that differ from the mean length by a whole line; squared with the distance."""


class _Way(NamedTuple):
    """The best way to set the words from one place on; compared part by part."""

    parted: int
    lines: int
    cost: int
    next: int


def break_lines(text: str, width: int, *, together: bool = False) -> tuple[str, ...]:
    """Return ``text`` in lines of at most ``width`` characters, broken where it reads best.

    There are as few lines as possible; among the ways to set them, the one with the least penalty
    for its breaks and for lines of unequal length is taken.  Blanks between words are the only
    places to break at, so a word longer than ``width`` stands whole on a line of its own.  Empty
    text gives no lines.

    Args:
        text: a sentence.
        width: characters a line.
        together: rather take more lines than part words that belong together.
    """
    words = text.split()
    if not words:
        return ()
    goal = sum(map(len, words)) + len(words) - 1
    goal = -(-goal // max(1, -(-goal // width)))
    best: list[_Way] = [_Way(0, 0, 0, 0)] * (len(words) + 1)
    for start in range(len(words) - 1, -1, -1):
        best[start] = min(_ways(words, start, width, goal, best, together=together))
    lines: list[str] = []
    start = 0
    while start < len(words):
        end = best[start].next
        lines.append(" ".join(words[start:end]))
        start = end
    return tuple(lines)


def forbidden_breaks(lines: Sequence[str]) -> int:
    """Return how many of the line ends part words that belong together.

    Lines without a word, as in files of others, part nothing.
    """
    said = [words for line in lines if (words := line.split())]
    return sum(break_penalty(upper[-1], lower[0]) >= _FORBIDDEN for upper, lower in pairwise(said))


def break_penalty(left: str, right: str) -> int:
    """Return what it costs to end a line between the words ``left`` and ``right``, 0 to 1000."""
    before, after = _plain(left), _plain(right)
    if left.rstrip(_QUOTES).endswith(tuple(_MARKS)):
        return _AFTER_PUNCTUATION
    opens_phrase = after in _CONJUNCTIONS or after in _PREPOSITIONS
    if before in _DETERMINERS or before.isdecimal():
        # "a dog like that | in the park" is fine; "that | dog" is not, nor is "one | of".
        return _LEAVES_LEADER if opens_phrase else _FORBIDDEN
    if not opens_phrase and before in _ADJECTIVES | _AUXILIARIES | _PRONOUNS:
        return _FORBIDDEN
    if left[:1].isupper() and right[:1].isupper():
        return _FORBIDDEN
    if before in _CONJUNCTIONS or before in _PREPOSITIONS:
        return _LEAVES_LEADER
    if after in _CONJUNCTIONS:
        return _BEFORE_CONJUNCTION
    if after in _PREPOSITIONS:
        return _BEFORE_PREPOSITION
    return _ANYWHERE


def _ways(
    words: Sequence[str],
    start: int,
    width: int,
    goal: int,
    best: Sequence[_Way],
    *,
    together: bool,
) -> list[_Way]:
    """Return every way to set ``words[start:]``, given the best ways for all later places."""
    ways: list[_Way] = []
    length = -1
    for end in range(start + 1, len(words) + 1):
        length += 1 + len(words[end - 1])
        if length > width and end > start + 1:
            break
        penalty = break_penalty(words[end - 1], words[end]) if end < len(words) else 0
        ragged = _RAGGED * (length - goal) ** 2 // width**2
        rest = best[end]
        parted = rest.parted + (together and penalty >= _FORBIDDEN)
        ways.append(_Way(parted, 1 + rest.lines, penalty + ragged + rest.cost, end))
    return ways


def _plain(word: str) -> str:
    return word.strip(_MARKS + _QUOTES).lower().replace("\u2019", "'")
