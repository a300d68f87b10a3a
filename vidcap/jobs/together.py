"""Watching several videos in this process, which share one captioner: what a GPU wants."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from vidcap.captioning.sharing import share
from vidcap.index import Catalogue, FileRecord
from vidcap.jobs.index_video import IndexSettings
from vidcap.jobs.workers import SerialWorker, WorkResult, find_embedder

if TYPE_CHECKING:
    from vidcap.captioning.captioner import Captioner


class _Stopped(BaseException):
    """Ends a video that nobody waits for; no failure of the video's."""


class ProcessWorkers:
    """Watches in several threads, one video in each, whose pictures one captioner looks at.

    Frames come from a decoder process for each video.

    Args:
        count: how many threads.
        path: the catalogue; every video has a connection of its own.
        way: how videos are watched.
        captioner: says what is seen.
        batch_size: pictures to look at together.
    """

    def __init__(
        self, count: int, path: Path, way: IndexSettings, captioner: Captioner, *, batch_size: int
    ) -> None:
        self.provenance: Mapping[str, str | int | float] = captioner.provenance
        self._count = count
        self._path = path
        self._way = way
        self._captioner = share(captioner, most=batch_size)
        self._embedder = find_embedder()
        self._threads = ThreadPoolExecutor(count, "video")
        self._busy: set[Future[WorkResult]] = set()
        self._stopped = threading.Event()

    @property
    def busy(self) -> int:
        """How many videos it was given and has not given back."""
        return len(self._busy)

    @property
    def free(self) -> bool:
        """Whether it takes one more."""
        return self.busy < self._count

    def give(self, file: FileRecord) -> None:
        """Take a video to watch."""
        self._busy.add(self._threads.submit(self._watch, file))

    def take(self) -> WorkResult:
        """Return what came of a video, waiting for it.

        Raises:
            VidcapError: what would end every other video alike.
        """
        ready, _ = wait(self._busy, return_when=FIRST_COMPLETED)
        done = ready.pop()
        self._busy.remove(done)
        return done.result()

    def close(self) -> None:
        """Stop; what is in work is left."""
        self._stopped.set()
        self._threads.shutdown(cancel_futures=True)
        self._captioner.close()

    def _watch(self, file: FileRecord) -> WorkResult:
        with Catalogue(self._path) as catalogue:
            alone = SerialWorker(
                catalogue, self._captioner, self._way, self._embedder, self._reached
            )
            alone.give(file)
            return alone.take()

    def _reached(self, path: Path, position: Fraction) -> None:
        if self._stopped.is_set():
            raise _Stopped
