"""What ``vidcap subtitle`` does: timed words for videos."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from vidcap.commands.batch_job import LANGUAGE, FileJob, names
from vidcap.commands.destination import STDOUT, Destination, parse_destination
from vidcap.commands.inputs import VIDEO_SUFFIXES, find_inputs
from vidcap.commands.outcomes import run_all
from vidcap.commands.outputs import Target, named_target, save
from vidcap.commands.progress import Reporter
from vidcap.errors import NothingToSayError, UsageError
from vidcap.jobs import Subtitles, subtitle
from vidcap.subtitles import breaks_line, load_preset
from vidcap.subtitles.formats import FORMATS, format_named
from vidcap.subtitles.muxing import burn, mux
from vidcap.video.backends import check_decoder
from vidcap.video.remux import CONTAINERS, container_for
from vidcap.video.sampling import parse_sampling

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
    kinds = [*(format_named(name).name for name in formats), *videos]
    suffixes = {form.suffix: form.name for form in FORMATS}
    for name in videos:
        suffixes |= dict.fromkeys(CONTAINERS, name)
    place = parse_destination(output, paths, kinds, default="srt", suffixes=suffixes)
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


class _Job(FileJob):
    def __init__(
        self,
        place: Destination,
        report: Path | None,
        force: bool,
        options: Mapping[str, Any],
        reporter: Reporter,
        emit: Callable[[str], None],
    ) -> None:
        super().__init__(
            place, force=force, options=options, deciding=_DECIDING, reporter=reporter, emit=emit
        )
        self._report_file = report

    def endings(self, name: str, video: Path) -> tuple[str, ...]:
        if name in _VIDEOS:
            return (f".{_VIDEOS[name]}{container_for(video)}",)
        suffix = format_named(name).suffix
        return f".{LANGUAGE}{suffix}", f".scenes.{LANGUAGE}{suffix}"

    def more_targets(self) -> dict[str, Target]:
        if self._report_file is None:
            return {}
        return {_REPORT: named_target(self._report_file, force=self.force)}

    def make(self, path: Path, missing: Mapping[str, Path]) -> str:
        with (
            self.reporter.bar(path.name) as bar,
            subtitle(path, **self.job_options(), progress=bar.reach) as subtitles,
        ):
            bar.expect(*_extent(subtitles, self.options))
            for _ in subtitles:
                pass
        self._report(path, subtitles)
        for name, target in missing.items():
            if name == _REPORT:
                from vidcap.commands.report import report_html

                save(target, report_html(subtitles))
            elif name in _VIDEOS:
                self._write_video(name, path, target, subtitles)
            else:
                self.write_text(path, target, subtitles.text(name))
        number = len(subtitles.cues)
        cues = f"{number} cue" if number == 1 else f"{number} cues"
        return f"{cues} in {names(missing.values())}"

    def _report(self, path: Path, subtitles: Subtitles) -> None:
        self.report_reading(path, subtitles.status)
        if not subtitles.cues:
            raise NothingToSayError(f"{path}: no picture of it gave a sentence; no file is written")
        broken = breaks_line(subtitles.cues, load_preset(self.options["preset"]))
        if broken:
            self.reporter.warn(f"{path}: {broken}")

    def _write_video(self, kind: str, source: Path, path: Path, subtitles: Subtitles) -> None:
        document = subtitles.document()

        def write(scratch: Path, progress: Callable[[Fraction], None]) -> str:
            if kind == "mux":
                return mux(source, document, scratch, progress=progress)
            burn(source, document, scratch, progress=progress)
            return ""

        self.write_media(source, path, subtitles.info, write)


def _extent(subtitles: Subtitles, options: Mapping[str, Any]) -> tuple[Fraction, Fraction | None]:
    start = Fraction(options["start"] or 0)
    ends = [end for end in (options["end"], subtitles.info.duration) if end is not None]
    return start, min(map(Fraction, ends), default=None)
