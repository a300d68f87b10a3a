"""``vidcap search``: scenes of a catalogue by what they show."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from vidcap.commands import exits
from vidcap.commands.progress import Reporter, printable
from vidcap.errors import UsageError
from vidcap.extras import pip_line
from vidcap.index.search import Hit
from vidcap.jobs import load_in_background
from vidcap.jobs.searching import open_library
from vidcap.subtitles.clean import sentence_case


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
    start = f"{hit.start_ms / 1000:g}"
    line = f"{_clock(hit.start_ms)} to {_clock(hit.end_ms)}  {hit.score:5.2f}  "
    said = sentence_case(hit.text) if hit.text else "(no sentence)"
    # A name that a terminal would act on is shown, not passed on.
    play = f"mpv --start={start} -- {shlex.quote(str(hit.path))}"
    return f"{line}{printable(said)}\n    {printable(play)}\n    {hit.link}\n"


def _clock(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:03}"
