"""Subtitles inside of a video file: as a track of their own, or drawn on the pictures."""

from __future__ import annotations

import tempfile
from pathlib import Path

from vidcap.errors import OutputError
from vidcap.ffmpeg import ffmpeg_program, file_url, run_ffmpeg
from vidcap.files import replacing
from vidcap.subtitles.document import Document
from vidcap.subtitles.formats.ass import AdvancedSubStation
from vidcap.subtitles.formats.base import SubtitleFormat
from vidcap.subtitles.formats.srt import SubRip
from vidcap.subtitles.formats.vtt import WebVTT
from vidcap.video.remux import SAME_BYTES, VIDEO_CODECS, Progress, Track, add_track

_TRACKS: dict[str, tuple[SubtitleFormat, str]] = {
    ".mp4": (SubRip(), "mov_text"),
    ".m4v": (SubRip(), "mov_text"),
    ".mov": (SubRip(), "mov_text"),
    ".mkv": (SubRip(), "subrip"),
    # As it is, with its escapes: ffmpeg would turn SubRip into WebVTT without any.
    ".webm": (WebVTT(), "copy"),
}
"""Containers that hold a track of text: what ffmpeg is given, and what it makes of it."""


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
    with tempfile.TemporaryDirectory(prefix="vidcap-") as folder:
        file = Path(folder) / f"cues{form.suffix}"
        file.write_bytes(form.write(document).encode("utf-8"))
        track = Track(file, "s", codec, language=document.language, title=title)
        return add_track(video, track, target, progress=progress)


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
    settings = {"c:a": "copy", **SAME_BYTES, **VIDEO_CODECS.get(suffix, VIDEO_CODECS[""])}
    with tempfile.TemporaryDirectory(prefix="vidcap-") as folder, replacing(target) as scratch:
        # The filter is given a plain name in the folder that ffmpeg runs in: nothing to escape.
        (Path(folder) / "cues.ass").write_bytes(AdvancedSubStation().write(document).encode())
        film = ffmpeg.input(file_url(video))
        command = ffmpeg.output(
            film["v:0"], film["a?"], file_url(scratch), vf="subtitles=cues.ass", **settings
        ).compile(cmd=ffmpeg_program(), overwrite_output=True)
        run_ffmpeg(command, subject=video, folder=Path(folder), progress=progress)
