"""``vidcap subtitle``: timed words for videos."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidcap.commands.destination import STDOUT, Destination, parse_destination
from vidcap.commands.inputs import VIDEO_SUFFIXES, Input, find_inputs
from vidcap.commands.outcomes import Outcome, State, run_all
from vidcap.commands.outputs import (
    Target,
    check_writable,
    named_target,
    record_scratch,
    save,
    save_sidecar,
    sidecar_target,
)
from vidcap.commands.progress import Reporter
from vidcap.errors import NothingToSayError, UsageError
from vidcap.files import replacing
from vidcap.jobs import Subtitles, load_in_background, subtitle
from vidcap.subtitles import breaks_line, load_preset
from vidcap.subtitles.formats import FORMATS, format_named
from vidcap.subtitles.muxing import CONTAINERS, burn, container_for, mux
from vidcap.video.container import regular_file
from vidcap.video.frame import Completeness
from vidcap.video.readers import check_decoder
from vidcap.video.sampling import parse_sampling

if TYPE_CHECKING:
    from vidcap.captioning.captioner import Captioner

LANGUAGE = "en"
# What becomes of a video, and what its name then says.
_VIDEOS = {"mux": "subtitled", "burn": "burned"}
_REPORT = "report"
# Options that decide on the result, and so whether one that is there is still up to date.
_DECIDING = ("captioner", "preset", "sampling", "fps", "start", "end", "decoder")


def run(
    paths: Sequence[Path],
    *,
    output: str | None,
    formats: Sequence[str],
    videos: Sequence[str],
    report: Path | None,
    force: bool,
    options: Mapping[str, Any],
    reporter: Reporter,
    emit: Callable[[str], None],
) -> int:
    """Subtitle videos and return the exit code.

    Args:
        paths: files and folders.
        output: where results go; None for sidecars.
        formats: names of formats; empty for SubRip, or for none where there are ``videos``.
        videos: copies of the video to write: ``mux``, with a track of subtitles; ``burn``, with
            the subtitles drawn on the pictures.
        report: where a page to look at goes; for one video alone.
        force: replace what vidcap wrote before, or the file that ``output`` names.
        options: keyword arguments for :func:`vidcap.subtitle`.
        reporter: what speaks to the user.
        emit: takes text for the standard output.

    Raises:
        VidcapError: nothing could be done for any input.
    """
    names = [*(format_named(name).name for name in formats), *videos]
    suffixes = {form.suffix: form.name for form in FORMATS}
    for name in videos:
        suffixes |= dict.fromkeys(CONTAINERS, name)
    place = parse_destination(output, paths, names, default="srt", suffixes=suffixes)
    if place.file == STDOUT and videos:
        raise UsageError(f"--{videos[0]} writes a video: name a file or a folder with -o")
    # What is wrong with the options is wrong for every input: say it once.
    parse_sampling(options["sampling"], fps=options["fps"])
    load_preset(options["preset"])
    if options["decoder"] != "auto":
        check_decoder(options["decoder"])
    if report is not None and (len(paths) > 1 or any(path.is_dir() for path in paths)):
        raise UsageError(f"--report {report}: takes one video")
    job = _Job(place, report, force, options, reporter, emit)
    return run_all(find_inputs(paths, VIDEO_SUFFIXES), job.work, reporter)


class _Job:
    def __init__(
        self,
        place: Destination,
        report: Path | None,
        force: bool,
        options: Mapping[str, Any],
        reporter: Reporter,
        emit: Callable[[str], None],
    ) -> None:
        self._place = place
        self._report_file = report
        self._force = force
        self._options = options
        self._reporter = reporter
        self._emit = emit
        self._settings = {
            key: None if options[key] is None else str(options[key]) for key in _DECIDING
        }
        if options["prompt"] is not None:
            self._settings["prompt"] = options["prompt"]

    def work(self, inputs: Sequence[Input]) -> Iterator[Outcome]:
        for item in inputs:
            try:
                yield self._one(item)
            except Exception as error:
                yield Outcome.of_error(item.path, error)

    def _one(self, item: Input) -> Outcome:
        if item.error is not None:
            raise item.error
        regular_file(item.path)
        targets = {name: self._target(item, name) for name in self._place.formats}
        if self._report_file is not None:
            targets[_REPORT] = named_target(self._report_file, force=self._force)
        for note in dict.fromkeys(target.note for target in targets.values() if target.note):
            self._reporter.say(f"{item.path}: {note}")
        missing = {name: target.path for name, target in targets.items() if not target.done}
        if not missing:
            there = _names(target.path for target in targets.values())
            return Outcome(item.path, State.KEPT, f"{there}: already there")
        options = {**self._options, "captioner": self._captioner, "prompt": None}
        with (
            self._reporter.bar(item.path.name) as bar,
            subtitle(item.path, **options, progress=bar.reach) as subtitles,
        ):
            bar.expect(*_extent(subtitles, self._options))
            for _ in subtitles:
                pass
        self._report(item.path, subtitles)
        for name, path in missing.items():
            if name == _REPORT:
                from vidcap.commands.report import report_html

                save(path, report_html(subtitles))
            elif name in _VIDEOS:
                self._write_video(name, item.path, path, subtitles)
            else:
                self._write(item.path, path, subtitles.text(name))
        number = len(subtitles.cues)
        cues = f"{number} cue" if number == 1 else f"{number} cues"
        return Outcome(item.path, State.DONE, f"{cues} in {_names(missing.values())}")

    @cached_property
    def _captioner(self) -> Future[Captioner]:
        keys = ("device", "threads", "batch_size", "prompt")
        return load_in_background(
            self._options["captioner"], **{key: self._options[key] for key in keys}
        )

    def _target(self, item: Input, format_name: str) -> Target:
        file, folder = self._place.file, self._place.folder
        if file == STDOUT:
            return Target(file)
        if file is not None:
            if file.exists() and file.samefile(item.path):
                raise UsageError(f"-o {file}: is the video itself; name another file")
            target = named_target(file, force=self._force)
        else:
            target = sidecar_target(
                item.path,
                item.path.parent if folder is None else folder / item.below,
                _endings(format_name, item.path),
                siblings=VIDEO_SUFFIXES,
                settings=self._settings,
                force=self._force,
            )
        if not target.done:
            check_writable(target.path.parent)
        return target

    def _report(self, path: Path, subtitles: Subtitles) -> None:
        status = subtitles.status
        notes = " ".join(status.notes)
        if status.completeness is Completeness.COMPLETE:
            if notes:
                self._reporter.detail(f"{path}: {notes}")
        else:
            self._reporter.warn(f"{path}: the video is {status.completeness}. {notes}".rstrip())
        self._reporter.detail(
            f"{path}: {status.frames_decoded} frames decoded by {status.decoder}, "
            f"to {float(status.end):.3f} s"
        )
        if not subtitles.cues:
            raise NothingToSayError(f"{path}: no picture of it gave a sentence; no file is written")
        broken = breaks_line(subtitles.cues, load_preset(self._options["preset"]))
        if broken:
            self._reporter.warn(f"{path}: {broken}")

    def _write_video(self, kind: str, source: Path, path: Path, subtitles: Subtitles) -> None:
        document = subtitles.document()
        with self._reporter.bar(path.name) as bar, replacing(path) as scratch:
            bar.expect(Fraction(0), subtitles.info.duration)
            if kind == "burn":
                burn(source, document, scratch, progress=bar.reach)
            else:
                lost = mux(source, document, scratch, progress=bar.reach)
                if lost:
                    self._reporter.warn(f"{source}: {lost}")
            if self._place.file is None:
                warning = record_scratch(path, scratch, source, self._settings)
                if warning:
                    self._reporter.warn(f"{source}: {warning}")

    def _write(self, source: Path, path: Path, text: str) -> None:
        if self._place.file == STDOUT:
            self._emit(text)
        elif self._place.file is not None:
            save(path, text)
        else:
            warning = save_sidecar(path, text, source, self._settings)
            if warning:
                self._reporter.warn(f"{source}: {warning}")


def _endings(name: str, video: Path) -> tuple[str, ...]:
    if name in _VIDEOS:
        return (f".{_VIDEOS[name]}{container_for(video)}",)
    suffix = format_named(name).suffix
    return f".{LANGUAGE}{suffix}", f".scenes.{LANGUAGE}{suffix}"


def _extent(subtitles: Subtitles, options: Mapping[str, Any]) -> tuple[Fraction, Fraction | None]:
    start = Fraction(options["start"] or 0)
    ends = [end for end in (options["end"], subtitles.info.duration) if end is not None]
    return start, min(map(Fraction, ends), default=None)


def _names(paths: Iterable[Path]) -> str:
    return ", ".join("the standard output" if path == STDOUT else str(path) for path in paths)
