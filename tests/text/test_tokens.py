from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcap.text.tokens import detokenize, tokenize

# Letters that change length or form under normalising and lower-casing, marks that mean something
# to the tokeniser, and plain text: any text at all seldom puts two of them side by side.
TRICKY = st.text(
    alphabet="aTnts'\u2019-.,:3 0_sdİßΣK\u030cJ\u0301\u00ad\u200d\u00b4\ufb01½²٣\u0345é"
)
ANY_TEXT = st.text(alphabet=st.characters()) | TRICKY  # lone surrogates included


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("A man in a t - shirt is jumping .", "a man in a t-shirt is jumping"),
        ("a man in a T shirt", "a man in a t-shirt"),
        ("Two men in t-shirts.", "two men in t-shirts"),
        ("The dog 's toy", "the dog 's toy"),
        ("The dog\u2019s toy", "the dog 's toy"),
        ("The dogs' toys", "the dogs toys"),
        (
            "It's what they're doing; I'm sure we'll see.",
            "it 's what they 're doing i 'm sure we 'll see",
        ),
        ("He isn't, she can't've, do n't walk", "he is n't she ca n't 've do n't walk"),
        ("the letter 's' and the word 'stop'", "the letter s and the word stop"),
        ("at two o'clock", "at two o'clock"),
        ("a snow-covered hill, merry-go-round", "a snow covered hill merry go round"),
        ("a game of tug-o-war", "a game of tug o war"),
        ("a tri\u2011colored dog", "a tri colored dog"),
        ("an x-ray of a 4-wheeler", "an x-ray of a 4-wheeler"),
        (
            "Sooners # 28 at 7:30, 10,000 people, 3.5 miles.",
            "sooners 28 at 7:30 10,000 people 3.5 miles",
        ),
        ('A sign reads "GO!" (twice)...', "a sign reads go twice"),
        ("snake_case and/or dots.in.between", "snake case and or dots in between"),
        ("\ufb01sh in a cafe\u0301", "fish in a caf\u00e9"),
        ("un\u00adder the bridge\ufeff", "under the bridge"),
        ("", ""),
        (" .,;:!?'\"-_ ", ""),
    ],
)
def test_words_of_a_sentence(sentence: str, words: str) -> None:
    assert tokenize(sentence) == words.split()


def test_accent_that_composes_only_in_lower_case() -> None:
    # There is a small j with caron in Unicode, and no capital one.
    assert tokenize("J\u030c") == ["\u01f0"]


def test_no_character_escapes_normalising() -> None:
    for sentence in map(chr, range(0x30000)):
        words = tokenize(sentence)
        assert tokenize(" ".join(words)) == words, hex(ord(sentence))


@given(ANY_TEXT)
def test_tokens_of_the_tokens_are_the_tokens(sentence: str) -> None:
    words = tokenize(sentence)
    assert tokenize(" ".join(words)) == words


@given(ANY_TEXT)
def test_a_token_is_lower_case_and_has_no_blank(sentence: str) -> None:
    for word in tokenize(sentence):
        assert word
        assert word == word.lower()
        assert not any(character.isspace() for character in word)


@given(ANY_TEXT)
def test_written_words_are_read_back(sentence: str) -> None:
    words = tokenize(sentence)
    assert tokenize(detokenize(words)) == words


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("the dog 's toy is n't red", "the dog's toy isn't red"),
        ("'s toy", "'s toy"),
        ("", ""),
    ],
)
def test_words_as_people_write_them(words: str, sentence: str) -> None:
    assert detokenize(words.split()) == sentence
