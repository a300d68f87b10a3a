"""``vidcap convert``: a subtitle file in another format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from vidcap import __version__
from vidcap.commands import exits
from vidcap.commands.command import command
from vidcap.commands.destination import STDOUT
from vidcap.commands.options import FILE, FORMATS, argument, flag, option
from vidcap.commands.outputs import named_target, save
from vidcap.commands.progress import Reporter
from vidcap.commands.standard_output import emit
from vidcap.errors import NothingToSayError


@command(
    "convert",
    "write subtitles in another format",
    "vidcap convert film.srt film.ttml",
    "vidcap convert old.ass - --to vtt",
)
@argument("source", type=FILE, metavar="IN", help="the file to read")
@argument("target", type=FILE, metavar="OUT", help="the file to write; - for the standard output")
@option("--from", "source_format", metavar="NAME", help=f"{FORMATS} (default: by the suffix)")
@option("--to", "target_format", metavar="NAME", help="likewise, for the file to write")
@flag("--force", help="replace a file that is there")
def command_(
    source: Path,
    target: Path,
    source_format: str | None,
    target_format: str | None,
    force: bool,
    reporter: Reporter,
) -> int:
    """Convert a file and return the exit code."""
    return run(
        source,
        target,
        source_format=source_format,
        target_format=target_format,
        force=force,
        reporter=reporter,
        emit=emit,
    )


def run(
    source: Path,
    target: Path,
    *,
    source_format: str | None,
    target_format: str | None,
    force: bool,
    reporter: Reporter,
    emit: Callable[[str], None],
) -> int:
    """Write the cues of a file in another format, and return the exit code.

    Args:
        source: the file to read.
        target: the file to write, or ``-``.
        source_format: name of the format to read; told by the file's name where it is None.
        target_format: name of the format to write; likewise.
        force: replace a file that is there.
        reporter: what speaks to the user.
        emit: takes text for the standard output.

    Raises:
        UsageError: a format is not known, or the target is there.
        DataError: the source cannot be read.
        NothingToSayError: the source holds no cue.
        OutputError: the target cannot be written.
    """
    from vidcap.subtitles.files import as_document, read_subtitles
    from vidcap.subtitles.formats import format_for_file, format_named

    read_as = format_named(source_format) if source_format else format_for_file(source)
    write_as = format_named(target_format) if target_format else format_for_file(target)
    to_stdout = target == STDOUT
    path = target if to_stdout else named_target(target, force=force).path
    texts = read_subtitles(source, form=read_as)
    document = as_document(texts, path=source, version=__version__)
    if not document.cues:
        raise NothingToSayError(f"{source}: there is no cue in it that says anything")
    if to_stdout:
        emit(write_as.write(document))
    else:
        save(path, write_as.write(document))
        left = len(texts) - len(document.cues)
        lost = f"; {left} without text or time left out" if left else ""
        reporter.say(f"{source}: {len(document.cues)} cues in {path}{lost}")
    return exits.OK
