"""What ``vidcap describe`` does: videos with a track that tells what is seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

from vidcap.commands.batch_job import LANGUAGE, FileJob, names
from vidcap.commands.destination import STDOUT, Destination, parse_destination
from vidcap.commands.inputs import VIDEO_SUFFIXES, find_inputs
from vidcap.commands.outcomes import run_all
from vidcap.commands.progress import Reporter
from vidcap.description.formats import FORMATS
from vidcap.description.muxing import CONTAINERS, SOUNDS, container_for
from vidcap.description.script import Verdict
from vidcap.errors import UsageError
from vidcap.jobs import DescribedVideo, describe
from vidcap.video.backends import check_decoder
from vidcap.video.sampling import parse_sampling

_VIDEO = "video"
_SOUND_KINDS = {suffix: suffix.removeprefix(".") for suffix in SOUNDS}
_SCRIPT_KINDS = {form.suffix: form.name for form in FORMATS}
_SUFFIXES = {**dict.fromkeys(CONTAINERS, _VIDEO), **_SOUND_KINDS, **_SCRIPT_KINDS}
_ALL = (_VIDEO, *_SOUND_KINDS.values(), *_SCRIPT_KINDS.values())
_ENDINGS = {
    "vtt": f".{LANGUAGE}.descriptions.vtt",
    "dapt": f".{LANGUAGE}.dapt.xml",
    "json": ".description.json",
    "txt": f".{LANGUAGE}.description.txt",
}
_DECIDING = (
    *("mode", "voice", "rate", "min_gap", "duck", "min_confidence", "ocr", "script"),
    *("captioner", "sampling", "fps", "decoder"),
)
_SILENT = "nothing to say: no scene is sure enough, new enough, or has room"


def run(
    paths: Sequence[Path],
    *,
    output: str | None,
    everything: str | None,
    force: bool,
    options: Mapping[str, Any],
    reporter: Reporter,
    emit: Callable[[str], None],
) -> int:
    """Describe videos and return the exit code.

    Args:
        paths: files and folders.
        output: where results go; None for a described video beside each.
        everything: a folder for results of every kind; None where only one is asked for.
        force: replace what vidcap wrote before, or the file that ``output`` names.
        options: keyword arguments for :func:`vidcap.describe`.
        reporter: what speaks to the user.
        emit: takes text for the standard output.

    Raises:
        VidcapError: nothing could be done for any input.
    """
    if everything is not None:
        if output is not None:
            raise UsageError("--all writes to its own folder; leave -o out")
        place = Destination(_ALL, folder=Path(everything))
    else:
        place = parse_destination(output, paths, (), default=_VIDEO, suffixes=_SUFFIXES)
    if place.file == STDOUT:
        raise UsageError("-o -: a description is a file; name one, such as film.vtt")
    if options["script"] is not None and (len(paths) > 1 or any(path.is_dir() for path in paths)):
        raise UsageError(f"--script {options['script']}: takes one video")
    # What is wrong with the options is wrong for every input: say it once.
    parse_sampling(options["sampling"], fps=options["fps"])
    if options["decoder"] != "auto":
        check_decoder(options["decoder"])
    job = _Job(
        place, force=force, options=options, deciding=_DECIDING, reporter=reporter, emit=emit
    )
    return run_all(find_inputs(paths, VIDEO_SUFFIXES), job.work, reporter)


class _Job(FileJob):
    def endings(self, name: str, video: Path) -> tuple[str, ...]:
        if name == _VIDEO:
            return (f".described{container_for(video)}",)
        return (_ENDINGS.get(name, f".described.{name}"),)

    def make(self, path: Path, missing: Mapping[str, Path]) -> str:
        options = self.job_options()
        with ExitStack() as stack:
            with self.reporter.bar(path.name) as bar:
                described = stack.enter_context(describe(path, **options, progress=bar.reach))
                bar.expect(Fraction(0), described.info.duration)
                script = described.script
            self._report(path, described)
            for name, target in missing.items():
                if name in _SCRIPT_KINDS.values():
                    self.write_text(path, target, described.text(name))
                else:
                    self.write_media(path, target, described.info, described.write)
        there = names(missing.values())
        if not script.told:
            return f"{_SILENT}; {there} without descriptions"
        number = len(script.told)
        return f"{number} description{'s' * (number > 1)} in {there}"

    def _report(self, path: Path, described: DescribedVideo) -> None:
        script = described.script
        for note in script.notes:
            self.reporter.detail(f"{path}: {note}")
        for one in script.told:
            if one.note:
                self.reporter.warn(f"{path}: {one.start_ms / 1000:.1f} s: {one.note}: {one.text}")
        verdicts = Counter(one.verdict for one in script.told)
        verdicts.update(one.verdict for one in script.left)
        reasons = Counter(one.reason for one in script.left)
        counted = [f"{verdicts[kind]} {kind}" for kind in Verdict if verdicts[kind]]
        if reasons:
            counted.append(
                "left out: " + ", ".join(f"{count} {why}" for why, count in sorted(reasons.items()))
            )
        if counted:
            self.reporter.say(f"{path}: {'; '.join(counted)}")
        wrong = script.risk.get("wrong")
        if wrong is not None and script.told:
            self.reporter.say(
                f"{path}: a draft, to be checked: of sentences as sure as these {float(wrong):.0%} "
                f"named a subject that no human did (on {script.risk['measured_on']})"
            )
