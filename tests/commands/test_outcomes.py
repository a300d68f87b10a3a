"""Errors and what they stand for."""

from pathlib import Path

import pytest

from vidcap.cli import main
from vidcap.commands import exits, probe
from vidcap.commands.outcomes import Outcome, State


def interrupted_while_loading(*_: object, **__: object) -> int:
    """Fail as a library of C does that is interrupted while it is loaded."""
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt as signal:
        raise ImportError("initialization failed") from signal


def test_a_signal_behind_an_error_is_the_signal(monkeypatch, capsys) -> None:
    monkeypatch.setattr(probe, "run", interrupted_while_loading)
    assert main(["probe", "film.mp4"]) == exits.INTERRUPTED
    assert capsys.readouterr().err == "vidcap: interrupted; finished files stay\n"


def test_a_signal_behind_the_error_of_an_input_ends_the_run() -> None:
    with pytest.raises(ImportError) as caught:
        interrupted_while_loading()
    with pytest.raises(KeyboardInterrupt):
        Outcome.of_error(Path("film.mp4"), caught.value)


def test_an_error_with_another_behind_it_stays_one() -> None:
    error = ValueError("two")
    error.__cause__ = KeyError("one")
    assert Outcome.of_error(Path("film.mp4"), error).state is State.FAILED
