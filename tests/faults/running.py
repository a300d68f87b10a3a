"""The commands that write, on small inputs, and what a fault must leave of what they wrote."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from tests import media
from vidcap.index import Catalogue
from vidcap.index.interchange import export_lines

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("run_with_faults.py")

# IN and OUT stand for the folders of inputs and results.
COMMANDS: Mapping[str, Sequence[str]] = {
    "subtitle": ("subtitle", "IN/films", "-o", "OUT/", "--format", "srt,vtt,ttml,ass,json"),
    "mux": ("subtitle", "IN/films", "-o", "OUT/", "--mux"),
    "burn": ("subtitle", "IN/films", "-o", "OUT/", "--burn"),
    "report": ("subtitle", "IN/films/a.mp4", "-o", "OUT/a.srt", "--report", "OUT/a.html"),
    "caption": ("caption", "IN/pictures", "-o", "OUT/", "--json"),
    "describe": (
        *("describe", "IN/films/a.mp4", "-o", "OUT/a.mkv", "--voice", "espeak"),
        *("--script", "IN/script.txt"),
    ),
    "index": ("index", "IN/films", "--db", "OUT/library.db", "--threads", "1"),
    "export": ("library", "export", "OUT/out.jsonl", "--db", "IN/library.db"),
    "import": ("library", "import", "IN/library.jsonl", "--db", "OUT/library.db"),
    "convert": ("convert", "IN/many.srt", "OUT/many.ttml"),
}
NEEDS = {"mux": "ffmpeg", "burn": "ffmpeg", "describe": "espeak-ng"}
# Commands that refuse to write over a file that is there, as it is the user's.
NAMED = ("report", "describe", "export", "convert")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    err: str


def make_inputs(folder: Path) -> Path:
    """Write two films, three pictures, a script, subtitles and a library."""
    for place in ("films", "pictures"):
        (folder / place).mkdir()
    for name, levels in (("a", (10, 120, 240)), ("b", (240, 10))):
        pictures = [np.full((48, 64, 3), level, np.uint8) for level in levels for _ in range(20)]
        media.write_video(folder / "films" / f"{name}.mp4", pictures=pictures, rate=10, sound=True)
    for level in (10, 120, 240):
        Image.new("L", (40, 30), level).save(folder / "pictures" / f"{level}.png")
    (folder / "script.txt").write_text("00:00:01.000 - 00:00:02.500  Two swans land.\n")
    cue = "{n}\n00:{m:02}:{s:02},000 --> 00:{m:02}:{s:02},900\nA dog {n}.\n\n"
    cues = (cue.format(n=n + 1, m=n // 60, s=n % 60) for n in range(3000))
    (folder / "many.srt").write_text("".join(cues))
    assert (
        run("index", folder, folder, words=("index", "IN/films", "--db", "OUT/library.db")).code
        == 0
    )
    with Catalogue(folder / "library.db") as catalogue:
        (folder / "library.jsonl").write_text("".join(export_lines(catalogue)))
    return folder


def start(
    name: str,
    given: Path,
    out: Path,
    *,
    words: Sequence[str] = (),
    more: Sequence[str] = (),
    before: Sequence[str] = (),
    **environment: str,
) -> subprocess.Popen[str]:
    """Start a command of the table, or other words, in a session of its own.

    ``more`` comes behind the words, ``before`` is a program that is to run it.
    """
    filled = [
        word.replace("IN/", f"{given}/").replace("OUT/", f"{out}/")
        for word in (*(words or COMMANDS[name]), *more)
    ]
    temporary = out.parent / f"{out.name}-tmp"
    temporary.mkdir(exist_ok=True)
    return subprocess.Popen(
        [*before, sys.executable, SCRIPT, *filled],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "OPENBLAS_NUM_THREADS": "1",
            "TMPDIR": str(temporary),
            "XDG_CACHE_HOME": str(given / "cache"),
            **environment,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_hear_interrupts,
    )


def _hear_interrupts() -> None:
    # A run in the background of a script inherits that Ctrl-C is ignored, and so would this one.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def run(
    name: str,
    given: Path,
    out: Path,
    *,
    words: Sequence[str] = (),
    more: Sequence[str] = (),
    before: Sequence[str] = (),
    **environment: str,
) -> Ended:
    """Run a command to its end; nothing of it may be left, and it may not show a traceback."""
    process = start(name, given, out, words=words, more=more, before=before, **environment)
    _, err = process.communicate(timeout=120)
    assert "Traceback" not in err
    assert nobody_is_left(process.pid)
    return Ended(process.returncode, err)


def nobody_is_left(session: int, seconds: float = 10) -> bool:
    """Tell whether all processes of a session go within a moment."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(_belongs(place, session) for place in Path("/proc").glob("[0-9]*")):
            return True
        time.sleep(0.05)
    return False


def _belongs(place: Path, session: int) -> bool:
    try:
        fields = (place / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return fields[0] not in "ZX" and int(fields[3]) == session


def results(out: Path) -> dict[str, bytes]:
    """Return what people see in a folder: a library's lines, and the bytes of every other file."""
    found: dict[str, bytes] = {}
    for path in sorted(out.rglob("*")):
        if path.is_dir() or ".vidcap" in path.parts or path.name.startswith(".vidcap-"):
            continue
        if path.suffix == ".db":
            found[path.name] = "".join(lines(path)).encode()
        elif not path.name.endswith(("-wal", "-shm", "-journal")):
            found[path.name] = path.read_bytes()
    return found


def lines(db: Path) -> list[str]:
    """Return the lines of a library, which must be whole; of one not yet begun there are none."""
    with Catalogue(db, create=True) as catalogue:
        ask = catalogue.connection.execute
        assert ask("PRAGMA integrity_check").fetchone() == ("ok",)
        assert ask("PRAGMA foreign_key_check").fetchall() == []
        return list(export_lines(catalogue))


def scratches(out: Path) -> list[str]:
    """Return the names of files on the way that lie in a folder."""
    return [path.name for path in out.rglob(".vidcap-*")]


def agree(found: Mapping[str, bytes], expected: Mapping[str, bytes]) -> bool:
    """Tell whether all that is there is finished: the same bytes, of a library some whole lines."""
    for name, data in found.items():
        if name.endswith(".db"):
            if not set(data.splitlines()) <= set(expected[name].splitlines()):
                return False
        elif expected.get(name) != data:
            return False
    return True
