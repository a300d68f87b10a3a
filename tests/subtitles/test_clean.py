from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vidcap.subtitles.clean import clean_lines, clean_text, sentence_case

any_text = st.text(st.characters(), max_size=40)  # surrogates and controls included


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a dog", "a dog"),
        ("  a\tdog\r\n\r\nruns\u2028on\x85 ", "a dog runs on"),
        ("a\x00dog\x1b[0m", "a dog [0m"),
        ("half \ud83d an emoji", "half \ufffd an emoji"),
        ("\ufeffa dog", "a dog"),
        ("00:01 --> 00:02", "00:01 \u2192 00:02"),
        ("--\ufeff>", "\u2192"),
        ("00:00:01,000", "00:00\u223601,000"),
        ("\u05db\u05dc\u05d1 \u05e8\u05e5", "\u05db\u05dc\u05d1 \u05e8\u05e5"),
        (
            "\U0001f468\u200d\U0001f469\u200d\U0001f467 wave",
            "\U0001f468\u200d\U0001f469\u200d\U0001f467 wave",
        ),
        ("a < b & c", "a < b & c"),
        ("", ""),
    ],
)
def test_known_texts(text: str, cleaned: str) -> None:
    assert clean_text(text) == cleaned


@given(any_text)
@example("--\x00>")
@example("---->>")
@example("1:\ufeff1:1.1:1.1")
def test_clean_text_is_one_safe_line_and_stays_as_it_is(text: str) -> None:
    cleaned = clean_text(text)
    cleaned.encode("utf-8")
    assert len(cleaned.splitlines()) <= 1
    assert cleaned == cleaned.strip()
    assert "-->" not in cleaned
    assert "\x00" not in cleaned
    assert clean_text(cleaned) == cleaned


@given(st.text(st.sampled_from("abc XYZ,.'!?-"), max_size=40))
def test_plain_words_are_kept(text: str) -> None:
    assert clean_text(text) == " ".join(text.split())


def test_lines_that_hold_nothing_go() -> None:
    assert clean_lines(["a dog", " \x00", "", "runs"]) == ["a dog", "runs"]


def test_a_last_line_of_digits_joins_the_one_above() -> None:
    assert clean_lines(["there are", "42"]) == ["there are 42"]
    assert clean_lines(["42"]) == ["42"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a dog runs", "A dog runs."),
        ("A dog runs.", "A dog runs."),
        ("is it a dog?", "Is it a dog?"),
        ('a sign says "stop!"', 'A sign says "stop!"'),
        ("a sign (closed)", "A sign (closed)."),
        ("iPhone on a table", "iPhone on a table."),
        ("\u00e9toile", "\u00c9toile."),
        ("\u00dfa", "\u00dfa."),
        ("4 dogs", "4 dogs."),
        ("\u72d7\u3002", "\u72d7\u3002"),
        ("", ""),
    ],
)
def test_sentence_case(text: str, sentence: str) -> None:
    assert sentence_case(text) == sentence


@given(any_text)
@example("\u00b5m")
def test_sentence_case_adds_a_capital_and_a_mark_and_nothing_else(text: str) -> None:
    sentence = sentence_case(clean_text(text))
    assert sentence_case(sentence) == sentence
    assert sentence.lower().removesuffix(".") == clean_text(text).lower().removesuffix(".")
