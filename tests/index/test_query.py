from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcap.index.query import coverage, match_expression, plain, two_expression, words_of

SYNTAX = [
    '"',
    "'",
    "*",
    "^",
    "(",
    ")",
    ":",
    "-",
    "+",
    "{",
    "}",
    "\0",
    "\n",
    "\\",
    "%",
    ";",
    "--",
    "AND",
    "OR",
    "NOT",
    "NEAR",
    "NEAR/2",
    "text:",
    "screen_text :",
    "rank",
    "../..",
    "\udce9",
]
TEXTS = st.one_of(
    st.text(st.characters(), max_size=60),
    st.lists(st.sampled_from([*SYNTAX, "dog", "the", "a"]), max_size=8).map(" ".join),
    st.lists(st.sampled_from(SYNTAX), max_size=8).map("".join),
)  # fmt: skip


def table() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE VIRTUAL TABLE words USING fts5 (text, screen_text, tokenize = 'porter unicode61')"
    )
    connection.execute("INSERT INTO words VALUES ('a dog and a cat', NULL)")
    return connection


CONNECTION = table()


@given(TEXTS)
def test_no_query_can_break_the_syntax(text: str) -> None:
    words = words_of(text)
    if words:
        CONNECTION.execute(
            "SELECT rowid FROM words WHERE words MATCH ?", (match_expression(words),)
        ).fetchall()


ANYTHING = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@given(st.lists(ANYTHING, min_size=1))
def test_whatever_is_taken_for_a_word_is_quoted(words: list[str]) -> None:
    for expression in (match_expression(words), two_expression([*words, "dog"])):
        CONNECTION.execute("SELECT rowid FROM words WHERE words MATCH ?", (expression,)).fetchall()


def test_two_of_the_words_can_be_asked_for() -> None:
    def found(*words: str) -> bool:
        rows = CONNECTION.execute(
            "SELECT rowid FROM words WHERE words MATCH ?", (two_expression(words),)
        )
        return bool(rows.fetchall())

    assert found("snow", "cat", "dog", "bird")
    assert not found("snow", "cat", "bird", "NEAR")


@given(TEXTS)
def test_a_plain_query_is_one_printable_line(text: str) -> None:
    assert plain(text).isprintable()
    assert plain(plain(text)) == plain(text)
    plain(text).encode()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a dog in the snow", ["dog", "snow"]),
        ("the", ["the"]),
        ("Dogs AND dogs", ["dogs"]),
        ("t-shirt NEAR(red)", ["t-shirt", "red"]),
        ("   ", []),
        ("\0", []),
    ],
)
def test_words_that_say_nothing_are_left_out(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_coverage_does_not_mind_the_form_of_a_word() -> None:
    assert coverage(["dogs", "running"], "a dog runs") == 1
    assert coverage(["dogs", "sleeping"], "a dog runs") == 0.5
