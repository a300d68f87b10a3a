"""``vidcap check``: which rules of a preset the cues of subtitle files break."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidcap.commands import exits
from vidcap.commands.command import command
from vidcap.commands.inputs import Input, find_inputs
from vidcap.commands.options import (
    SUBTITLES,
    json_option,
    number,
    option,
    paths_argument,
    preset_option,
)
from vidcap.commands.outcomes import Outcome, State, run_all
from vidcap.commands.progress import Reporter, printable
from vidcap.commands.standard_output import emit
from vidcap.errors import VidcapError

if TYPE_CHECKING:
    from vidcap.subtitles.files import Checked


@command(
    "check",
    "report which rules of a preset subtitles break",
    "vidcap check film.en.srt",
    "vidcap check subtitles/ --preset bbc --json",
)
@paths_argument("subtitle files of any format that vidcap reads, or folders to walk")
@preset_option()
@option(
    "--frame-rate",
    type=number,
    section=SUBTITLES,
    metavar="N",
    help="frames a second of the video, for gaps that count in frames (default: 25)",
)
@json_option("JSON lines")
def command_(
    paths: tuple[Path, ...],
    preset: str,
    frame_rate: Fraction | None,
    as_json: bool,
    reporter: Reporter,
) -> int:
    """Check subtitles and return the exit code."""
    return run(
        paths, preset=preset, frame_rate=frame_rate, as_json=as_json, reporter=reporter, emit=emit
    )


def run(
    paths: Sequence[Path],
    *,
    preset: str,
    frame_rate: Fraction | None,
    as_json: bool,
    reporter: Reporter,
    emit: Callable[[str], None],
) -> int:
    """Print the rules that cues break, and return the exit code.

    Args:
        paths: subtitle files and folders of them.
        preset: name or YAML file of the rules.
        frame_rate: frames a second of the video, for gaps that are counted in frames.
        as_json: print a JSON line for each file.
        reporter: what speaks to the user.
        emit: takes text for the standard output.

    Raises:
        UsageError, DataError: there is no such preset.
    """
    from vidcap.subtitles.files import check_texts, read_subtitles
    from vidcap.subtitles.formats import FORMATS
    from vidcap.subtitles.presets import load_preset
    from vidcap.subtitles.rules import counted_rules

    rules = load_preset(preset)

    def work(inputs: Sequence[Input]) -> Iterator[Outcome]:
        for item in inputs:
            try:
                if item.error is not None:
                    raise item.error
                checked = check_texts(read_subtitles(item.path), rules, frame_rate=frame_rate)
            except Exception as error:
                if as_json and isinstance(error, VidcapError):
                    emit(json.dumps({"path": str(item.path), "error": str(error)}) + "\n")
                yield Outcome.of_error(item.path, error)
                continue
            broken = [cue for cue in checked if cue.breaks]
            facts = {"path": str(item.path), "preset": rules.name, "cues": len(checked)}
            if as_json:
                emit(json.dumps({**facts, "broken": [_entry(cue) for cue in broken]}) + "\n")
            else:
                emit("".join(_rows(item.path, broken)))
            if broken:
                counts = counted_rules(broken)
                words = f"{len(broken)} of {len(checked)} cues break {rules.name}: {counts}"
                yield Outcome(item.path, State.BROKEN, words, exits.RULES_BROKEN)
            else:
                words = f"all {len(checked)} cues keep the rules of {rules.name}"
                yield Outcome(item.path, State.DONE, words)

    suffixes = frozenset(form.suffix for form in FORMATS)
    return run_all(find_inputs(paths, suffixes, own=True), work, reporter)


def _entry(cue: Checked) -> dict[str, Any]:
    return {
        "number": cue.number,
        "start_ms": cue.timed.start_ms,
        "end_ms": cue.timed.end_ms,
        "text": cue.timed.text,
        "breaks": [asdict(found) for found in cue.breaks],
    }


def _rows(path: Path, broken: Sequence[Checked]) -> Iterator[str]:
    from vidcap.subtitles.times import clock

    if broken:
        yield f"{printable(str(path))}\n"
        yield f"  {'cue':>5}  {'start':12}  {'rule':13}  {'value':>8}  {'limit':>8}  text\n"
    for cue in broken:
        start = clock(max(0, cue.timed.start_ms), ".")
        for found in cue.breaks:
            yield (
                f"  {cue.number:5}  {start:12}  {found.rule:13}  {found.value:8g}  "
                f"{found.limit:8g}  {printable(cue.timed.text[:40])}\n"
            )
