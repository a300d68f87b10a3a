from __future__ import annotations

import io
import sys
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcap.commands.progress import Reporter, printable, shortened


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=40))
def test_printable_text_is_one_line_that_no_terminal_acts_on(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    shown.encode("utf-8")
    assert printable(shown) == shown
    if text.isprintable():
        assert shown == text


def test_odd_characters_are_shown_as_escapes() -> None:
    assert printable("a\nb\x1b[31m\udcff") == r"a\nb\x1b[31m\udcff"


def test_quiet_keeps_warnings_only(capsys: pytest.CaptureFixture[str]) -> None:
    for options in ({"quiet": True}, {}, {"verbose": True}):
        reporter = Reporter(**options)
        reporter.warn("warning")
        reporter.say("word")
        reporter.detail("detail")
    out, err = capsys.readouterr()
    assert out == ""
    assert err.split() == ["warning", "warning", "word", "warning", "word", "detail"]


def test_a_bar_shows_the_time_left_to_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    with Reporter().bar("film.mp4") as bar:
        bar.expect(Fraction(10), Fraction(20))
        bar.reach(Fraction(15))
        Reporter().warn("in between")
        bar.reach(Fraction(99))
    shown = sys.stderr.getvalue()  # type: ignore[attr-defined]
    assert "film.mp4" in shown
    assert "left" in shown
    assert "100 %" in shown
    assert "in between\n" in shown


@pytest.mark.parametrize("quiet", [True, False])
def test_nobody_looking_on_means_no_bar(quiet: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with Reporter(quiet=quiet).bar("film.mp4") as bar:
        bar.expect(Fraction(0), None)
        bar.reach(Fraction(1))
    assert capsys.readouterr().err == ""


def test_a_table_stands_in_columns(capsys: pytest.CaptureFixture[str]) -> None:
    Reporter().table([("a", "done", "x"), ("long\nname", "failed", "")])
    assert capsys.readouterr().err == "a           done    x\nlong\\nname  failed\n"


@given(st.text(max_size=50), st.integers(3, 40))
def test_shortened_text_keeps_both_ends(text: str, width: int) -> None:
    short = shortened(text, width)
    assert len(short) <= width
    if len(text) <= width:
        assert short == text
    else:
        assert text.startswith(short.split("…")[0])
