"""The describer's style: nothing guessed, and shorter by whole clauses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcap.description.rewriting import (
    content,
    count_words,
    describe_style,
    head_noun_phrase,
    shorter,
)
from vidcap.text.tokens import tokenize


@pytest.mark.parametrize(
    ("caption", "told"),
    [
        ("a man in a red shirt", "A person in a red shirt."),
        ("two women and a girl", "Two people and a child."),
        ("a man and a woman are dancing", "Two people are dancing."),
        ("a man and another man and a woman talk", "Three people talk."),
        ("a boy with his dog", "A child with their dog."),
        ("an old woman", "An old person."),
        ("an asian man is eating", "A person is eating."),
        ("a black man with a black dog", "A person with a black dog."),
        ("a black dog and a white cat", "A black dog and a white cat."),
        ("a happy child laughs", "A child laughs."),
        ("a man while he is running", "A person while they are running."),
        ("a hat and a hat", "A hat."),
        ("a baby and a baby", "A baby and a baby."),
        ("", ""),
    ],
)
def test_what_is_guessed_is_not_told(caption: str, told: str) -> None:
    assert describe_style(caption) == told


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("A brown dog is running through the grass.", "A brown dog."),
        ("A black and white dog jumps.", "A black and white dog."),
        ("Two children playing with a toy.", "Two children."),
        ("A group of people are standing.", "A group of people."),
        ("A person in a hat.", "A person."),
        ("A baseball player.", "A baseball player."),
        ("Standing in the rain.", ""),
        ("", ""),
    ],
)
def test_what_a_sentence_is_about(text: str, about: str) -> None:
    assert head_noun_phrase(text) == about


def test_a_sentence_loses_whole_clauses_from_its_end_on() -> None:
    text = "A person in a red shirt is riding a bike in a parking lot."
    assert shorter(text) == [
        "A person is riding a bike in a parking lot.",
        "A person in a red shirt is riding a bike.",
        "A person is riding a bike.",
        "A person.",
    ]


def test_numbers_agree_when_what_stands_between_goes() -> None:
    assert "Two dogs are running." in shorter("Two dogs with a ball are running on the sand.")
    assert all(" are " not in way for way in shorter("A dog in a field is running with sticks."))


WORDS = st.sampled_from(
    "a an the man woman two dogs black white dog is are in on with his red and running rides "
    "bike of front to next people happy that".split()
)


@given(st.lists(WORDS, min_size=1, max_size=14))
def test_shorter_ways_are_shorter_and_say_nothing_new(words: list[str]) -> None:
    text = describe_style(" ".join(words))
    before = text
    for way in shorter(text):
        assert len(way) < len(text)
        assert len(way) <= len(before)
        assert set(tokenize(way)) <= set(tokenize(text))
        assert way[0].isupper() or not way[0].isalpha()
        assert way.endswith(".")
        before = way


@given(st.text(max_size=60))
def test_any_text_has_a_style(text: str) -> None:
    told = describe_style(text)
    assert describe_style(told) in (told, describe_style(describe_style(told)))
    assert "\n" not in told
    head_noun_phrase(told)
    shorter(told)


def test_words_are_counted_as_they_are_spoken() -> None:
    assert count_words("It's 10:30; a T-shirt, two dogs.") == 6
    assert count_words("") == 0


def test_content_is_what_tells_something() -> None:
    assert content("A dog is running on the beach.") == content("The dogs run at a beach")
