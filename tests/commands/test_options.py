"""The values that options take."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import click
import pytest

from vidcap.commands import options


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (options.names, "srt, vtt,,", ("srt", "vtt")),
        (options.names, "", ()),
        (options.count, "0", 0),
        (options.count, "999999", 999_999),
        (options.positive, "1", 1),
        (options.port, "65535", 65_535),
        (options.number, "0.5", Fraction(1, 2)),
        (options.number, "30000/1001", Fraction(30_000, 1001)),
        (options.time, "90", Fraction(90)),
        (options.time, "1:30", Fraction(90)),
        (options.time, "01:00:00.001", Fraction(3_600_001, 1000)),
    ],
)
def test_values_are_exact(read: Callable[[str], object], text: str, value: object) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (options.count, "-1"),
        (options.count, "1.5"),
        (options.count, "1000000"),
        (options.count, "\N{SUPERSCRIPT TWO}"),
        (options.count, "\N{ARABIC-INDIC DIGIT TWO}"),
        (options.positive, "0"),
        (options.port, "0"),
        (options.port, "65536"),
        (options.number, ""),
        (options.number, "-1"),
        (options.number, "1/0"),
        (options.number, "1/2/3"),
        (options.number, "1e9"),
        (options.number, "9" * 25),
        (options.time, "1:2:3:4"),
        (options.time, "1:"),
        (options.time, "noon"),
    ],
)
def test_what_is_no_value_is_told_as_it_was_given(read: Callable[[str], object], text: str) -> None:
    with pytest.raises(click.BadParameter, match=" is not a "):
        read(text)
