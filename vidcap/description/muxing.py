"""Described sound into files: alone, as one more track of the film, or with a film that waits."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from vidcap.description.mixing import Timeline
from vidcap.errors import OutputError
from vidcap.ffmpeg import ffmpeg_program, file_url, run_ffmpeg
from vidcap.files import replacing
from vidcap.video.frame import VideoInfo
from vidcap.video.remux import (
    SAME_BYTES,
    VIDEO_CODECS,
    Progress,
    Track,
    add_track,
    three_letters,
)

TITLE = "Audio description (draft)"
DISPOSITION = "visual_impaired"

_AAC: Mapping[str, Any] = {"c:a": "aac", "b:a": "160k"}
_SOUND_CODECS: Mapping[str, Mapping[str, Any]] = {
    ".wav": {"c:a": "pcm_s16le"},
    ".m4a": _AAC,
    ".mp3": {"c:a": "libmp3lame", "b:a": "160k"},
}
SOUNDS = tuple(_SOUND_CODECS)
"""Suffixes of the files that hold sound alone."""

CONTAINERS = (".mp4", ".mkv")
"""Suffixes of the files that can say of a track that it is for the visually impaired; QuickTime and
WebM, as ffmpeg writes them, cannot."""

_TRACK: Mapping[str, Any] = {"b": "160k"}
_TRACK_CODEC = "aac"
_FALLBACK_RATE = Fraction(25)
_HIGHEST_RATE = Fraction(60)


def container_for(film: Path) -> str:
    """Return the suffix of a file for a described film: its own kind, or Matroska's."""
    return ".mp4" if film.suffix.lower() in (".mp4", ".m4v") else ".mkv"


def write_sound(
    mix: Path, target: Path, *, subject: Path, progress: Progress = lambda time: None
) -> None:
    """Encode the described sound alone.

    Args:
        mix: the sound.
        target: the file to write; its suffix is one of ``SOUNDS``.
        subject: the file that an error is about.
        progress: is called with the seconds that are done.

    Raises:
        OutputError: there is no such format, or ffmpeg fails.
    """
    import ffmpeg

    suffix = target.suffix.lower()
    if suffix not in _SOUND_CODECS:
        raise OutputError(f"{target}: sound can be written as {', '.join(SOUNDS)}")
    settings = {**_SOUND_CODECS[suffix], **SAME_BYTES, "metadata": f"title={TITLE}"}
    with replacing(target) as scratch:
        command = ffmpeg.output(ffmpeg.input(file_url(mix)), file_url(scratch), **settings).compile(
            cmd=ffmpeg_program(), overwrite_output=True
        )
        run_ffmpeg(command, subject=subject, progress=progress)


def write_described(
    film: Path,
    mix: Path,
    target: Path,
    *,
    language: str,
    progress: Progress = lambda time: None,
) -> str:
    """Write a copy of a film with the described sound as one more track.

    Args:
        film: the file; all of its streams are copied.
        mix: the sound.
        target: the file to write; its suffix is one of ``CONTAINERS``.
        language: of the description, as a BCP 47 tag.
        progress: is called with the seconds that are done.

    Returns:
        A sentence where something could not be kept, or nothing.

    Raises:
        OutputError: the container is none of these, or ffmpeg fails.
    """
    _check(target)
    track = Track(
        mix,
        "a",
        _TRACK_CODEC,
        language=language,
        title=TITLE,
        disposition=DISPOSITION,
        options=_TRACK,
    )
    return add_track(film, track, target, progress=progress)


def write_waiting(
    film: Path,
    mix: Path,
    target: Path,
    *,
    info: VideoInfo,
    timeline: Timeline,
    language: str,
    progress: Progress = lambda time: None,
) -> None:
    """Write a film that stands still for its descriptions; its pictures are encoded anew.

    Args:
        film: the file.
        mix: the described sound, as long as what is written.
        target: the file to write.
        info: of the film.
        timeline: where it stands still.
        language: of the description, as a BCP 47 tag.
        progress: is called with the seconds that are done.

    Raises:
        OutputError: the container is none of these, or ffmpeg fails.
    """
    import ffmpeg

    _check(target)
    rate = min(info.frame_rate or _FALLBACK_RATE, _HIGHEST_RATE)
    moved = "+".join(
        [
            "PTS",
            *(f"gte(T,{(at - 2) / 1000:.3f})*{length}/1000/TB" for at, length in timeline.pauses),
        ]
    )
    settings = {
        **VIDEO_CODECS[""],
        **SAME_BYTES,
        "c:a": _TRACK_CODEC,
        "b:a": _TRACK["b"],
        "disposition:a:0": f"default+{DISPOSITION}",
        "metadata:s:a:0": f"language={three_letters(language)}",
        "map_chapters": -1,  # their times would be those of the film as it was
    }
    with replacing(target) as scratch:
        pictures = ffmpeg.input(file_url(film))[str(info.stream_index)]
        # A picture stays until the next one comes, however late that is; the first also before.
        waiting = pictures.filter("setpts", moved).filter("fps", fps=str(rate), start_time=0)
        command = ffmpeg.output(
            waiting, ffmpeg.input(file_url(mix))["a:0"], file_url(scratch), **settings
        ).compile(cmd=ffmpeg_program(), overwrite_output=True)
        place = command.index("-map_chapters")
        command[place:place] = ["-metadata:s:a:0", f"title={TITLE}"]
        run_ffmpeg(command, subject=film, progress=progress)


def _check(target: Path) -> None:
    if target.suffix.lower() not in CONTAINERS:
        raise OutputError(
            f"{target}: cannot say that a track is a description; {', '.join(CONTAINERS)} can"
        )
