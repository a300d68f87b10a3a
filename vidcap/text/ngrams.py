"""Count n-grams, and check the input of caption metrics."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from vidcap.errors import UsageError


def count_ngrams(words: Sequence[Hashable], order: int) -> dict[tuple[Hashable, ...], int]:
    """Return how often each run of ``order`` words occurs, in order of first appearance."""
    counts: dict[tuple[Hashable, ...], int] = {}
    for ngram in zip(*(words[start:] for start in range(order)), strict=False):
        counts[ngram] = counts.get(ngram, 0) + 1
    return counts


def has_repeated_ngram(words: Sequence[Hashable], order: int) -> bool:
    """Return whether some run of ``order`` words occurs twice, as in "a hat on top of a hat on".

    Raises:
        UsageError: ``order`` is below 1.
    """
    if order < 1:
        raise UsageError(f"order: {order} is not possible; 1 or more is")
    return any(count > 1 for count in count_ngrams(words, order).values())


def check_corpus(
    candidates: Sequence[Sequence[Hashable]],
    references: Sequence[Sequence[Sequence[Hashable]]],
) -> None:
    """Refuse a corpus that a metric would give a wrong figure for.

    Raises:
        UsageError: there are no candidates, there are not as many groups of references, a group
            is empty, or a sentence is a string where a list of words should be.
    """
    if not len(candidates):
        raise UsageError("candidates: is empty; a metric needs at least one sentence")
    if len(candidates) != len(references):
        raise UsageError(
            f"{len(candidates)} candidates and {len(references)} groups of references; "
            "each candidate needs one group"
        )
    for index, (candidate, group) in enumerate(zip(candidates, references, strict=True)):
        check_references(group, name=f"references[{index}]")
        check_words(candidate, name=f"candidates[{index}]")


def check_references(group: Sequence[Sequence[Hashable]], *, name: str) -> None:
    """Refuse a group of references that is empty or not of lists of words.

    Raises:
        UsageError: naming the group.
    """
    if not len(group):
        raise UsageError(f"{name}: is empty; give at least one reference sentence")
    check_words(group, name=name)
    for reference in group:
        check_words(reference, name=name)


def check_words(words: Sequence[object], *, name: str) -> None:
    """Refuse a string, whose letters would be taken for words.

    Raises:
        UsageError: naming the string.
    """
    if isinstance(words, str):
        raise UsageError(f"{name}: {words!r} is a string; give a list of words (see tokenize)")
