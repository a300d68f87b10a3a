"""Subtitles inside of a video file: as a track of their own, or drawn on the pictures."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from vidcap.errors import OutputError
from vidcap.ffmpeg import ffmpeg_program, file_url, run_ffmpeg
from vidcap.files import replacing
from vidcap.subtitles.document import Document
from vidcap.subtitles.formats.ass import AdvancedSubStation
from vidcap.subtitles.formats.base import SubtitleFormat
from vidcap.subtitles.formats.srt import SubRip
from vidcap.subtitles.formats.vtt import WebVTT
from vidcap.video.container import open_container

_TRACKS: dict[str, tuple[SubtitleFormat, str]] = {
    ".mp4": (SubRip(), "mov_text"),
    ".m4v": (SubRip(), "mov_text"),
    ".mov": (SubRip(), "mov_text"),
    ".mkv": (SubRip(), "subrip"),
    # As it is, with its escapes: ffmpeg would turn SubRip into WebVTT without any.
    ".webm": (WebVTT(), "copy"),
}
"""Containers that hold a track of text: what ffmpeg is given, and what it makes of it."""

CONTAINERS = tuple(_TRACKS)

_VIDEO_CODECS: dict[str, dict[str, Any]] = {
    ".webm": {"c:v": "libvpx-vp9", "crf": 24, "b:v": 0, "row-mt": 1, "deadline": "good"},
    "": {"c:v": "libx264", "crf": 18, "preset": "medium", "pix_fmt": "yuv420p"},
}

Progress = Callable[[Fraction], None]


@dataclass(frozen=True, slots=True)
class _Streams:
    subtitles: int
    data: int


def container_for(video: Path) -> str:
    """Return the suffix of a file that can hold a video with subtitles: its own, or Matroska's."""
    suffix = video.suffix.lower()
    return suffix if suffix in _TRACKS else ".mkv"


def mux(
    video: Path,
    document: Document,
    target: Path,
    *,
    title: str = "What is seen",
    progress: Progress = lambda time: None,
) -> str:
    """Write a copy of a video with the cues as one more track; every other stream is copied.

    Args:
        video: the file.
        document: its cues; the track's language is the document's.
        target: the file to write; its suffix is that of MP4, QuickTime, Matroska or WebM.
        title: what players call the track.
        progress: is called with the seconds of output that are done.

    Returns:
        A sentence where something could not be kept, or nothing.

    Raises:
        MediaError: the video cannot be opened.
        MissingExtraError: there is no ffmpeg program.
        OutputError: the container holds no text, or ffmpeg fails.
    """
    suffix = target.suffix.lower()
    if suffix not in _TRACKS:
        kinds = ", ".join(_TRACKS)
        raise OutputError(f"{target}: cannot hold a track of subtitles; {kinds} can")
    form, codec = _TRACKS[suffix]
    streams = _streams(video)
    settings = {"c": "copy", f"c:s:{streams.subtitles}": codec}
    facts = {
        "language": _three_letters(document.language),
        "title": title,
        "handler_name": title,  # what QuickTime and its heirs have for a title
    }
    more = [
        word
        for key, value in facts.items()
        for word in (f"-metadata:s:s:{streams.subtitles}", f"{key}={value}")
    ]
    with tempfile.TemporaryDirectory(prefix="vidcap-") as folder:
        track = Path(folder) / f"cues{form.suffix}"
        track.write_bytes(form.write(document).encode("utf-8"))
        try:
            _write(video, track, target, settings, [*_maps("0", "1"), *more], progress)
        except OutputError:
            if not streams.data:
                raise
            # Timecodes and the like: most containers refuse those of another.
            _write(video, track, target, settings, [*_maps("0", "-0:d", "1"), *more], progress)
            return f"{streams.data} streams of data could not be kept in {target.name}"
    return ""


def burn(
    video: Path,
    document: Document,
    target: Path,
    *,
    progress: Progress = lambda time: None,
) -> None:
    """Write a copy of a video with the cues drawn on its pictures; its sound is copied.

    The pictures are encoded anew: H.264 at a constant quality that is hard to tell from the
    original, VP9 in WebM.

    Args:
        video: the file.
        document: its cues.
        target: the file to write.
        progress: is called with the seconds of output that are done.

    Raises:
        MissingExtraError: there is no ffmpeg program.
        OutputError: ffmpeg fails, or was built without libass.
    """
    import ffmpeg

    suffix = target.suffix.lower()
    settings = {"c:a": "copy", **_VIDEO_CODECS.get(suffix, _VIDEO_CODECS[""])}
    with tempfile.TemporaryDirectory(prefix="vidcap-") as folder, replacing(target) as scratch:
        # The filter is given a plain name in the folder that ffmpeg runs in: nothing to escape.
        (Path(folder) / "cues.ass").write_bytes(AdvancedSubStation().write(document).encode())
        film = ffmpeg.input(file_url(video))
        command = ffmpeg.output(
            film["v:0"], film["a?"], file_url(scratch), vf="subtitles=cues.ass", **settings
        ).compile(cmd=ffmpeg_program(), overwrite_output=True)
        run_ffmpeg(command, subject=video, folder=Path(folder), progress=progress)


def _write(
    video: Path,
    track: Path,
    target: Path,
    settings: dict[str, Any],
    more: list[str],
    progress: Progress,
) -> None:
    import ffmpeg

    with replacing(target) as scratch:
        inputs = ffmpeg.input(file_url(video)), ffmpeg.input(file_url(track))
        command = ffmpeg.output(*inputs, file_url(scratch), **settings).compile(
            cmd=ffmpeg_program(), overwrite_output=True
        )
        # ffmpeg-python says every option once; maps that take away, and three facts of one
        # stream, go beside it.
        place = command.index("-map")
        command[place : place + 4] = more
        run_ffmpeg(command, subject=video, progress=progress)


def _maps(*names: str) -> list[str]:
    return [word for name in names for word in ("-map", name)]


def _streams(video: Path) -> _Streams:
    with open_container(video) as container:
        kinds = [stream.type for stream in container.streams]
    return _Streams(kinds.count("subtitle"), kinds.count("data"))


def _three_letters(language: str) -> str:
    """Return a language as containers have it (ISO 639-2); what is not known stays as it is."""
    return {"en": "eng", "de": "deu", "fr": "fra", "es": "spa"}.get(language, language)
