"""What models answer, and the sentence that is left of it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcap.captioning.adapters.sentences import (
    NOTHING_SAID,
    NOTHING_SAID_SCORE,
    as_caption,
    plain_sentence,
)
from vidcap.subtitles.clean import sentence_case
from vidcap.text.ngrams import has_repeated_ngram
from vidcap.text.tokens import tokenize


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        # Talk of the picture as a picture.
        ("This image shows a dog running on the beach.", "a dog running on the beach"),
        ("The picture depicts two men. They are old.", "two men"),
        ("In this image, we can see a cat on a sofa.", "a cat on a sofa"),
        ("In the picture there are several people.", "there are several people"),
        ("In the photo is a red bus.", "a red bus"),
        ("The black and white photograph captures a crowd.", "a crowd"),
        ("The image appears to show a kitchen in the image.", "a kitchen"),
        ("The image is a photo of a man in a hat.", "a man in a hat"),
        ("This is a picture of a horse", "a horse"),
        ("A photo of a cat", "a cat"),
        ("The main subject of the image is a red car.", "a red car"),
        ("I can see that a child is crying.", "a child is crying"),
        ("There is a dog in this picture.", "there is a dog"),
        # What only looks like it.
        ("A picture frame hangs on the wall.", "a picture frame hangs on the wall"),
        ("The man in the picture shows a dog", "the man in the picture shows a dog"),
        ("A video game console on a table", "a video game console on a table"),
        ("It is raining on a street.", "it is raining on a street"),
        (
            "A woman sees that the photo of a cat is old",
            "a woman sees that the photo of a cat is old",
        ),
        # Manners.
        ("Sure! Here is a caption for the image:\n\n**A dog runs.**\n\nEnjoy!", "a dog runs"),
        ("Certainly, here's one: A horse eats.", "a horse eats"),
        ("I'd be happy to help! The image features a boat.", "a boat"),
        ("Caption: a man on a bike", "a man on a bike"),
        ("# Description\n\nA tree stands alone", "a tree stands alone"),
        ("<think>Two dogs? No: one.</think>\nOne dog sleeps.", "one dog sleeps"),
        ("one or two dogs</think>One dog sleeps.", "one dog sleeps"),
        # Marks and tokens.
        ("<CAPTION>a man rides a horse</s><pad><pad>", "a man rides a horse"),
        ("[CLS] a man rides a horse [SEP]", "a man rides a horse"),
        ("a bird<|im_end|>\n", "a bird"),
        ('"A bird on a branch."', "a bird on a branch"),
        ('A sign that says "stop".', 'a sign that says "stop"'),
        ('"A sign that says "stop"."', 'a sign that says "stop"'),
        ("\u201cA bird\u201d", "a bird"),
        ("- A bird\n- A tree", "a bird"),
        ("1. `A bird`", "a bird"),
        ("[A bird](http://example.org/a.jpg) sings", "a bird sings"),
        ("```\na bird\n```", "a bird"),
        ("a woman ' s t - shirt , and a dog .", "a woman's t-shirt, and a dog"),
        ("a cat, , , a dog", "a cat, a dog"),
        # The first sentence, whole.
        ("Mr. Smith walks 3.5 km. He is tired.", "Mr. Smith walks 3.5 km"),
        ("What a goal! The crowd cheers.", "what a goal"),
        # Loops and what hangs.
        ("a hat on top of a hat on top of a hat on top of a hat", "a hat on top of a hat"),
        ("a dog a dog a dog a dog", "a dog"),
        ("dog dog dog dog dog", "dog"),
        ("a man who is standing on a", "a man who is standing"),
        ("a man standing by", "a man standing by"),
        # Capitals.
        ("A man looks at the Eiffel Tower in Paris.", "a man looks at the Eiffel Tower in Paris"),
        ("This is a photo of Ada Lovelace writing", "Ada Lovelace writing"),
        ("A Man Riding A Horse On The Beach", "a man riding a horse on the beach"),
        ("A MAN ON A HORSE", "a man on a horse"),
        # Other scripts end their sentences otherwise.
        ("\u732b\u3067\u3059\u3002\u72ac\u3067\u3059\u3002", "\u732b\u3067\u3059"),
        # Nothing.
        ("", ""),
        ("</s>", ""),
        ("...", ""),
        ("This image shows", ""),
        ("Sure!", ""),
    ],
)
def test_what_is_left_of_an_answer(answer: str, sentence: str) -> None:
    assert plain_sentence(answer) == sentence


_PIECES = st.sampled_from(
    "a dog a man on in of the image shows This picture depicts Sure! Here is ** # - <CAPTION> </s> "
    "Paris PARIS . , : ; ! ? ... \" ' \u201c [CLS] <think> </think> 3.5 Mr. 1. \n \n\n it's - and "
    "of a photo I can see that caption: ( ) `".split(" ")
)


@given(st.one_of(st.text(max_size=80), st.lists(_PIECES, max_size=40).map(" ".join)))
def test_whatever_is_answered_gives_a_plain_caption(answer: str) -> None:
    caption = as_caption(answer, -0.5)
    words = tokenize(caption.text)
    assert words
    assert caption.text == " ".join(caption.text.split())
    assert not caption.text.endswith((".", ",", "!", "?", ":", ";"))
    assert not has_repeated_ngram(words, 3)
    assert not caption.text.lower().startswith(("this image shows", "sure!"))
    assert tokenize(sentence_case(caption.text)) == words


@pytest.mark.parametrize(
    "answer", ["a " * 50_000, "<think>" * 20_000, '"' * 50_000, "a. " * 20_000]
)
def test_an_answer_of_any_length_is_soon_dealt_with(answer: str) -> None:
    assert len(as_caption(answer, -0.5).text) < 500


def test_nothing_said_is_a_caption_that_no_vote_goes_to() -> None:
    caption = as_caption("</s>", -0.01)
    assert (caption.text, caption.score) == (NOTHING_SAID, NOTHING_SAID_SCORE)


@pytest.mark.parametrize(
    ("score", "kept"),
    [(-0.123456, -0.1235), (1e-9, 0.0), (-math.inf, -99.0), (math.nan, -99.0)],
)
def test_scores_are_finite_not_above_zero_and_of_four_decimals(score: float, kept: float) -> None:
    assert as_caption("a dog", score).score == kept
