"""What ``vidcap caption`` does: a sentence for each picture."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidcap.commands.attention import attention_json, attention_png, caption_facts
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
    from vidcap.captioning.attention import Explanation
    from vidcap.captioning.captioner import Captioner

_SUFFIXES = {".txt": "text", ".json": "json", ".jsonl": "json"}
_MAPS: Mapping[str, Callable[[Path, Explanation], str | bytes]] = {
    ".attention.png": attention_png,
    ".attention.json": attention_json,
}
_ENDINGS = {"text": (".txt", ".caption.txt"), "json": (".json", ".caption.json")}


def run(
    paths: Sequence[Path],
    *,
    output: str | None,
    as_json: bool,
    attention: Path | None,
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
        attention: folder for maps of where each word looked; None for none.
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
    job = _Job(place, attention, force, options, reporter, emit, with_path=several)
    return run_all(
        find_inputs(paths, PICTURE_SUFFIXES),
        job.work,
        reporter,
        at_a_time=options["batch_size"],
        # Thousands of pictures are common: those that went well are counted.
        in_table=lambda outcome: outcome.state is State.FAILED,
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where the caption of a picture goes, and the maps if they are wanted."""

    caption: Target
    maps: tuple[Target, ...]

    @property
    def done(self) -> bool:
        return all(target.done for target in (self.caption, *self.maps))


class _Job:
    def __init__(
        self,
        place: Destination,
        attention: Path | None,
        force: bool,
        options: Mapping[str, Any],
        reporter: Reporter,
        emit: Callable[[str], None],
        *,
        with_path: bool,
    ) -> None:
        self._place = place
        self._format = place.formats[0]
        self._attention = attention
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
        plans = {item.path: self._plan(item) for item in inputs}
        waiting = [
            path for path, plan in plans.items() if isinstance(plan, _Plan) and not plan.done
        ]
        captions: Iterator[PictureCaption] = iter(())
        if waiting:
            options = {**self._options, "captioner": self._captioner, "prompt": None}
            captions = caption(waiting, **options, explain=self._attention is not None)
        for path, plan in plans.items():
            if isinstance(plan, VidcapError):
                yield self._failed(path, plan)
            elif plan.done:
                yield Outcome(path, State.KEPT, f"{plan.caption.path}: already there")
            else:
                yield self._finish(next(captions), plan)

    def _plan(self, item: Input) -> _Plan | VidcapError:
        """Return where the results of a picture go, or why there are none to make."""
        if item.error is not None:
            return item.error
        file, folder = self._place.file, self._place.folder
        try:
            if file == STDOUT:
                target = Target(file)
            elif file is not None:
                target = named_target(file, force=self._force)
            else:
                assert folder is not None
                target = self._sidecar(item, folder, _ENDINGS[self._format])
            maps = tuple(
                self._sidecar(item, self._attention, (ending,))
                for ending in _MAPS
                if self._attention is not None
            )
            for missing in (target, *maps):
                if not missing.done and missing.path != STDOUT:
                    check_writable(missing.path.parent)
        except VidcapError as error:
            return error
        return _Plan(target, maps)

    def _sidecar(self, item: Input, folder: Path, endings: tuple[str, ...]) -> Target:
        return sidecar_target(
            item.path,
            folder / item.below,
            endings,
            siblings=PICTURE_SUFFIXES,
            settings=self._settings,
            force=self._force,
        )

    @property
    def _settings(self) -> Mapping[str, Any]:
        prompt = self._options["prompt"]
        said = {} if prompt is None else {"prompt": prompt}
        return {"captioner": self._options["captioner"], **said}

    def _finish(self, result: PictureCaption, plan: _Plan) -> Outcome:
        if result.caption is None:
            assert result.error is not None
            return self._failed(result.path, result.error)
        target, text = plan.caption, result.caption.text
        if self._format == "json":
            line = _json_line({"path": str(result.path), **caption_facts(result.caption)})
        elif self._with_path and target.path == STDOUT:
            line = f"{printable(str(result.path))}\t{sentence_case(text)}\n"
        else:
            line = f"{sentence_case(text)}\n"
        try:
            if target.path == STDOUT:
                self._emit(line)
            elif self._place.file is not None:
                save(target.path, line)
            elif not target.done:
                self._save_sidecar(target.path, line, result.path)
            self._save_maps(result, plan)
        except VidcapError as error:
            return Outcome.of_error(result.path, error)
        written = [each.path for each in (target, *plan.maps) if not each.done]
        names = ", ".join(str(path) for path in written if path != STDOUT)
        return Outcome(result.path, State.DONE, f"written to {names}" if names else "")

    def _save_maps(self, result: PictureCaption, plan: _Plan) -> None:
        for target, make in zip(plan.maps, _MAPS.values(), strict=False):
            if not target.done:
                assert result.explanation is not None
                made = make(result.path, result.explanation)
                self._save_sidecar(target.path, made, result.path)

    def _save_sidecar(self, path: Path, data: str | bytes, source: Path) -> None:
        warning = save_sidecar(path, data, source, self._settings)
        if warning:
            self._reporter.warn(f"{source}: {warning}")

    def _failed(self, path: Path, error: VidcapError) -> Outcome:
        if self._format == "json" and self._place.file == STDOUT:
            self._emit(_json_line({"path": str(path), "error": str(error)}))
        return Outcome.of_error(path, error)


def _json_line(record: Mapping[str, Any]) -> str:
    # ASCII: a path that is no text (a lone surrogate) survives as an escape.
    return json.dumps(record) + "\n"
