"""Write ``docs/cli.md``, every command and option of ``vidcap``, from the commands themselves.

    python pipelines/cli_reference.py [--check]

With ``--check`` nothing is written: the exit code is 1 where the file is stale.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from vidcap.commands import exits
from vidcap.commands.command import sections
from vidcap.commands.command_line import command_line

FILE = Path(__file__).parents[1] / "docs" / "cli.md"

HEAD = """\
# The command line

Written by `python pipelines/cli_reference.py` from the commands; do not edit it.

An option that takes a value is given it as `--option VALUE` or `--option=VALUE`. What follows `--`
is no option: `vidcap subtitle -- -dash.mp4`.

## Completion

The Tab key completes commands, options, their choices and files, once the shell has been told:

    eval "$(_VIDCAP_COMPLETE=bash_source vidcap)"       # bash 4.4 or later, in ~/.bashrc
    eval "$(_VIDCAP_COMPLETE=zsh_source vidcap)"        # zsh, in ~/.zshrc, after compinit
    _VIDCAP_COMPLETE=fish_source vidcap | source        # fish, in ~/.config/fish/config.fish

For shells that start faster, write what the inner command prints to a file once, and load that.

## Exit codes

| code | meaning |
| --- | --- |
"""


def reference() -> str:
    """Return the document."""
    codes = "".join(f"| {code} | {meaning} |\n" for code, meaning in exits.MEANINGS.items())
    group = command_line()
    parts = "".join(_part(name, command) for name, command in walk(group))
    return f"{HEAD}{codes}{parts}"


def walk(group: click.Group, path: str = "vidcap") -> Iterator[tuple[str, click.Command]]:
    """Yield each command with the words that call it, in the order of the help."""
    context = click.Context(group, info_name=path)
    yield path, group
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from walk(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def _part(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    lines = ["", f"## {name}", "", command.help or "", "", f"    {usage}"]
    for heading, records in sections(command, context).items():
        lines += ["", f"**{heading}**", ""]
        lines += [f"- `{words}`: {said.replace('  [', ' [')}" for words, said in records]
    if not isinstance(command, click.Group):
        lines += ["", "**Examples**", ""]
        lines += [f"    {line}" for line in (command.epilog or "").splitlines()]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the document, or check it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say whether it is stale")
    text = reference()
    if parser.parse_args().check:
        stale = not FILE.exists() or FILE.read_text(encoding="utf-8") != text
        if stale:
            print(f"{FILE} is stale: run python pipelines/cli_reference.py", file=sys.stderr)
        return int(stale)
    FILE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
