"""Damage files and see that vidcap gives a result or one clear line, whatever is in them.

    python pipelines/fuzz.py --files 20000 --work /tmp/fuzz > fuzz.json

makes small healthy files of seven families (videos and pictures, subtitles, scripts of
descriptions, checkpoints, configurations, libraries, uploads), damages them in ways drawn from
``--seed``, and gives each to what reads it: the public functions, and some to the command.  Every
file has a process of its own.  Failures are crashes, hangs, tracebacks, much memory, connections,
unpickling, files written elsewhere or left over, and processes left running; a decoder process that
breaks is none where the job survives it, but is counted.  The files that fail are kept in
``WORK/failures``; once mended they go to ``tests/reproducers``, for ``--again``.
The same seed gives the same files; ``--only media:123`` runs one.

It needs Linux and ffmpeg.  To show that nothing needs a network, and that nothing is written
outside of the folder, ``--sealed`` runs it all in namespaces of its own, with no network and every
other folder read-only.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

from fuzzing import mutations
from fuzzing.cells import Task, Verdict, run_all
from fuzzing.seeds import FAMILIES, make_seeds
from fuzzing.targets import Target, contained, prepare, targets_of

# Shares of the files: what costs a process of its own has less.
SHARES = {
    "media": 42, "subtitles": 22, "scripts": 10, "checkpoints": 6, "configs": 9, "library": 9,
    "uploads": 2,
}  # fmt: skip
# One file in so many is given to a command; over a video it takes a second.
_COMMAND_EACH = {"media": 25}
_COMMAND_EACH_OTHER = 10
_SECONDS = 45.0
_KINDS = {"media": mutations.BINARY, "uploads": mutations.BINARY, "checkpoints": mutations.TENSORS}
_SEALED = "VIDCAP_FUZZ_SEALED"
_AGAIN = " again"


@dataclass(slots=True)
class ReadStats:
    """What came of the files of a family."""

    files: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    contained: Counter[str] = field(default_factory=Counter)
    commands: int = 0
    slowest: tuple[float, str] = (0.0, "")
    memory: tuple[int, str] = (0, "")
    failures: list[dict[str, str]] = field(default_factory=list)

    def report(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "files": self.files,
            "outcomes": dict(self.outcomes.most_common()),
            "decoders_that_broke": dict(self.contained.most_common()),
            "by_command": self.commands,
            "slowest_seconds": [round(self.slowest[0], 2), self.slowest[1]],
            "peak_memory_mb": [self.memory[0] >> 20, self.memory[1]],
            "failures": self.failures,
        }


class Attack:
    """Gives damaged files of one family to what reads them.

    Args:
        family: one of ``FAMILIES``.
        seed: of everything drawn.
        work: folder for seeds, cells and failures.
    """

    def __init__(self, family: str, seed: int, work: Path) -> None:
        self.family = family
        self.tally = ReadStats()
        self._each = _COMMAND_EACH.get(family, _COMMAND_EACH_OTHER)
        self._seed = seed
        self._work = work
        self._again: list[int] = []
        prepare(family)

    @cached_property
    def _seeds(self) -> list[tuple[str, bytes]]:
        paths = make_seeds(self.family, self._work / "seeds" / self.family)
        return [(path.name, path.read_bytes()) for path in paths]

    def damaged(self, number: int) -> tuple[str, bytes]:
        """Return the name and the bytes of a damaged file."""
        chance = Random(f"{self._seed} {self.family} {number}")
        name, seed = chance.choice(self._seeds)
        others = [data for _, data in self._seeds]
        kinds = _KINDS.get(self.family, mutations.TEXT)
        if name.endswith((".db", ".parquet")):
            kinds = mutations.BINARY
        return name, mutations.mutate(seed, others, kinds, chance)

    def tasks(self, numbers: Iterator[int]) -> Iterator[Task]:
        """Yield a task for each number, and one more for each file that broke a decoder."""
        for number in numbers:
            yield from self._repeated()
            yield self._task(number)
        yield from self._repeated()

    def _repeated(self) -> Iterator[Task]:
        while self._again:
            yield self._task(self._again.pop(), again=True)

    def kept(self, folder: Path) -> Iterator[Task]:
        """Yield a task for each file in a folder and each thing that is done with such files.

        Of the commands, which take longer, the first.
        """
        for path in sorted(path for path in folder.iterdir() if path.is_file()):
            functions, commands = targets_of(self.family, path)
            targets = dict.fromkeys((*functions, *commands[:1]))
            self.tally.files += 1
            for place, target in enumerate(targets):
                yield self._cell(f"{path.name}:{place}", path.name, path.read_bytes(), target)

    def _task(self, number: int, *, again: bool = False) -> Task:
        name, data = self.damaged(number)
        functions, commands = targets_of(self.family, Path(name))
        by_command = number % self._each == 0
        # A number's target has nothing to do with its seed, so that all pairs come about.
        if again:
            target = contained()
        elif by_command:
            target = commands[number // self._each % len(commands)]
        else:
            target = functions[(number * 7 + number // self._each) % len(functions)]
        if not again:
            self.tally.files += 1
            self.tally.commands += by_command
        return self._cell(f"{number}{_AGAIN * again}", name, data, target)

    def _cell(self, key: str, name: str, data: bytes, target: Target) -> Task:
        folder = self._work / "cells" / f"{self.family}-{key.replace(':', '-')}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        path = folder / name
        path.write_bytes(data)
        # What some commands take beside the file.
        (folder / "told.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nA dog.\n")
        (folder / "picture.ppm").write_bytes(b"P6 2 2 255\n" + bytes(12))
        return Task(f"{self.family}:{key}", path, folder, target, _SECONDS)

    def judge(self, task: Task, verdict: Verdict) -> None:
        """Count what came of a file, and keep one that failed."""
        tally = self.tally
        tally.slowest = max(tally.slowest, (verdict.seconds, task.key))
        tally.memory = max(tally.memory, (verdict.memory, task.key))
        key = task.key.partition(":")[2]
        # In the product this happens to a process whose work another one takes over.
        decoder = getattr(task.target, "__qualname__", "").startswith("_decoded")
        if verdict.outcome in ("crash", "hang", "memory") and decoder and key.isdigit():
            tally.contained[f"{verdict.outcome} {verdict.words.split(' at ')[0][:60]}"] += 1
            self._again.append(int(key))
            return
        kind = verdict.outcome
        if kind == "refused":
            kind = f"refused {verdict.words.split(':')[0][:24]}"
        tally.outcomes[kind] += 1
        if verdict.failed:
            name = f"{self.family}-{key.replace(':', '-')}-{task.path.name}"
            kept = self._work / "failures" / name
            kept.parent.mkdir(exist_ok=True)
            shutil.copyfile(task.path, kept)
            tally.failures.append(
                {
                    "case": task.key,
                    "kind": verdict.outcome,
                    "words": verdict.words,
                    "file": str(kept),
                }
            )


def seal(work: Path) -> None:
    """Start again without a network, and with every folder but ``work`` read-only."""
    if os.environ.get(_SEALED):
        return
    script = (
        'mount --make-rprivate / && mount --bind "$0" "$0" && mount -o remount,bind,ro / '
        '&& exec "$@"'
    )
    words = ["unshare", "--map-root-user", "--net", "--mount", "sh", "-c", script, str(work)]
    os.environ[_SEALED] = "1"
    os.execvp("unshare", [*words, sys.executable, *sys.argv])  # noqa: S606


def sealed() -> dict[str, bool]:
    """Return what a seal keeps from happening, tried out."""
    import socket

    def fails(act: Any) -> bool:
        try:
            act()
        except OSError:
            return True
        return False

    def connect() -> None:
        socket.create_connection(("192.0.2.1", 80), timeout=1).close()

    probe = Path(__file__).parent / "written"
    return {
        "no_network": fails(connect),
        "read_only": fails(lambda: probe.touch() or probe.unlink()),
    }


def main() -> int:
    """Damage files of every family, and print what came of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=20000, help="files in all [%(default)s]")
    parser.add_argument("--seed", type=int, default=1, help="[%(default)s]")
    parser.add_argument("--work", type=Path, required=True, help="folder for all that is written")
    parser.add_argument("--minutes", type=float, default=60, help="stop then [%(default)s]")
    parser.add_argument(
        "--family", choices=sorted(FAMILIES), action="append", help="this one alone, or these"
    )
    parser.add_argument("--only", metavar="FAMILY:NUMBER", help="this file alone")
    parser.add_argument(
        "--again",
        type=Path,
        metavar="DIR",
        help="instead of damaging any, take the files in DIR/FAMILY, such as tests/reproducers",
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes [%(default)s]")
    parser.add_argument("--sealed", action="store_true", help="no network, nothing else writable")
    arguments = parser.parse_args()
    work = arguments.work.absolute()
    work.mkdir(parents=True, exist_ok=True)
    if arguments.sealed:
        seal(work)
    (work / "tmp").mkdir(exist_ok=True)
    os.environ["TMPDIR"] = tempfile.tempdir = str(work / "tmp")  # for what makes the seeds
    started = time.monotonic()
    families = arguments.family or list(SHARES)
    if arguments.only:
        families = [arguments.only.partition(":")[0]]
    if arguments.again:
        families = sorted(path.name for path in arguments.again.iterdir() if path.is_dir())
    shares = sum(SHARES[family] for family in families)
    report: dict[str, Any] = {}
    for family in families:
        attack = Attack(family, arguments.seed, work)
        numbers = iter(range(arguments.files * SHARES[family] // shares))
        if arguments.only:
            numbers = iter([int(arguments.only.partition(":")[2])])
        tasks = attack.tasks(numbers)
        if arguments.again:
            tasks = attack.kept(arguments.again / family)
        run_all(
            tasks,
            attack.judge,
            jobs=arguments.jobs,
            until=started + arguments.minutes * 60,
        )
        report[family] = attack.tally.report()
        done = report[family]
        print(
            f"{family}: {done['files']} files, {len(done['failures'])} failures, "
            f"{time.monotonic() - started:.0f} s",
            file=sys.stderr,
        )
    failures = sum(len(one["failures"]) for one in report.values())
    summary = {
        "files": sum(one["files"] for one in report.values()),
        "asked": arguments.files,
        "seed": arguments.seed,
        "failures": failures,
        "minutes": round((time.monotonic() - started) / 60, 1),
        "sealed": sealed() if arguments.sealed else None,
    }
    print(json.dumps({**summary, "families": report}, indent=1))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
