"""What commands that write files for each of several videos have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidcap.commands.destination import STDOUT, Destination
from vidcap.commands.inputs import VIDEO_SUFFIXES, Input
from vidcap.commands.outcomes import Outcome, State
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
from vidcap.errors import UsageError
from vidcap.files import replacing
from vidcap.jobs import load_in_background
from vidcap.video.container import regular_file
from vidcap.video.frame import Completeness, ReadStatus, VideoInfo

if TYPE_CHECKING:
    from vidcap.captioning.captioner import Captioner

LANGUAGE = "en"


class FileJob(ABC):
    """Does a job for one video after another, and writes what is missing.

    Args:
        place: where results go, and of which kinds they are.
        force: replace what vidcap wrote before, or the file that was named.
        options: of the job, as the command line gives them.
        deciding: names of those options that decide on the result, and so whether one that is
            there is still up to date.
        reporter: what speaks to the user.
        emit: takes text for the standard output.
    """

    def __init__(
        self,
        place: Destination,
        *,
        force: bool,
        options: Mapping[str, Any],
        deciding: Sequence[str],
        reporter: Reporter,
        emit: Callable[[str], None],
    ) -> None:
        self.place = place
        self.force = force
        self.options = options
        self.reporter = reporter
        self.emit = emit
        self.settings = {
            key: None if options[key] is None else str(options[key]) for key in deciding
        }
        if options["prompt"] is not None:
            self.settings["prompt"] = options["prompt"]

    @abstractmethod
    def endings(self, name: str, video: Path) -> tuple[str, ...]:
        """Return what the name of a result of this kind may end in, the best first."""

    @abstractmethod
    def make(self, path: Path, missing: Mapping[str, Path]) -> str:
        """Do the job for a video, and return what to say of it.

        Args:
            path: the video.
            missing: kinds of results and the files to write them to.
        """

    def more_targets(self) -> dict[str, Target]:
        """Return results beside those of the place."""
        return {}

    def work(self, inputs: Sequence[Input]) -> Iterator[Outcome]:
        """Do the job for every input, and yield what came of each."""
        for item in inputs:
            try:
                yield self._one(item)
            except Exception as error:
                yield Outcome.of_error(item.path, error)

    def _one(self, item: Input) -> Outcome:
        if item.error is not None:
            raise item.error
        regular_file(item.path)
        targets = {name: self._target(item, name) for name in self.place.formats}
        targets |= self.more_targets()
        for note in dict.fromkeys(target.note for target in targets.values() if target.note):
            self.reporter.say(f"{item.path}: {note}")
        missing = {name: target.path for name, target in targets.items() if not target.done}
        if not missing:
            there = names(target.path for target in targets.values())
            return Outcome(item.path, State.KEPT, f"{there}: already there")
        return Outcome(item.path, State.DONE, self.make(item.path, missing))

    @cached_property
    def captioner(self) -> Future[Captioner]:
        """The captioner for all inputs, loaded once."""
        keys = ("device", "threads", "batch_size", "prompt")
        return load_in_background(
            self.options["captioner"], **{key: self.options[key] for key in keys}
        )

    def job_options(self) -> dict[str, Any]:
        """Return the options for a job, with the captioner of all."""
        return {**self.options, "captioner": self.captioner, "prompt": None}

    def report_reading(self, path: Path, status: ReadStatus) -> None:
        """Say how the reading of a video ended, where that is worth a word."""
        notes = " ".join(status.notes)
        if status.completeness is Completeness.COMPLETE:
            if notes:
                self.reporter.detail(f"{path}: {notes}")
        else:
            self.reporter.warn(f"{path}: the video is {status.completeness}. {notes}".rstrip())
        self.reporter.detail(
            f"{path}: {status.frames_decoded} frames decoded by {status.decoder}, "
            f"to {float(status.end):.3f} s"
        )

    def write_text(self, source: Path, path: Path, text: str) -> None:
        """Write a result of text where it belongs."""
        if self.place.file == STDOUT:
            self.emit(text)
        elif self.place.file is not None:
            save(path, text)
        else:
            self._warn(source, save_sidecar(path, text, source, self.settings))

    def write_media(
        self, source: Path, path: Path, info: VideoInfo, write: Callable[..., str]
    ) -> None:
        """Write a result that takes its time.

        Args:
            source: the video.
            path: the file.
            info: of the video.
            write: takes a scratch file and what to call on progress; returns a warning or nothing.
        """
        with self.reporter.bar(path.name) as bar, replacing(path) as scratch:
            bar.expect(Fraction(0), info.duration)
            self._warn(source, write(scratch, progress=bar.reach))
            if self.place.file is None:
                self._warn(source, record_scratch(path, scratch, source, self.settings))

    def _warn(self, source: Path, warning: str) -> None:
        if warning:
            self.reporter.warn(f"{source}: {warning}")

    def _target(self, item: Input, name: str) -> Target:
        file, folder = self.place.file, self.place.folder
        if file == STDOUT:
            return Target(file)
        if file is not None:
            if file.exists() and file.samefile(item.path):
                raise UsageError(f"-o {file}: is the video itself; name another file")
            target = named_target(file, force=self.force)
        else:
            target = sidecar_target(
                item.path,
                item.path.parent if folder is None else folder / item.below,
                self.endings(name, item.path),
                siblings=VIDEO_SUFFIXES,
                settings=self.settings,
                force=self.force,
            )
        if not target.done:
            check_writable(target.path.parent)
        return target


def names(paths: Iterable[Path]) -> str:
    """Return files as a message lists them."""
    return ", ".join("the standard output" if path == STDOUT else str(path) for path in paths)
