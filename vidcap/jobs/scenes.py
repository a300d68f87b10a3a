"""Work out the scenes of a video lazily; the shared first part of every job."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from fractions import Fraction
from typing import TYPE_CHECKING

from vidcap import __version__
from vidcap.closing import Closing
from vidcap.errors import UsageError
from vidcap.jobs.loading import picture_size
from vidcap.jobs.options import CaptionerOptions, ReadOptions
from vidcap.scenes import Scene, scenes_from_captions
from vidcap.subtitles.document import Fact
from vidcap.video.change_point import find_change
from vidcap.video.container import regular_file
from vidcap.video.frame import ReadStatus, VideoInfo
from vidcap.video.probe import probe
from vidcap.video.source import Video, open_video

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vidcap.captioning.caption import Budget
    from vidcap.captioning.captioner import Captioner

AnyPath = str | os.PathLike[str]
Progress = Callable[[Fraction], None]


def open_inputs(
    path: AnyPath, captioner: CaptionerOptions, *, info: VideoInfo | None = None
) -> tuple[str, VideoInfo, Future[Captioner]]:
    """Probe a file, unless its facts are known, and begin to load a captioner for it.

    Raises:
        UsageError: a prompt was given for a captioner that is loaded.
        MediaError: the file cannot be read as a video.
    """
    regular_file(path)  # a mistyped name is refused before the captioner loads
    loading = captioner.load()
    return os.fspath(path), info or probe(path), loading


class Scenes(Closing, Iterator[Scene]):
    """The scenes of one video, worked out as you iterate.

    A context manager: leaving it, or :meth:`close`, stops the work and lets go of the file.

    Attributes:
        path: the file, as it was named.
        info: what the file says of its video.
    """

    def __init__(
        self,
        path: str,
        info: VideoInfo,
        captioner: Future[Captioner],
        options: ReadOptions,
        *,
        budget: Callable[[Fraction], Budget],
        progress: Progress | None = None,
    ) -> None:
        self.path = path
        self.info = info
        self._captioner = captioner
        self._options = options
        self._budget = budget
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

    @property
    def made_by(self) -> dict[str, Fact]:
        """What made the sentences; works out what is left first."""
        captioner = self.captioner
        return {
            "version": __version__,
            "captioner": captioner.name,
            **captioner.provenance,
            "decoder": self.status.decoder,
        }

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

    def _run(self) -> Generator[Scene, None, None]:
        from vidcap.captioning.protocols import SceneCaptioner
        from vidcap.jobs.frame_captions import caption_frames

        with self._open() as video:
            captioner = self._captioner.result()
            yield from scenes_from_captions(
                caption_frames(
                    video, captioner, batch_size=self._options.batch_size, reached=self._progress
                ),
                end=lambda: video.status.end,
                captioner=captioner if isinstance(captioner, SceneCaptioner) else None,
                budget=self._budget,
                find_change=self._find_change,
            )
            self._status = video.status

    def _open(self) -> Video:
        options = self._options
        return open_video(
            self.info.path,
            decoder=options.decoder,
            sampling=options.frame_sampling(),
            start=options.start_time,
            end=options.end_time,
            size=picture_size(self._captioner),
            threads=options.threads,
        )

    def _find_change(self, old: Fraction, new: Fraction) -> Fraction | None:
        return find_change(self.info.path, old, new, decoder=self._options.decoder)
