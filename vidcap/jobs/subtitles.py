"""Timed sentences for a video."""

from __future__ import annotations

from concurrent.futures import Future
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from vidcap.errors import NothingToSayError
from vidcap.files import write_atomically
from vidcap.jobs.options import CaptionerOptions, Number, ReadOptions
from vidcap.jobs.scenes import AnyPath, Progress, Scenes, open_inputs
from vidcap.subtitles import (
    Cue,
    Document,
    Preset,
    cues_from_scenes,
    load_preset,
    video_end_ms,
    video_facts,
)
from vidcap.subtitles.document import Fact
from vidcap.subtitles.formats import SubtitleFormat, format_for_file, format_named
from vidcap.video.frame import VideoInfo

if TYPE_CHECKING:
    from vidcap.captioning.captioner import Captioner


def subtitle(
    path: AnyPath,
    *,
    captioner: str | Captioner | Future[Captioner] = "default",
    preset: str | Path = "netflix",
    sampling: str = "fps",
    fps: Number = 1,
    start: Number | None = None,
    end: Number | None = None,
    decoder: str = "auto",
    device: str = "auto",
    batch_size: int = 16,
    threads: int = 0,
    prompt: str | None = None,
    progress: Progress | None = None,
    info: VideoInfo | None = None,
) -> Subtitles:
    """Caption a video: return its scenes, which are worked out while you iterate over them.

    Args:
        path: a video file on this machine.
        captioner: name of a captioner or path of a checkpoint (:func:`vidcap.load_captioner` says
            what there is); or one that is loaded, or one that is loading
            (:func:`load_in_background`), to be used for several videos.
        preset: name of the cue rules, or path of a YAML file with your own.
        sampling: which frames to look at: ``"fps"``, ``"keyframes"``, ``"shot"`` or ``"shot:N"``.
        fps: frames a second to look at, above 0, where ``sampling`` is ``"fps"``.
        start: player time in seconds to start at.
        end: player time in seconds to end at.
        decoder: ``"auto"``, ``"decord"``, ``"opencv"`` or ``"pyav"``.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        batch_size: pictures to caption at a time, 1 or more.
        threads: threads for decoding and for captioning, 0 for as many as make sense.
        prompt: what to ask a captioner that is named and takes a prompt.
        progress: called after every batch with the player time reached, in seconds.
        info: what :func:`vidcap.probe` said of the file, which is then not opened in this process.

    Raises:
        UsageError: an option has a value that cannot be used.
        MediaError: the file cannot be read as a video.
        ModelError: the captioner cannot be loaded; raised when the first scene is asked for.
    """
    rules = load_preset(preset)
    read = ReadOptions(
        sampling=sampling,
        fps=fps,
        start=start,
        end=end,
        decoder=decoder,
        batch_size=batch_size,
        threads=threads,
    )
    loaded_with = CaptionerOptions(
        captioner=captioner,
        device=device,
        batch_size=batch_size,
        threads=threads,
        prompt=prompt,
    )
    name, info, loading = open_inputs(path, loaded_with, info=info)
    settings: dict[str, Fact] = {"preset": str(preset), **read.facts()}
    return Subtitles(name, info, loading, read, rules, settings, progress)


class Subtitles(Scenes):
    """The scenes of one video, worked out as you iterate; then its cues.

    Made by :func:`subtitle`.
    """

    def __init__(
        self,
        path: str,
        info: VideoInfo,
        captioner: Future[Captioner],
        options: ReadOptions,
        preset: Preset,
        settings: dict[str, Fact],
        progress: Progress | None = None,
    ) -> None:
        super().__init__(
            path,
            info,
            captioner,
            options,
            budget=lambda seconds: preset.budget(seconds, info.frame_rate),
            progress=progress,
        )
        self._preset = preset
        self._settings = settings

    @cached_property
    def cues(self) -> tuple[Cue, ...]:
        """The cues of the whole video; works out the scenes that are left first."""
        end = self.status.end
        return tuple(
            cues_from_scenes(
                self._scenes,
                self._preset,
                video_end_ms=video_end_ms(end),
                frame_rate=self.info.frame_rate,
            )
        )

    def document(self) -> Document:
        """Return the cues, the scenes and all that is known of how they came about."""
        status = self.status
        return Document(
            cues=self.cues,
            scenes=self.scenes,
            video=video_facts(self.info, path=self.path, end=status.end),
            made_by=self.made_by,
            settings=self._settings,
            completeness=str(status.completeness),
            notes=status.notes,
        )

    def text(self, format_name: str) -> str:
        """Return the whole file in a format (:data:`vidcap.subtitles.formats.FORMATS`).

        Raises:
            UsageError: there is no such format.
            NothingToSayError: the video gave no cue.
        """
        return self._written_in(format_named(format_name))

    def write(self, path: AnyPath, *, format_name: str | None = None) -> None:
        """Write a file, whole or not at all, over whatever stands there.

        Args:
            path: the file; its suffix picks the format where ``format_name`` does not.
            format_name: the name of a format.

        Raises:
            UsageError: there is no such format.
            NothingToSayError: the video gave no cue; there is no file then.
            OutputError: the file cannot be written.
        """
        form = format_named(format_name) if format_name else format_for_file(Path(path))
        write_atomically(Path(path), self._written_in(form))

    def _written_in(self, form: SubtitleFormat) -> str:
        if not self.cues:
            raise NothingToSayError(f"{self.path}: no picture of it gave a sentence")
        return form.write(self.document())
