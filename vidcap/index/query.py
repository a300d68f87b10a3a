"""Parse a search query into FTS5 syntax and ranking terms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vidcap.text.similarity import FUNCTION_WORDS, stem
from vidcap.text.tokens import tokenize

# Nobody types more; a file that was pasted in by mistake should not take minutes.
_MOST_CHARACTERS = 2000
_MOST_WORDS = 64


def plain(text: str) -> str:
    """Return a query without what is no text: control characters, halves of characters."""
    text = text[:_MOST_CHARACTERS].encode("utf-8", "replace").decode()
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def words_of(text: str) -> list[str]:
    """Return the words of a query that say something, each once, in their order.

    Function words say something only where there is nothing else.
    """
    words = list(dict.fromkeys(tokenize(plain(text))))
    telling = [word for word in words if word not in FUNCTION_WORDS]
    return (telling or words)[:_MOST_WORDS]


def match_expression(words: Iterable[str]) -> str:
    """Return an FTS5 expression for scenes with any of the words; none of FTS5's own syntax.

    Every word is quoted, so that ``AND``, ``NEAR``, ``*`` and the like are words like others.
    """
    return " OR ".join(_quoted(word) for word in words)


def two_expression(words: Sequence[str]) -> str:
    """Return an FTS5 expression for scenes with two of the words or more."""
    return " OR ".join(
        f"({_quoted(word)} AND ({match_expression(words[number:])}))"
        for number, word in enumerate(words[:-1], 1)
    )


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def coverage(words: Iterable[str], text: str) -> float:
    """Return what share of the words of a query a sentence has, in whatever form."""
    wanted = {stem(word) for word in words}
    return len(wanted & {stem(word) for word in tokenize(text)}) / max(1, len(wanted))
