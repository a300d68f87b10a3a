"""``vidcap caption``: a sentence for each picture."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidcap.commands.destination import STDOUT, Destination, parse_destination
from vidcap.commands.inputs import PICTURE_SUFFIXES, Input, find_inputs
from vidcap.commands.outcomes import Outcome, State, run_all
from vidcap.commands.outputs import (
    Target,
    check_writable,
    named_target,
    save,
    save_sidecar,
    sidecar_target,
)
from vidcap.commands.progress import Reporter, printable
from vidcap.errors import VidcapError
from vidcap.jobs import PictureCaption, caption, load_in_background
from vidcap.subtitles.clean import sentence_case

if TYPE_CHECKING:
    from vidcap.captioning.captioner import Captioner

_SUFFIXES = {".txt": "text", ".json": "json", ".jsonl": "json"}
_ENDINGS = {"text": (".txt", ".caption.txt"), "json": (".json", ".caption.json")}


def run(
    paths: Sequence[Path],
    *,
    output: str | None,
    as_json: bool,
    force: bool,
    options: Mapping[str, Any],
    reporter: Reporter,
    emit: Callable[[str], None],
) -> int:
    """Caption pictures and return the exit code.

    Args:
        paths: files and folders.
        output: where results go; None for the standard output.
        as_json: write JSON lines, not plain ones.
        force: replace what vidcap wrote before, or the file that ``output`` names.
        options: keyword arguments for :func:`vidcap.caption`.
        reporter: what speaks to the user.
        emit: takes text for the standard output.

    Raises:
        VidcapError: nothing could be done for any input.
    """
    formats = ["json"] if as_json else []
    place = parse_destination(output, paths, formats, default="text", suffixes=_SUFFIXES)
    if output is None:
        place = Destination(place.formats, file=STDOUT)
    folders = any(path.is_dir() for path in paths)
    several = len(paths) > 1 or folders
    if not folders:
        # Some captioners fill up a batch that is not full: one picture should not cost sixteen.
        options = {**options, "batch_size": min(options["batch_size"], len(paths))}
    job = _Job(place, force, options, reporter, emit, with_path=several)
    return run_all(
        find_inputs(paths, PICTURE_SUFFIXES),
        job.work,
        reporter,
        at_a_time=options["batch_size"],
        # Thousands of pictures are common: those that went well are counted.
        in_table=lambda outcome: outcome.state is State.FAILED,
    )


class _Job:
    def __init__(
        self,
        place: Destination,
        force: bool,
        options: Mapping[str, Any],
        reporter: Reporter,
        emit: Callable[[str], None],
        *,
        with_path: bool,
    ) -> None:
        self._place = place
        self._format = place.formats[0]
        self._force = force
        self._options = options
        self._reporter = reporter
        self._emit = emit
        self._with_path = with_path

    @cached_property
    def _captioner(self) -> Future[Captioner]:
        keys = ("device", "threads", "batch_size", "prompt")
        return load_in_background(
            self._options["captioner"], **{key: self._options[key] for key in keys}
        )

    def work(self, inputs: Sequence[Input]) -> Iterator[Outcome]:
        """Caption a batch; what came of each input is told in their order."""
        targets = {item.path: self._plan(item) for item in inputs}
        waiting = [
            path
            for path, target in targets.items()
            if isinstance(target, Target) and not target.done
        ]
        captions: Iterator[PictureCaption] = iter(())
        if waiting:
            options = {**self._options, "captioner": self._captioner, "prompt": None}
            captions = caption(waiting, **options)
        for path, target in targets.items():
            if isinstance(target, VidcapError):
                yield self._failed(path, target)
            elif target.done:
                yield Outcome(path, State.KEPT, f"{target.path}: already there")
            else:
                yield self._finish(next(captions), target)

    def _plan(self, item: Input) -> Target | VidcapError:
        """Return where the caption of a picture goes, or why there is none to make."""
        if item.error is not None:
            return item.error
        file, folder = self._place.file, self._place.folder
        try:
            if file == STDOUT:
                return Target(file)
            if file is not None:
                target = named_target(file, force=self._force)
            else:
                assert folder is not None
                target = sidecar_target(
                    item.path,
                    folder / item.below,
                    _ENDINGS[self._format],
                    siblings=PICTURE_SUFFIXES,
                    settings=self._settings,
                    force=self._force,
                )
            if not target.done:
                check_writable(target.path.parent)
        except VidcapError as error:
            return error
        return target

    @property
    def _settings(self) -> Mapping[str, Any]:
        prompt = self._options["prompt"]
        said = {} if prompt is None else {"prompt": prompt}
        return {"captioner": self._options["captioner"], **said}

    def _finish(self, result: PictureCaption, target: Target) -> Outcome:
        if result.caption is None:
            assert result.error is not None
            return self._failed(result.path, result.error)
        text, score = result.caption.text, round(result.caption.score, 4)
        if self._format == "json":
            line = _json_line({"path": str(result.path), "text": text, "score": score})
        elif self._with_path and target.path == STDOUT:
            line = f"{printable(str(result.path))}\t{sentence_case(text)}\n"
        else:
            line = f"{sentence_case(text)}\n"
        if target.path == STDOUT:
            self._emit(line)
            return Outcome(result.path, State.DONE)
        try:
            if self._place.file is not None:
                save(target.path, line)
            else:
                warning = save_sidecar(target.path, line, result.path, self._settings)
                if warning:
                    self._reporter.warn(f"{result.path}: {warning}")
        except VidcapError as error:
            return Outcome.of_error(result.path, error)
        return Outcome(result.path, State.DONE, f"written to {target.path}")

    def _failed(self, path: Path, error: VidcapError) -> Outcome:
        if self._format == "json" and self._place.file == STDOUT:
            self._emit(_json_line({"path": str(path), "error": str(error)}))
        return Outcome.of_error(path, error)


def _json_line(record: Mapping[str, Any]) -> str:
    # ASCII: a path that is no text (a lone surrogate) survives as an escape.
    return json.dumps(record) + "\n"
