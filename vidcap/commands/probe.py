"""``vidcap probe``: what video files say of themselves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidcap.commands.command import command
from vidcap.commands.inputs import VIDEO_SUFFIXES, Input, find_inputs
from vidcap.commands.options import json_option, paths_argument
from vidcap.commands.outcomes import Outcome, State, run_all
from vidcap.commands.progress import Reporter, printable
from vidcap.commands.standard_output import emit
from vidcap.errors import VidcapError

if TYPE_CHECKING:
    from vidcap.video.frame import VideoInfo


@command(
    "probe",
    "show what video files say of themselves",
    "vidcap probe film.mp4",
    "vidcap probe films/ --json",
)
@paths_argument("videos, or folders to walk")
@json_option("JSON lines, with exact fractions")
def command_(paths: tuple[Path, ...], as_json: bool, reporter: Reporter) -> int:
    """Probe videos and return the exit code."""
    return run(paths, as_json=as_json, reporter=reporter, emit=emit)


def run(
    paths: Sequence[Path], *, as_json: bool, reporter: Reporter, emit: Callable[[str], None]
) -> int:
    """Print what each file says of its video, and return the exit code.

    Args:
        paths: files and folders.
        as_json: print a JSON line for each file, times and ratios as exact fractions in text.
        reporter: what speaks to the user.
        emit: takes text for the standard output.
    """
    from vidcap.video.probe import probe

    def work(inputs: Sequence[Input]) -> Iterator[Outcome]:
        for item in inputs:
            try:
                if item.error is not None:
                    raise item.error
                info = probe(item.path)
            except Exception as error:
                if as_json and isinstance(error, VidcapError):
                    emit(json.dumps({"path": str(item.path), "error": str(error)}) + "\n")
                yield Outcome.of_error(item.path, error)
            else:
                facts = {**asdict(info), "path": str(item.path)}
                emit(_line(facts) if as_json else _words(item.path, info))
                yield Outcome(item.path, State.DONE)

    return run_all(
        find_inputs(paths, VIDEO_SUFFIXES),
        work,
        reporter,
        in_table=lambda outcome: outcome.state is State.FAILED,
    )


def _line(facts: dict[str, Any]) -> str:
    return json.dumps(facts, default=_exactly) + "\n"


def _exactly(value: object) -> str:
    assert isinstance(value, Fraction)
    return str(value)


def _words(path: Path, info: VideoInfo) -> str:
    size = f"{info.width}x{info.height}"
    if (info.width, info.height) != (info.coded_width, info.coded_height):
        size += f", coded {info.coded_width}x{info.coded_height}"
    facts = {
        "container": info.container,
        "codec": info.codec,
        "size": size,
        "rotation": f"{info.rotation} degrees clockwise" if info.rotation else "",
        "pixel aspect": str(info.pixel_aspect) if info.pixel_aspect != 1 else "",
        "duration": _seconds(info.duration),
        "frame rate": f"{float(info.frame_rate):.3f} a second" if info.frame_rate else "",
        "frames": str(info.frames) if info.frames else "",
        "start": _seconds(info.start_time) if info.start_time else "",
        "streams": f"video {info.video_streams}, audio {info.audio_streams}",
    }
    lines = [printable(str(path)), *(f"  {key}: {value}" for key, value in facts.items() if value)]
    return "\n".join(lines) + "\n"


def _seconds(time: Fraction | None) -> str:
    return f"{float(time):.3f} s" if time is not None else "not declared"
