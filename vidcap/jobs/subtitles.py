"""Timed sentences for a video."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from vidcap import __version__
from vidcap.errors import NothingToSayError, UsageError
from vidcap.files import write_atomically
from vidcap.jobs.loading import as_future, check_counts
from vidcap.scenes import FrameCaption, Scene, Teller, scenes_from_captions
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
from vidcap.video.change import find_change
from vidcap.video.container import regular_file
from vidcap.video.frame import ReadStatus, VideoInfo
from vidcap.video.probe import probe
from vidcap.video.sampling import Sampling, parse_sampling
from vidcap.video.source import Video, open_video

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vidcap.captioning.caption import Caption
    from vidcap.captioning.captioner import Captioner
    from vidcap.captioning.look import Look, SceneTeller
    from vidcap.video.frame import Frame

AnyPath = str | os.PathLike[str]
Number = int | float | str | Fraction
T = TypeVar("T")

_NUMBER = re.compile(r"\s*[0-9]{1,12}(?:\.[0-9]{1,12})?(?:/[0-9]{1,12})?\s*")


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
    progress: Callable[[Fraction], None] | None = None,
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

    Raises:
        UsageError: an option has a value that cannot be used.
        MediaError: the file cannot be read as a video.
        ModelError: the captioner cannot be loaded; raised when the first scene is asked for.
    """
    first = None if start is None else _exact("start", start)
    last = None if end is None else _exact("end", end)
    if last is not None and last <= (first or 0):
        raise UsageError(f"end is {end} s; it must be after start, {start or 0} s")
    check_counts(batch_size, threads)
    plan = Plan(
        preset=load_preset(preset),
        sampling=parse_sampling(sampling, fps=_exact("fps", fps)),
        start=first,
        end=last,
        decoder=decoder,
        batch_size=batch_size,
        threads=threads,
    )
    settings: dict[str, Fact] = {
        "preset": str(preset),
        "sampling": sampling,
        "fps": str(fps) if sampling == "fps" else None,
        "start": None if start is None else str(start),
        "end": None if end is None else str(end),
        "decoder": decoder,
    }
    regular_file(path)  # a slip of the pen should not wait for the captioner
    loading = as_future(
        captioner, device=device, batch_size=batch_size, threads=threads, prompt=prompt
    )
    return Subtitles(os.fspath(path), probe(path), loading, plan, settings, progress)


@dataclass(frozen=True, slots=True)
class Plan:
    """The options of :func:`subtitle`, checked."""

    preset: Preset
    sampling: Sampling
    start: Fraction | None
    end: Fraction | None
    decoder: str
    batch_size: int
    threads: int


