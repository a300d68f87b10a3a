"""``vidcap search``: scenes of a catalogue by what they show."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidcap.commands import exits
from vidcap.commands.command import command
from vidcap.commands.options import (
    FILE,
    OUTPUT,
    OneOf,
    argument,
    db_option,
    json_option,
    option,
    positive,
)
from vidcap.commands.progress import Reporter, printable
from vidcap.commands.standard_output import emit
from vidcap.errors import UsageError
from vidcap.extras import pip_line

if TYPE_CHECKING:
    from vidcap.index.search import Hit


@command(
    "search",
    "find scenes in a library by what they show",
    "vidcap search 'a dog in the snow' --db library.db",
    "vidcap search goal --db library.db --in films/ --top 3 --json",
    "vidcap search --like photo.jpg --db library.db",
)
@argument(
    "text",
    required=False,
    metavar="[TEXT]",
    help="what to look for, in plain words: no syntax",
)
@db_option("the library")
@option("--like", type=FILE, metavar="IMAGE", help="look for what is on this picture instead")
@option("--in", "within", type=FILE, metavar="PATH", help="look in this file or folder alone")
@option(
    "--ranking",
    type=OneOf("words", "meaning", "fusion"),
    help="rank by words (BM25), by meaning (vectors), or by both (default: meaning, where the "
    "extra index is installed)",
)
@option(
    "--captioner",
    default="default",
    metavar="NAME",
    help="for --like: the captioner that the videos were indexed with",
)
@option(
    "--top",
    type=positive,
    default="10",
    section=OUTPUT,
    metavar="N",
    help="scenes at most (default: 10)",
)
@json_option("a JSON line for each scene")
def command_(
    text: str | None,
    db: Path,
    like: Path | None,
    within: Path | None,
    ranking: str | None,
    captioner: str,
    top: int,
    as_json: bool,
    reporter: Reporter,
) -> int:
    """Search a library and return the exit code."""
    return run(
        text,
        db=db,
        like=like,
        top=top,
        within=within,
        ranking=ranking,
        captioner=captioner,
        as_json=as_json,
        reporter=reporter,
        emit=emit,
    )


def run(
    text: str | None,
    *,
    db: Path,
    like: Path | None,
    top: int,
    within: Path | None,
    ranking: str | None,
    captioner: str,
    as_json: bool,
    reporter: Reporter,
    emit: Callable[[str], None],
) -> int:
    """Print the scenes that fit, best first, and return the exit code; nothing is an answer too.

    Args:
        text: what to look for.
        db: the catalogue.
        like: a picture to look for instead.
        top: how many scenes at most.
        within: a file or folder to look in alone.
        ranking: what to rank by; None for what is best.
        captioner: that looks at the picture.
        as_json: print a JSON line for each.
        reporter: what speaks to the user.
        emit: takes text for the standard output.

    Raises:
        VidcapError: the catalogue or the picture cannot be read.
    """
    from vidcap.jobs import load_in_background
    from vidcap.jobs.searching import open_library

    if (text is None) == (like is None):
        raise UsageError("say what to look for: a text, or a picture with --like")
    with open_library(db) as library:
        if like is not None:
            if ranking is not None:
                raise UsageError("--ranking goes with a text, not with --like")
            loaded = load_in_background(captioner, device="cpu").result()
            hits = library.like(like, captioner=loaded, top=top, within=within)
        else:
            assert text is not None
            hits = library.search(text, top=top, within=within, ranking=ranking)
            if ranking is None and library.embedder is None:
                reporter.say(f"found by words alone; to find by what is meant: {pip_line('index')}")
    if as_json:
        emit("".join(json.dumps(record(hit)) + "\n" for hit in hits))
    elif hits:
        emit("\n".join(_words(hit) for hit in hits))
    return exits.OK


def record(hit: Hit) -> Mapping[str, Any]:
    """Return a scene as ``--json`` prints it."""
    picture = None
    if hit.thumbnail is not None:
        picture = "data:image/webp;base64," + base64.b64encode(hit.thumbnail).decode("ascii")
    return {
        "path": str(hit.path),
        "start": hit.start_ms / 1000,
        "end": hit.end_ms / 1000,
        "text": hit.text,
        "score": hit.score,
        "thumbnail": picture,
        "link": hit.link,
    }


def _words(hit: Hit) -> str:
    from vidcap.subtitles.clean import sentence_case

    start = f"{hit.start_ms / 1000:g}"
    line = f"{_clock(hit.start_ms)} to {_clock(hit.end_ms)}  {hit.score:5.2f}  "
    said = sentence_case(hit.text) if hit.text else "(no sentence)"
    # A name that a terminal would act on is shown, not passed on.
    play = f"mpv --start={start} -- {shlex.quote(str(hit.path))}"
    return f"{line}{printable(said)}\n    {printable(play)}\n    {hit.link}\n"


def _clock(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:03}"
