from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcap.errors import UsageError
from vidcap.text.ngrams import count_ngrams, has_repeated_ngram

WORDS = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=10)


def test_counts() -> None:
    words = ["a", "hat", "on", "a", "hat"]
    assert count_ngrams(words, 1) == {("a",): 2, ("hat",): 2, ("on",): 1}
    assert count_ngrams(words, 2) == {("a", "hat"): 2, ("hat", "on"): 1, ("on", "a"): 1}
    assert count_ngrams(words, 5) == {("a", "hat", "on", "a", "hat"): 1}
    assert count_ngrams(words, 6) == {}


@given(WORDS, st.integers(1, 5))
def test_as_many_ngrams_as_places_for_them(words: list[str], order: int) -> None:
    assert sum(count_ngrams(words, order).values()) == max(0, len(words) - order + 1)


@pytest.mark.parametrize(
    ("sentence", "order", "expected"),
    [
        ("a hat on top of a hat on top", 4, True),
        ("a hat on top of a hat on the left", 4, False),
        ("a hat on top of a hat on the left", 3, True),
        # The two may overlap.
        ("ha ha ha", 2, True),
        ("ha ha", 2, False),
        ("", 1, False),
    ],
)
def test_loops(sentence: str, order: int, expected: bool) -> None:
    assert has_repeated_ngram(sentence.split(), order) is expected


def test_loops_of_word_numbers() -> None:
    assert has_repeated_ngram([4, 7, 4, 7], 2)


@given(WORDS, st.integers(2, 5))
def test_a_loop_holds_shorter_loops(words: list[str], order: int) -> None:
    if has_repeated_ngram(words, order):
        assert has_repeated_ngram(words, order - 1)


@pytest.mark.parametrize("order", [0, -1])
def test_order_is_checked(order: int) -> None:
    with pytest.raises(UsageError, match=f"order: {order} .* 1 or more"):
        has_repeated_ngram(["a"], order)
