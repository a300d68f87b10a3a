from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcap.subtitles.linebreak import break_lines, break_penalty, forbidden_breaks

_WORDS = (
    "a the dog man girl red small is are runs standing in with and while it who Barack Obama "
    "grass, water. building 4 extraordinarily"
)
sentences = st.lists(st.sampled_from(_WORDS.split()), max_size=30).map(" ".join)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ()),
        ("A dog runs.", ("A dog runs.",)),
        ("x" * 42, ("x" * 42,)),
        (
            "A man in a red shirt is standing in front of a large building.",
            ("A man in a red shirt is standing", "in front of a large building."),
        ),
        (
            "Two children play in the water, a dog watches them.",
            ("Two children play in the water,", "a dog watches them."),
        ),
        (
            "A woman wearing a long blue dress smiles and a man takes a photo.",
            ("A woman wearing a long blue dress smiles", "and a man takes a photo."),
        ),
        (
            "A crowd of people listens to Barack Obama speaking.",
            ("A crowd of people listens", "to Barack Obama speaking."),
        ),
    ],
)
def test_known_sentences(text: str, lines: tuple[str, ...]) -> None:
    assert break_lines(text, 42) == lines


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("the", "dog"),
        ("red", "shirt"),
        ("small", "brown"),
        ("is", "running"),
        ("she", "jumps"),
        ("Barack", "Obama"),
        ("4", "dogs"),
    ],
)
def test_words_that_belong_together_are_parted_last(left: str, right: str) -> None:
    assert break_penalty(left, right) == 1000
    assert forbidden_breaks([f"x {left}", f"{right} y"]) == 1


def test_the_order_of_places_to_break() -> None:
    in_order = [
        break_penalty("grass,", "a"),
        break_penalty("grass", "while"),
        break_penalty("grass", "behind"),
        break_penalty("dog", "runs"),
        break_penalty("with", "boys"),
        break_penalty("the", "boys"),
    ]
    assert in_order == sorted(set(in_order))


def test_a_word_longer_than_a_line_stands_whole_on_its_own() -> None:
    word = "x" * 50
    assert break_lines(f"a {word} b", 42) == ("a", word, "b")


@given(sentences, st.integers(1, 60))
def test_lines_keep_all_words_fit_and_are_as_few_as_can_be(text: str, width: int) -> None:
    lines = break_lines(text, width)
    assert " ".join(lines) == text
    assert all(len(line) <= width or " " not in line for line in lines)
    greedy, room = 0, -1
    for word in text.split():
        if room < len(word) + 1:
            greedy, room = greedy + 1, width - len(word)
        else:
            room -= len(word) + 1
    assert len(lines) == greedy


@given(sentences)
def test_two_lines_part_what_belongs_together_only_where_they_must(text: str) -> None:
    lines = break_lines(text, 42)
    words = text.split()
    ways = [(" ".join(words[:cut]), " ".join(words[cut:])) for cut in range(1, len(words))]
    fitting = [way for way in ways if max(map(len, way)) <= 42]
    if len(lines) == 2:
        assert forbidden_breaks(lines) == min(map(forbidden_breaks, fitting))


@given(sentences, st.integers(1, 60))
def test_more_lines_are_taken_only_to_keep_together_what_belongs_together(
    text: str, width: int
) -> None:
    few, together = break_lines(text, width), break_lines(text, width, together=True)
    assert " ".join(together) == text
    assert all(len(line) <= width or " " not in line for line in together)
    assert len(together) >= len(few)
    if len(together) > len(few):
        assert forbidden_breaks(together) < forbidden_breaks(few)
    else:
        assert forbidden_breaks(together) <= forbidden_breaks(few)


def test_a_very_long_text_is_broken_without_delay() -> None:
    lines = break_lines("a dog runs through the grass " * 400, 42)
    assert max(map(len, lines)) <= 42
