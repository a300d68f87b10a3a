"""What all commands have in common: their help, how they are parsed, and what is wrong with words.

It is click's way, with four additions: options stand under headings, arguments have a help, wrong
usage is one line, and a word that looks like an option is never taken for the value of another.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import click

from vidcap.commands.progress import Reporter
from vidcap.commands.standard_output import emit
from vidcap.errors import UsageError

GENERAL = "General"
# What is a value in spite of its dash: the standard output, a number, words.
_VALUE = re.compile(r"-(\d*\.?\d+)?|.* .*", re.DOTALL)


@dataclass(slots=True)
class Session:
    """What a run of ``vidcap`` has at hand: ``reporter`` speaks as the command line asks."""

    reporter: Reporter = field(default_factory=Reporter)


class Argument(click.Argument):
    """An argument with a help."""

    section = "Arguments"

    def __init__(self, *words: Any, help: str, **attributes: Any) -> None:
        super().__init__(*words, **attributes)
        self.words = help

    def get_help_record(self, ctx: click.Context) -> tuple[str, str]:
        """Return its name and its help."""
        return self.human_readable_name, self.words


class Option(click.Option):
    """An option that stands under a heading."""

    def __init__(self, *words: Any, section: str = "Options", **attributes: Any) -> None:
        super().__init__(*words, **attributes)
        self.section = section


def sections(command: click.Command, ctx: click.Context) -> dict[str, list[tuple[str, str]]]:
    """Return the headings of a command, and under each the options with their help."""
    found: dict[str, list[tuple[str, str]]] = {}
    for parameter in command.params:
        record = parameter.get_help_record(ctx)
        if record is not None and isinstance(parameter, (Argument, Option)):
            found.setdefault(parameter.section, []).append(record)
    return found


class Command(click.Command):
    """A command with ``-q``, ``-v`` and ``-h``, and its options under headings.

    ``epilog`` holds examples, a line for each. What it calls is given ``reporter`` beside the
    parameters, and returns the exit code.
    """

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under their headings."""
        _write_sections(self, ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples as they stand."""
        write_lines(formatter, "Examples", (self.epilog or "").splitlines())

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse words, once it is sure that no option stands where a value should."""
        if not ctx.resilient_parsing:  # which completion asks for, of words that are not all there
            self._check_values(ctx, args)
        ctx.allow_extra_args = True  # to tell of them in our own words
        try:
            left = super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise
        if left and not ctx.resilient_parsing:
            raise click.UsageError(f"unrecognized arguments: {' '.join(left)}", ctx)
        return left

    def _check_values(self, ctx: click.Context, args: list[str]) -> None:
        takers = {
            word: parameter
            for parameter in self.params
            if isinstance(parameter, click.Option) and not parameter.is_flag and not parameter.count
            for word in parameter.opts
        }
        words = iter(args)
        for word in words:
            if word == "--":
                return
            if word in takers:
                value = next(words, "--")
                if value.startswith("-") and not _VALUE.fullmatch(value):
                    raise click.BadParameter("expected one argument", ctx, takers[word])

    def invoke(self, ctx: click.Context) -> Any:
        """Let the reporter speak as loudly as was asked, and run."""
        quiet, verbose = ctx.params.pop("quiet"), ctx.params.pop("verbose")
        if quiet and verbose:
            message = "argument -v/--verbose: not allowed with argument -q/--quiet"
            raise click.UsageError(message, ctx)
        session = ctx.ensure_object(Session)
        session.reporter = Reporter(quiet=quiet, verbose=verbose > 0)
        if verbose > 1:
            os.environ["VIDCAP_DEBUG"] = "1"
        ctx.params["reporter"] = session.reporter
        return super().invoke(ctx)


class Group(click.Group):
    """Several commands under one word, of which one must be named."""

    def __init__(self, name: str, *, metavar: str, **attributes: Any) -> None:
        super().__init__(
            name,
            subcommand_metavar=f"{metavar} ...",
            options_metavar="[-h]",
            add_help_option=False,
            no_args_is_help=False,
            **attributes,
        )
        self.metavar = metavar
        self.params.append(_help())

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands in the order in which they were added."""
        return list(self.commands)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse words, of which there must be one."""
        if not args and not ctx.resilient_parsing:
            raise click.UsageError(f"the following arguments are required: {self.metavar}", ctx)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is named; raise what is wrong where there is none."""
        known = self.list_commands(ctx)
        if args[0] not in known and not ctx.resilient_parsing:
            raise click.UsageError(
                f"argument {self.metavar}: invalid choice: {args[0]!r} "
                f"(choose from {', '.join(map(repr, known))})",
                ctx,
            )
        return super().resolve_command(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, and then the options under their headings."""
        self.format_commands(ctx, formatter)
        _write_sections(self, ctx, formatter)


def command(name: str, summary: str, *examples: str) -> Callable[[Callable[..., int]], Command]:
    """Return what makes a function a command.

    Args:
        name: the word that calls it.
        summary: what it does, from a small letter on, without a full stop.
        examples: lines for the end of its help.
    """

    def make(function: Callable[..., int]) -> Command:
        made = click.command(
            name,
            cls=Command,
            short_help=summary,
            help=f"{summary[0].upper()}{summary[1:]}.",
            epilog="\n".join(examples),
            add_help_option=False,
        )(function)
        made.params += [
            Option(
                ["-q", "--quiet"],
                is_flag=True,
                section=GENERAL,
                help="no progress: only warnings and errors",
            ),
            Option(
                ["-v", "--verbose"],
                count=True,
                section=GENERAL,
                help="say more; twice: where a fault in vidcap comes from",
            ),
            _help(),
        ]
        return made

    return make


def usage_error(error: click.UsageError) -> UsageError:
    """Return what is wrong with a command line as one line that names the help."""
    path = "vidcap" if error.ctx is None else error.ctx.command_path
    return UsageError(f"{_message(error)}; see {path} --help")


def write_lines(formatter: click.HelpFormatter, heading: str, lines: Iterable[str]) -> None:
    """Write lines under a heading as they stand."""
    with formatter.section(heading):
        for line in lines:
            formatter.write(f"{'':{formatter.current_indent}}{line}\n")


def leave_after(text: Callable[[click.Context], str], *names: str, help: str) -> Option:
    """Return an option that prints a text, and then nothing more is done."""

    def callback(ctx: click.Context, parameter: click.Parameter, given: bool) -> None:
        if given and not ctx.resilient_parsing:
            emit(f"{text(ctx)}\n")
            ctx.exit()

    return Option(
        list(names),
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=callback,
        section=GENERAL,
        help=help,
    )


def _help() -> Option:
    return leave_after(click.Context.get_help, "-h", "--help", help="show this and leave")


def _write_sections(
    command: click.Command, ctx: click.Context, formatter: click.HelpFormatter
) -> None:
    for heading, records in sections(command, ctx).items():
        with formatter.section(heading):
            formatter.write_dl(records, col_max=24)


def _message(error: click.UsageError) -> str:
    message = error.message.rstrip(".")
    match error:
        case click.MissingParameter(param=click.Parameter() as parameter):
            return f"the following arguments are required: {_label(parameter)}"
        case click.BadParameter(param=click.Parameter() as parameter):
            return f"argument {_label(parameter)}: {message}"
        case click.NoSuchOption():
            guess = f" (is it {' or '.join(error.possibilities)}?)" if error.possibilities else ""
            return f"unrecognized arguments: {error.option_name}{guess}"
        case _:
            return message


def _label(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Argument):
        return parameter.human_readable_name
    return "/".join(parameter.opts)