class Subtitles(Iterator[Scene]):
    """The scenes of one video, worked out as you iterate; then its cues.

    A context manager: leaving it, or :meth:`close`, stops the work and lets go of the file.  Made
    by :func:`subtitle`.

    Attributes:
        path: the file, as it was named.
        info: what the file says of its video.
    """

    def __init__(
        self,
        path: str,
        info: VideoInfo,
        captioner: Future[Captioner],
        plan: Plan,
        settings: dict[str, Fact],
        progress: Callable[[Fraction], None] | None = None,
    ) -> None:
        self.path = path
        self.info = info
        self._captioner = captioner
        self._plan = plan
        self._settings = settings
        self._progress = progress
        self._status: ReadStatus | None = None
        self._scenes: list[Scene] = []
        self._work = self._run()

    def __next__(self) -> Scene:
        scene = next(self._work)
        self._scenes.append(scene)
        return scene

    @property
    def status(self) -> ReadStatus:
        """How the reading of the video ended; works out what is left first."""
        for _ in self:
            pass
        if self._status is None:
            raise UsageError("the reading of this video was stopped before its end")
        return self._status

    @cached_property
    def cues(self) -> tuple[Cue, ...]:
        """The cues of the whole video; works out the scenes that are left first."""
        end = self.status.end
        return tuple(
            cues_from_scenes(
                self._scenes,
                self._plan.preset,
                video_end_ms=video_end_ms(end),
                frame_rate=self.info.frame_rate,
            )
        )

    def document(self) -> Document:
        """Return the cues, the scenes and all that is known of how they came about."""
        status, captioner = self.status, self._captioner.result()
        return Document(
            cues=self.cues,
            scenes=tuple(self._scenes),
            video=video_facts(self.info, path=self.path, end=status.end),
            made_by={
                "version": __version__,
                "captioner": captioner.name,
                **captioner.provenance,
                "decoder": status.decoder,
            },
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

    @property
    def scenes(self) -> tuple[Scene, ...]:
        """All scenes; works out those that are left first."""
        _ = self.status
        return tuple(self._scenes)

    @property
    def captioner(self) -> Captioner:
        """What says it all."""
        return self._captioner.result()

    def key_frames(self) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Read the video again, and yield the index of each scene with its middle frame.

        The frames are those in the middle of what was looked at, squashed to the captioner's size.

        Raises:
            MediaError: the file cannot be read any more.
        """
        wanted = {
            scene.frames[len(scene.frames) // 2].ticks: i for i, scene in enumerate(self.scenes)
        }
        with self._open() as video:
            for frame in video:
                if frame.ticks in wanted:
                    yield wanted[frame.ticks], frame.image

    def close(self) -> None:
        """Stop the work and let go of the file; scenes that were given out stay."""
        self._work.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self) -> Generator[Scene, None, None]:
        captioner = self._captioner.result()
        with self._open() as video:
            captions = self._captions(video, captioner)
            yield from scenes_from_captions(
                captions,
                end=lambda: video.status.end,
                teller=self._teller(captioner),
                find_change=self._find_change,
            )
            self._status = video.status

    def _open(self) -> Video:
        plan = self._plan
        return open_video(
            self.info.path,
            decoder=plan.decoder,
            sampling=plan.sampling,
            start=plan.start,
            end=plan.end,
            size=self.captioner.picture_size,
            threads=plan.threads,
        )

    def _captions(self, video: Video, captioner: Captioner) -> Iterator[FrameCaption]:
        from vidcap.captioning.watching import watch

        for watched in watch(
            video, captioner, batch_size=self._plan.batch_size, reached=self._reached
        ):
            frame = watched.frame
            yield FrameCaption(
                frame.ticks,
                frame.time,
                frame.shot,
                frame.shot_start,
                watched.caption,
                watched.look,
            )

    def _reached(self, frame: Frame) -> None:
        if self._progress is not None:
            self._progress(frame.time)

    def _find_change(self, old: Fraction, new: Fraction) -> Fraction | None:
        return find_change(self.info.path, old, new, decoder=self._plan.decoder)

    def _teller(self, captioner: Captioner) -> Teller | None:
        from vidcap.captioning.look import SceneTeller

        if not isinstance(captioner, SceneTeller):
            return None
        return _Teller(captioner, self._plan.preset, self.info.frame_rate)


@dataclass(frozen=True, slots=True)
class _Teller:
    """Tells scenes within what the preset leaves room for."""

    captioner: SceneTeller
    preset: Preset
    frame_rate: Fraction | None

    def tell(self, looks: Sequence[Look], seconds: Fraction) -> Caption:
        return self.captioner.tell(looks, self.preset.budget(seconds, self.frame_rate))

    def apart(self, one: Sequence[Look], other: Sequence[Look]) -> float:
        return self.captioner.apart(one, other)


def _exact(name: str, value: Number) -> Fraction:
    # Through the decimal spelling: 0.1 means a tenth, not the nearest double.
    text = str(value)
    try:
        if _NUMBER.fullmatch(text):
            return Fraction(text)
    except ZeroDivisionError:
        pass
    raise UsageError(f"{name} is {text}; it must be a number, 0 or more, such as 2, 0.5 or 1/3")
