"""``vidcap library``: what a catalogue holds, and its upkeep."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from vidcap.commands import exits
from vidcap.commands.command import Group, command
from vidcap.commands.options import FILE, NAME, argument, db_option, flag, json_option
from vidcap.commands.progress import Reporter
from vidcap.commands.standard_output import emit as print_out
from vidcap.errors import DataError, UsageError
from vidcap.files import replacing

Emit = Callable[[str], None]

command_ = Group(
    "library",
    metavar="ACTION",
    short_help="look after a library: status, prune, export, import",
    help="Look after a library.",
)


@command_.add_command
@command("status", "show what a library holds", "vidcap library status --db library.db")
@db_option("the library")
@json_option("one JSON object")
def _status(db: Path, as_json: bool, reporter: Reporter) -> int:
    return status(db, as_json=as_json, emit=print_out)


@command_.add_command
@command("prune", "forget videos whose files are gone", "vidcap library prune --db library.db")
@db_option("the library")
def _prune(db: Path, reporter: Reporter) -> int:
    return prune(db, reporter=reporter)


@command_.add_command
@command(
    "export",
    "write a library as JSON lines",
    "vidcap library export library.jsonl --db library.db",
)
@argument("target", type=NAME, metavar="OUT", help="the file to write; - for standard output")
@db_option("the library")
@flag("--force", help="replace a file that is there")
def _export(target: str, db: Path, force: bool, reporter: Reporter) -> int:
    return export(db, target, force=force, reporter=reporter, emit=print_out)


@command_.add_command
@command(
    "import",
    "take videos from an export, or from Parquet of pipelines/index_corpus.py",
    "vidcap library import library.jsonl --db other.db",
    "vidcap library import scenes/ --db library.db",
)
@argument("source", type=FILE, metavar="IN", help="JSON lines, or a folder")
@db_option("the library; made where there is none")
def _take(source: Path, db: Path, reporter: Reporter) -> int:
    return take(db, source, reporter=reporter)


def status(db: Path, *, as_json: bool, emit: Emit) -> int:
    """Print what a catalogue holds, and return the exit code."""
    from vidcap.index import Catalogue

    with Catalogue(db) as catalogue:
        held = catalogue.status()
    if as_json:
        emit(json.dumps(asdict(held)) + "\n")
        return exits.OK
    hours, rest = divmod(round(held.seconds), 3600)
    facts = {
        "videos": f"{held.videos} of {hours}:{rest // 60:02}:{rest % 60:02} h",
        "failed": str(held.failed),
        "files": str(held.files),
        "scenes": f"{held.scenes}, {held.with_meaning} of them to be found by what they mean",
        "size": f"{held.bytes / 1e6:.1f} MB",
        "schema": f"version {held.schema}",
        "models": _counted(held.models),
        "settings": _counted(held.settings),
    }
    emit("".join(f"{key + ':':10}{value}\n" for key, value in facts.items()))
    return exits.OK


def _counted(counts: object) -> str:
    assert isinstance(counts, dict)
    return ", ".join(f"{name[:12]} ({count} videos)" for name, count in counts.items()) or "none"


def prune(db: Path, *, reporter: Reporter) -> int:
    """Forget what lies nowhere any more, and return the exit code."""
    from vidcap.index import Catalogue

    with Catalogue(db) as catalogue:
        files, videos = catalogue.prune()
    reporter.say(f"{files} files are gone, and {videos} videos with them")
    return exits.OK


def export(db: Path, target: str, *, force: bool, reporter: Reporter, emit: Emit) -> int:
    """Write a catalogue as JSON lines, and return the exit code.

    Raises:
        UsageError: the file is there, and it is not to be replaced.
    """
    from vidcap.index import Catalogue
    from vidcap.index.interchange import export_lines

    with Catalogue(db) as catalogue:
        if target == "-":
            for line in export_lines(catalogue):
                emit(line)
            return exits.OK
        path = Path(target)
        if path.exists() and not force:
            raise UsageError(f"{path}: is there already; replace it with --force")
        count = 0
        with replacing(path) as scratch, scratch.open("w", encoding="ascii") as file:
            for line in export_lines(catalogue):
                file.write(line)
                count += 1
    reporter.say(f"{count} videos in {path}")
    return exits.OK


def take(db: Path, source: Path, *, reporter: Reporter) -> int:
    """Take videos from JSON lines or from a folder of Parquet, and return the exit code.

    Raises:
        DataError: the source cannot be read, or is not what a catalogue gives.
    """
    from vidcap.index import Catalogue
    from vidcap.index.interchange import import_lines
    from vidcap.index.parquet import import_folder

    with Catalogue(db, create=True) as catalogue:
        try:
            if source.is_dir():
                taken, kept = import_folder(catalogue, source)
            else:
                with source.open(encoding="utf-8") as lines:
                    taken, kept = import_lines(catalogue, lines, name=str(source))
        except UnicodeDecodeError as error:
            raise DataError(f"{source}: is no text in UTF-8: {error}") from error
        except OSError as error:
            raise DataError(f"{source}: cannot be read: {error.strerror or error}") from error
    reporter.say(f"{taken} videos taken; {kept} were there")
    return exits.OK
