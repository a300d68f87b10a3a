"""Options that several commands share, and the values that options take.

A decorator here adds its options to a command; what is given for them reaches the command under
their names, so that those of :func:`captioner_options` and :func:`sampling_options` can be taken
together by ``**watching``.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from vidcap.commands.command import Argument, Option

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Function: TypeAlias = Callable[..., int]
Decorator: TypeAlias = Callable[[Function], Function]

FORMATS = "srt, vtt, descriptions, ttml, ass, tsv, json or txt"
OUTPUT = "Output"
SUBTITLES = "Subtitles"
SAMPLING = "Pictures to look at"
CAPTIONER = "Captioner"


class PathType(click.Path):
    """A path that nobody looks at before the command does."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path."""
        return Path(value)


class NameType(click.Path):
    """The name of a path, word for word: a slash at its end says that it is a folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the name."""
        return value


class OneOf(click.ParamType):  # type: ignore[type-arg]  # generic in new releases of click alone
    """One of a few words."""

    name = "choice"

    def __init__(self, *words: str) -> None:
        self.words = words

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the words in braces."""
        return f"{{{','.join(self.words)}}}"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the word."""
        if value not in self.words:
            chosen = ", ".join(map(repr, self.words))
            self.fail(f"invalid choice: {value!r} (choose from {chosen})", param, ctx)
        return value

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the words that begin so."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(word) for word in self.words if word.startswith(incomplete)]


FILE = PathType()
NAME = NameType()
FOLDER = PathType(file_okay=False)
FOLDER_NAME = NameType(file_okay=False)


def option(*names: str, section: str = "Options", **attributes: Any) -> Decorator:
    """Return a decorator that adds an option under a heading; else as ``click.option``."""
    return click.option(*names, cls=Option, section=section, **attributes)


def flag(*names: str, help: str, section: str = "Options") -> Decorator:
    """Return a decorator that adds an option without a value."""
    return option(*names, is_flag=True, help=help, section=section)


def argument(name: str, *, metavar: str, help: str, **attributes: Any) -> Decorator:
    """Return a decorator that adds an argument with a help; else as ``click.argument``."""
    return click.argument(name, cls=Argument, metavar=metavar, help=help, **attributes)


def together(*decorators: Decorator) -> Decorator:
    """Return a decorator that does what several do, the first of which stands first in the help."""

    def decorate(function: Function) -> Function:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def paths_argument(what: str) -> Decorator:
    """Add the inputs: one or more files or folders."""
    return argument("paths", nargs=-1, required=True, type=FILE, metavar="PATH...", help=what)


def output_options(suffixes: str) -> Decorator:
    """Add where results go, and whether they replace what is there."""
    return together(
        option(
            "-o",
            "--output",
            type=NAME,
            section=OUTPUT,
            metavar="PATH",
            help=f"a file for one input ({suffixes}; the suffix picks the format), "
            "a folder for several, - for the standard output",
        ),
        flag(
            "--force",
            section=OUTPUT,
            help="replace what vidcap wrote before, or the file that -o names",
        ),
    )


def json_option(what: str) -> Decorator:
    """Add ``--json``, which is given as ``as_json``."""
    return flag("--json", "as_json", section=OUTPUT, help=what)


def db_option(what: str, *, required: bool = True) -> Decorator:
    """Add the file that holds a library."""
    return option("--db", type=FILE, required=required, metavar="FILE", help=what)


def preset_option() -> Decorator:
    """Add the rules that cues are held to."""
    return option(
        "--preset",
        default="netflix",
        section=SUBTITLES,
        metavar="NAME",
        help="rules for the cues: netflix, netflix-children, bbc, vertical, or a YAML file of "
        "yours (default: netflix)",
    )


def sampling_options() -> Decorator:
    """Add which pictures of a video are looked at, and by which decoder."""
    return together(
        option(
            "--fps",
            type=number,
            default="1",
            section=SAMPLING,
            metavar="N",
            help="frames a second to look at (default: 1)",
        ),
        option(
            "--sampling",
            default="fps",
            section=SAMPLING,
            metavar="HOW",
            help="fps, keyframes, shot (one frame a shot) or shot:N (default: fps)",
        ),
        option(
            "--decoder",
            default="auto",
            section=SAMPLING,
            metavar="NAME",
            help="auto, decord, opencv or pyav (default: auto)",
        ),
    )


def captioner_options() -> Decorator:
    """Add the captioner, and how it runs."""
    return together(
        option(
            "--captioner",
            default="default",
            section=CAPTIONER,
            metavar="NAME",
            help="a name that 'vidcap models' lists, a checkpoint file, hf:FOLDER or "
            "hf:OWNER/NAME for a Hugging Face model, or openai:URL#MODEL for a server",
        ),
        option(
            "--prompt",
            section=CAPTIONER,
            metavar="TEXT",
            help="what to ask an hf: or openai: model, or how its sentence begins",
        ),
        option(
            "--device",
            type=OneOf("auto", "cpu", "cuda"),
            default="auto",
            section=CAPTIONER,
            help="auto, cpu or cuda (default: auto)",
        ),
        option(
            "--batch-size",
            type=positive,
            default="16",
            section=CAPTIONER,
            metavar="N",
            help="pictures to caption at a time (default: 16)",
        ),
        option(
            "--threads",
            type=count,
            default="0",
            section=CAPTIONER,
            metavar="N",
            help="processor threads (default: all)",
        ),
    )


def names(text: str) -> tuple[str, ...]:
    """Return the names in a list with commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def count(text: str) -> int:
    """Return a whole number, 0 or more."""
    if text.isascii() and text.isdigit() and len(text) < 7:
        return int(text)
    raise click.BadParameter(f"{text!r} is not a whole number, 0 or more")


def positive(text: str) -> int:
    """Return a whole number, 1 or more."""
    if count(text) > 0:
        return int(text)
    raise click.BadParameter("0 is not a whole number, 1 or more")


def port(text: str) -> int:
    """Return the number of a port."""
    if 0 < count(text) < 65536:
        return int(text)
    raise click.BadParameter(f"{text} is not a port, 1 to 65535")


def number(text: str) -> Fraction:
    """Return a number that is written as an integer, a decimal or a fraction, exactly."""
    whole, _, part = text.partition("/")
    try:
        if len(text) <= 24 and not set(text) - set("0123456789./") and "/" not in part:
            return Fraction(whole) / Fraction(part or 1)
    except (ValueError, ZeroDivisionError):
        pass
    raise click.BadParameter(f"{text!r} is not a number such as 2, 0.5 or 1/3")


def time(text: str) -> Fraction:
    """Return the seconds of a time that is written as seconds or by the clock, exactly."""
    try:
        total = Fraction(0)
        for part in text.split(":"):
            total = total * 60 + number(part)
    except click.BadParameter:
        pass
    else:
        if text.count(":") <= 2:
            return total
    raise click.BadParameter(f"{text!r} is not a time such as 90, 1:30 or 0:01:30.5")
