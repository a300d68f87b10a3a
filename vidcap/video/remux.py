"""Copies of a video with one more track; everything else stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from vidcap.errors import OutputError
from vidcap.ffmpeg import ffmpeg_program, file_url, run_ffmpeg
from vidcap.files import replacing
from vidcap.video.container import open_container

CONTAINERS = (".mp4", ".m4v", ".mov", ".mkv", ".webm")
"""Suffixes of the files that hold a track of text or of sound beside the video's own."""

VIDEO_CODECS: Mapping[str, Mapping[str, Any]] = {
    ".webm": {"c:v": "libvpx-vp9", "crf": 24, "b:v": 0, "row-mt": 1, "deadline": "good"},
    "": {"c:v": "libx264", "crf": 18, "preset": "medium", "pix_fmt": "yuv420p"},
}
"""What pictures that change are encoded with: a constant quality that is hard to tell from the
original, by the suffix of the file."""

# No time of day and no random numbers in a file: the same input gives the same bytes.
SAME_BYTES: Mapping[str, Any] = {"fflags": "+bitexact"}

Progress = Callable[[Fraction], None]


@dataclass(frozen=True, slots=True)
class Track:
    """A track to be added.

    Attributes:
        file: what holds it, alone.
        kind: ``s`` for subtitles, ``a`` for sound.
        codec: what ffmpeg makes of it, or ``copy``.
        language: a BCP 47 tag.
        title: what players call it.
        disposition: what it is for, in ffmpeg's word; empty for nothing in particular.
        options: of the encoder, such as ``{"b": "160k"}``.
    """

    file: Path
    kind: str
    codec: str
    language: str
    title: str
    disposition: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


def container_for(video: Path) -> str:
    """Return the suffix of a file that can hold a video and a track more: its own, or ``.mkv``."""
    suffix = video.suffix.lower()
    return suffix if suffix in CONTAINERS else ".mkv"


def add_track(
    video: Path, track: Track, target: Path, *, progress: Progress = lambda time: None
) -> str:
    """Write a copy of a video with one more track; every other stream is copied.

    Args:
        video: the file.
        track: what to add.
        target: the file to write; its suffix picks the container.
        progress: is called with the seconds of output that are done.

    Returns:
        A sentence where something could not be kept, or nothing.

    Raises:
        MediaError: the video cannot be opened.
        MissingExtraError: there is no ffmpeg program.
        OutputError: ffmpeg fails.
    """
    with open_container(video) as container:
        kinds = [str(stream.type)[0] for stream in container.streams]
    data, number = kinds.count("d"), kinds.count(track.kind)
    try:
        _write(video, track, number, target, ("0", "1"), progress)
    except OutputError:
        if not data:
            raise
        # Timecodes and the like: most containers refuse those of another.
        _write(video, track, number, target, ("0", "-0:d", "1"), progress)
        return f"{data} streams of data could not be kept in {target.name}"
    return ""


def three_letters(language: str) -> str:
    """Return a language as containers have it (ISO 639-2); what is not known stays as it is."""
    return {"en": "eng", "de": "deu", "fr": "fra", "es": "spa"}.get(language, language)


def _write(
    video: Path,
    track: Track,
    number: int,
    target: Path,
    maps: tuple[str, ...],
    progress: Progress,
) -> None:
    import ffmpeg

    stream = f"{track.kind}:{number}"
    settings = {"c": "copy", f"c:{stream}": track.codec, **SAME_BYTES}
    settings |= {f"{key}:{stream}": value for key, value in track.options.items()}
    if track.disposition:
        settings[f"disposition:{stream}"] = track.disposition
    facts = {
        "language": three_letters(track.language),
        "title": track.title,
        "handler_name": track.title,  # what QuickTime and its heirs have for a title
    }
    more = [word for name in maps for word in ("-map", name)]
    for key, value in facts.items():
        more += [f"-metadata:s:{stream}", f"{key}={value}"]
    with replacing(target) as scratch:
        # MPEG program streams leave times out that Matroska asks for.
        film = ffmpeg.input(file_url(video), fflags="+genpts")
        inputs = film, ffmpeg.input(file_url(track.file))
        command = ffmpeg.output(*inputs, file_url(scratch), **settings).compile(
            cmd=ffmpeg_program(), overwrite_output=True
        )
        # ffmpeg-python says every option once; maps that take away, and three facts of one
        # stream, go beside it.
        place = command.index("-map")
        command[place : place + 4] = more
        run_ffmpeg(command, subject=video, progress=progress)
