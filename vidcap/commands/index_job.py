"""What ``vidcap index`` does: scenes of many videos in one catalogue."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

from vidcap.commands import exits
from vidcap.commands.inputs import VIDEO_SUFFIXES, Input, find_inputs
from vidcap.commands.outcomes import Outcome, State, run_all
from vidcap.commands.progress import Bar, Reporter
from vidcap.errors import UsageError, VidcapError
from vidcap.extras import pip_line
from vidcap.jobs import indexing
from vidcap.jobs.indexing import Indexed, Indexer
from vidcap.video.backends import check_decoder
from vidcap.video.probe import probe

# How often a folder that grows is looked at.
_LOOK_SECONDS = 2.0

_KEPT = {
    indexing.Outcome.KEPT: "already there",
    indexing.Outcome.STALE: "made by another model or with other settings; --refresh makes it anew",
    indexing.Outcome.TO_DO: "to be watched",
}


def run(
    paths: Sequence[Path],
    *,
    db: Path,
    watch: bool,
    as_json: bool,
    options: Mapping[str, Any],
    reporter: Reporter,
    emit: Callable[[str], None],
) -> int:
    """Index videos and return the exit code.

    Args:
        paths: files and folders.
        db: the catalogue.
        watch: go on, and index what comes to the folders, until the command is stopped.
        as_json: print a JSON line for each video.
        options: keyword arguments for :class:`vidcap.Indexer`.
        reporter: what speaks to the user.
        emit: takes text for the standard output.

    Raises:
        VidcapError: nothing could be done for any input.
    """
    if watch and options["dry_run"]:
        raise UsageError("--watch and --dry-run do not go together")
    if options["decoder"] != "auto":
        check_decoder(options["decoder"])
    progress = _Progress(reporter)
    with Indexer(db, **options, reached=progress) as indexer:
        given = indexer.embed_missing()
        if given is None:
            reporter.say(
                "scenes will be found by their words alone, not by what they mean; "
                f"for that: {pip_line('index')}, and run this again"
            )
        elif given:
            reporter.say(f"{given} sentences that were there can be found by what they mean now")

        def work(inputs: Sequence[Input]) -> Iterator[Outcome]:
            yield from _work(indexer, inputs, progress, as_json, emit)

        code = exits.OK
        seen = _Folder(paths)
        while True:
            inputs = list(seen.stable() if watch else find_inputs(paths, VIDEO_SUFFIXES))
            if inputs or not watch:
                # All together: the indexer shares them out.
                code = max(code, run_all([*inputs], work, reporter, at_a_time=max(1, len(inputs))))
            if not watch or indexer.exhausted:
                return code
            time.sleep(_LOOK_SECONDS)


def _work(
    indexer: Indexer,
    inputs: Sequence[Input],
    progress: _Progress,
    as_json: bool,
    emit: Callable[[str], None],
) -> Iterator[Outcome]:
    for item in inputs:
        if item.error is not None:
            if as_json:
                emit(_line(Indexed(item.path, indexing.Outcome.FAILED, error_text=str(item.error))))
            yield Outcome.of_error(item.path, item.error)
    for done in indexer.index(item.path for item in inputs if item.error is None):
        progress.close()
        if as_json:
            emit(_line(done))
        yield _outcome(done)


def _outcome(done: Indexed) -> Outcome:
    match done.outcome:
        case indexing.Outcome.INDEXED:
            scenes = "1 scene" if done.scenes == 1 else f"{done.scenes} scenes"
            return Outcome(done.path, State.DONE, scenes)
        case indexing.Outcome.FAILED:
            assert done.error is not None
            return Outcome.of_error(done.path, done.error)
        case indexing.Outcome.FAILED_BEFORE:
            return Outcome(
                done.path,
                State.KEPT,
                f"failed before: {done.error_text}; --retry-failed tries it again",
            )
        case _:
            return Outcome(done.path, State.KEPT, _KEPT[done.outcome])


def _line(done: Indexed) -> str:
    record: dict[str, object] = {"path": str(done.path), "outcome": str(done.outcome)}
    if done.outcome is indexing.Outcome.INDEXED:
        record["scenes"] = done.scenes
    if done.error_text:
        record["error"] = done.error_text
    return json.dumps(record) + "\n"


class _Progress:
    """A bar for the video that is watched."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._path: Path | None = None
        self._stack = ExitStack()
        self._bar: Bar | None = None

    def __call__(self, path: Path, position: Fraction) -> None:
        if path != self._path:
            self.close()
            self._path = path
            self._bar = self._stack.enter_context(self._reporter.bar(path.name))
            with suppress(VidcapError):  # the job itself will say so
                self._bar.expect(Fraction(0), probe(path).duration)
        if self._bar is not None:
            self._bar.reach(position)

    def close(self) -> None:
        self._stack.close()
        self._path = self._bar = None


class _Folder:
    """What lies in folders, and whether it is still being written."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._before: dict[Path, tuple[int, int]] = {}
        self._given: dict[Path, tuple[int, int]] = {}

    def stable(self) -> Iterator[Input]:
        """Yield files that are as they were when they were last looked at, each once."""
        now: dict[Path, tuple[int, int]] = {}
        for item in find_inputs(self._paths, VIDEO_SUFFIXES):
            if item.error is not None:
                continue  # an empty folder may fill
            try:
                stat = item.path.stat()
            except OSError:
                continue  # gone between two looks
            now[item.path] = shape = (stat.st_size, stat.st_mtime_ns)
            if self._before.get(item.path) == shape and self._given.get(item.path) != shape:
                self._given[item.path] = shape
                yield item
        self._before = now
