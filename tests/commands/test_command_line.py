"""Help, completion, and what is read from words, for every command."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from vidcap.cli import main
from vidcap.commands.command_line import COMMANDS, command_line

ROOT = Path(__file__).parents[2]


def walk(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    yield path
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from walk(command, (*path, name))
        else:
            yield (*path, name)


EVERY = list(walk(command_line()))


def command_of(path: tuple[str, ...]) -> click.Command:
    command: click.Command = command_line()
    for name in path:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), name)
        assert found is not None
        command = found
    return command


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_every_help_fits_80_columns(
    path: tuple[str, ...],
    columns: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    with pytest.raises(SystemExit) as left:
        main([*path, "--help"])
    assert left.value.code == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert max(map(len, out.splitlines())) <= 80
    for heading in ("Commands:",) if path in ((), ("library",)) else ("General:", "Examples:"):
        assert heading in out.splitlines()


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
def test_every_option_has_a_help_and_a_default_that_the_help_tells(path: tuple[str, ...]) -> None:
    command = command_of(path)
    context = click.Context(command)
    for parameter in command.params:
        record = parameter.get_help_record(context)
        assert record is not None
        assert record[1], parameter.opts
        told = re.search(r"\(default: ([^\s,)]+)", record[1])
        default = parameter.default
        if told and isinstance(default, str) and default not in ("", "0"):
            assert told[1] == default


def test_the_line_for_a_command_is_its_own() -> None:
    assert {name: command_of((name,)).short_help for name in COMMANDS} == COMMANDS


@pytest.mark.parametrize(
    ("words", "needed"), [(["--help"], ""), (["--version"], ""), (["probe", "--help"], "probe")]
)
def test_help_imports_no_command_that_it_does_not_need(words: list[str], needed: str) -> None:
    program = (
        "import sys; from vidcap.cli import main\n"
        f"try: main({words!r})\nexcept SystemExit: pass\n"
        f"print(*(n for n in {list(COMMANDS)!r} if f'vidcap.commands.{{n}}' in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == needed


def completed(words: str) -> list[str]:
    number = str(len(words.split(" ")) - 1)
    done = subprocess.run(
        [sys.executable, "-m", "vidcap"],
        env=environment(_VIDCAP_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=number),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


def test_commands_options_and_choices_are_completed() -> None:
    assert completed("vidcap ") == list(COMMANDS)
    assert completed("vidcap library ") == ["status", "prune", "export", "import"]
    assert completed("vidcap subtitle film.mp4 --sa") == ["--sampling"]
    assert completed("vidcap subtitle --device ") == ["auto", "cpu", "cuda"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_told_how_to_complete(shell: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "vidcap"],
        env=environment(_VIDCAP_COMPLETE=f"{shell}_source"),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert f"_VIDCAP_COMPLETE={shell}_complete" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["dance"], "argument COMMAND: invalid choice: 'dance' (choose from 'subtitle', "),
        ([], "the following arguments are required: COMMAND; see vidcap --help"),
        (["library"], "the following arguments are required: ACTION; see vidcap library --help"),
        (["subtitle"], "the following arguments are required: PATH...; see vidcap subtitle --help"),
        (["search", "x"], "the following arguments are required: --db; see vidcap search --help"),
        (["probe", "a", "--js"], "unrecognized arguments: --js (is it --json?)"),
        (["subtitle", "a", "-o", "--force"], "argument -o/--output: expected one argument"),
        (["doctor", "x", "y"], "unrecognized arguments: x y; see vidcap doctor --help"),
        (["probe", "a", "--json=1"], "'--json' does not take a value; see vidcap probe --help"),
        (["subtitle", "a", "-o"], "argument -o/--output: expected one argument"),
        (["subtitle", "a", "-qv"], "-v/--verbose: not allowed with argument -q/--quiet"),
        (
            ["subtitle", "a", "--device", "tpu"],
            "--device: invalid choice: 'tpu' (choose from",
        ),
        (["caption", "a", "--batch-size", "0"], "--batch-size: 0 is not a whole number, 1 or more"),
    ],
)
def test_what_is_wrong_is_told_in_a_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("vidcap: ")
    assert said in line
