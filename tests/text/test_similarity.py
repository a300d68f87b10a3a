from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcap.text.similarity import FUNCTION_WORDS, stem, token_f1
from vidcap.text.tokens import tokenize

WORDS = st.sampled_from(
    [
        "a",
        "the",
        "is",
        "'s",
        "in",
        "on",
        "and",
        "dog",
        "dogs",
        "man",
        "men",
        "run",
        "runs",
        "running",
        "red",
        "ball",
        "two",
        "n't",
        "ing",
        "s",
        "men",
    ]
)
SENTENCES = st.lists(WORDS, max_size=12)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("a dog runs", "the dog is running", 1.0),
        ("a man rides a horse", "men riding horses", 1.0),
        ("a dog", "a cat", 0.0),
        # dog, run, grass and dog, sit, grass: two of three.
        ("a dog runs through the grass", "a dog sits in the grass", 2 / 3),
        # A word counts as often as it stands there: dog, dog, run and dog, run.
        ("dog dog runs", "dog runs", 4 / 5),
        # Number and negation are part of what is said.
        ("two dogs", "three dogs", 1 / 2),
        ("it is n't red", "it is red", 2 / 3),
        ("the dog 's ball", "a dog ball", 1.0),
        ("", "", 1.0),
        ("it is", "it is", 1.0),
        ("it is", "they are", 0.0),
        ("", "a dog", 0.0),
        ("it is", "a dog", 0.0),
    ],
)
def test_likeness(a: str, b: str, expected: float) -> None:
    assert token_f1(a.split(), b.split()) == pytest.approx(expected)


@given(SENTENCES, SENTENCES)
def test_lies_between_0_and_1_and_is_symmetrical(a: list[str], b: list[str]) -> None:
    assert 0 <= token_f1(a, b) <= 1
    assert token_f1(a, b) == token_f1(b, a)


@given(SENTENCES)
def test_a_sentence_says_what_it_says(words: list[str]) -> None:
    assert token_f1(words, words) == 1


@given(st.permutations(["a", "man", "in", "a", "red", "shirt", "throws", "two", "balls"]))
def test_order_does_not_matter(words: list[str]) -> None:
    assert token_f1(words, sorted(words)) == 1


@pytest.mark.parametrize(
    "forms",
    [
        "run runs running",
        "ride rides riding",
        "jump jumps jumping",
        "sit sits sitting",
        "carry carries carrying",
        "fly flies flying",
        "try tries trying",
        "watch watches watching",
        "fall falls falling",
        "kiss kisses kissing",
        "house houses",
        "horse horses",
        "box boxes",
        "dress dresses",
        "baby babies",
        "bus buses",
        "man men",
        "fireman firemen",
        "woman women",
        "child children",
        "person people",
    ],
)
def test_forms_of_one_word(forms: str) -> None:
    assert len({stem(form) for form in forms.split()}) == 1


@pytest.mark.parametrize("word", ["grass", "swing", "spring", "string", "tennis", "ring", "s", "t"])
def test_words_that_only_look_inflected(word: str) -> None:
    assert stem(word) == word


@given(st.text())
def test_any_word_has_a_stem(word: str) -> None:
    assert isinstance(stem(word), str)


def test_function_words_are_words_the_tokeniser_gives() -> None:
    for word in FUNCTION_WORDS:
        assert tokenize(word) == [word]
