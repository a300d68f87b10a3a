"""Those who watch videos for a catalogue: this process, or several others side by side.

Every worker has a captioner and a connection of its own.  What it finishes it writes at once,
whoever asked for it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from vidcap.captioning.registry import load_captioner
from vidcap.errors import MissingExtraError, ModelError, VidcapError
from vidcap.index import Catalogue, FileRecord, State, VideoRecord
from vidcap.index.embedding import SentenceEmbedder
from vidcap.index.fingerprint import model_hash
from vidcap.jobs.index_video import IndexSettings, catalogued

if TYPE_CHECKING:
    from vidcap.captioning.captioner import Captioner

Reached = Callable[[Path, Fraction], None]

# A claim lasts much longer; renewing it after every batch would only wear the disk.
_RENEW_SECONDS = 10


@dataclass(frozen=True, slots=True)
class WorkResult:
    """What came of a video.

    Attributes:
        file: the video.
        scenes: how many scenes were written; None where another program has the video.
        error: why there are none.
    """

    file: FileRecord
    scenes: int | None = None
    error: Exception | None = None


class Crew(Protocol):
    """Watches videos that it is given.

    Attributes:
        provenance: what its captioner says of itself.
    """

    provenance: Mapping[str, str | int | float]

    @property
    def busy(self) -> int:
        """How many videos it was given and has not given back."""
        ...

    @property
    def free(self) -> bool:
        """Whether it takes one more."""
        ...

    def give(self, file: FileRecord) -> None:
        """Take a video to watch."""
        ...

    def take(self) -> WorkResult:
        """Return what came of a video, waiting for it.

        Raises:
            VidcapError: what would end every other video alike.
        """
        ...

    def close(self) -> None:
        """Stop."""
        ...


class SerialWorker:
    """Watches in this process, one video after another.

    Args:
        catalogue: where scenes go.
        captioner: says what is seen.
        way: how videos are watched.
        embedder: says what sentences mean.
        reached: called with the file and the player time reached.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        captioner: Captioner,
        way: IndexSettings,
        embedder: SentenceEmbedder | None,
        reached: Reached | None = None,
    ) -> None:
        self.provenance: Mapping[str, str | int | float] = captioner.provenance
        self._catalogue = catalogue
        self._captioner = captioner
        self._way = way
        self._embedder = embedder
        self._reached = reached
        self._given: deque[FileRecord] = deque()

    @property
    def busy(self) -> int:
        """How many videos it was given and has not given back."""
        return len(self._given)

    @property
    def free(self) -> bool:
        """Whether it takes one more."""
        return not self._given

    def give(self, file: FileRecord) -> None:
        """Take a video to watch."""
        self._given.append(file)

    def take(self) -> WorkResult:
        """Return what came of a video, waiting for it."""
        return self._watch(self._given.popleft())

    def close(self) -> None:
        """Stop."""

    def _watch(self, file: FileRecord) -> WorkResult:
        catalogue = self._catalogue
        if not catalogue.claim(file.content):
            return WorkResult(file)
        try:
            if self._is_done(file):
                # Another program was quicker: it had finished before the claim was made.
                catalogue.release(file.content)
                return WorkResult(file)
            try:
                video, scenes = catalogued(
                    file.path,
                    file.content,
                    file.size,
                    self._captioner,
                    self._way,
                    self._embedder,
                    _Renewal(catalogue, file, self._reached),
                )
                error = None
            except (ModelError, MissingExtraError, _NotOfTheVideo):
                raise
            except Exception as fault:
                error, scenes = fault, []
                video = self._failure(file, fault)
            written = catalogue.add(video, scenes, claimed=True)
        except BaseException as fault:
            catalogue.release(file.content)
            if isinstance(fault, _NotOfTheVideo):
                raise fault.error from fault
            raise
        return WorkResult(file, len(scenes) if written else None, error)

    def _is_done(self, file: FileRecord) -> bool:
        video = self._catalogue.video(file.content)
        made = (model_hash(self.provenance), self._way.settings)
        return (
            video is not None
            and video.state is State.DONE
            and (video.model, video.settings) == made
        )

    def _failure(self, file: FileRecord, error: Exception) -> VideoRecord:
        said = str(error) if isinstance(error, VidcapError) else f"{type(error).__name__}: {error}"
        words = " ".join(said.removeprefix(f"{file.path}: ").split())
        return VideoRecord(
            file.content,
            file.size,
            model_hash(self.provenance),
            self._way.settings,
            dict(self.provenance),
            error=words or type(error).__name__,
        )


class _NotOfTheVideo(Exception):
    """An error of the catalogue, raised while a video is watched."""

    def __init__(self, error: VidcapError) -> None:
        super().__init__(str(error))
        self.error = error


class _Renewal:
    """Keeps a claim alive while a video is watched, and passes on how far that is."""

    def __init__(self, catalogue: Catalogue, file: FileRecord, reached: Reached | None) -> None:
        self._catalogue = catalogue
        self._file = file
        self._reached = reached
        self._renewed = time.monotonic()

    def __call__(self, position: Fraction) -> None:
        if time.monotonic() - self._renewed > _RENEW_SECONDS:
            try:
                self._catalogue.renew(self._file.content)
            except VidcapError as error:
                raise _NotOfTheVideo(error) from error
            self._renewed = time.monotonic()
        if self._reached is not None:
            self._reached(self._file.path, position)


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    file: FileRecord | None = None


class ProcessWorkers:
    """Watches in several processes, one video in each.

    Args:
        count: how many processes.
        path: the catalogue.
        way: how videos are watched.
        captioner: arguments for :func:`vidcap.load_captioner`.

    Raises:
        ModelError, MissingExtraError: the captioner cannot be loaded.
    """

    def __init__(
        self, count: int, path: Path, way: IndexSettings, captioner: Mapping[str, Any]
    ) -> None:
        self._begin = (path, way, dict(captioner))
        self._workers: list[_Worker] = []
        try:
            # All load at once.
            self._workers = [self._start() for _ in range(count)]
            for worker in self._workers:
                self.provenance: Mapping[str, str | int | float] = self._greeting(worker)
        except BaseException:
            self.close()
            raise

    @property
    def busy(self) -> int:
        """How many videos it was given and has not given back."""
        return sum(worker.file is not None for worker in self._workers)

    @property
    def free(self) -> bool:
        """Whether it takes one more."""
        return self.busy < len(self._workers)

    def give(self, file: FileRecord) -> None:
        """Take a video to watch."""
        worker = next(worker for worker in self._workers if worker.file is None)
        worker.file = file
        with contextlib.suppress(OSError):  # a worker that is gone: taking will tell
            worker.pipe.send(file)

    def take(self) -> WorkResult:
        """Return what came of a video, waiting for it."""
        ready = wait([worker.pipe for worker in self._workers if worker.file is not None])
        worker = next(worker for worker in self._workers if worker.pipe is ready[0])
        file, worker.file = worker.file, None
        assert file is not None
        try:
            answer = worker.pipe.recv()
        except (EOFError, OSError):
            return self._gone(worker, file)
        if isinstance(answer, WorkResult):
            return answer
        raise answer

    def close(self) -> None:
        """Stop; what is in work is left."""
        for worker in self._workers:
            worker.pipe.close()  # which ends it
        for worker in self._workers:
            if worker.file is not None:
                worker.process.terminate()
            worker.process.join()

    def _start(self) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, *self._begin), daemon=True)
        process.start()
        # So that the pipe ends where the worker does.
        theirs.close()
        return _Worker(process, ours)

    def _greeting(self, worker: _Worker) -> Mapping[str, str | int | float]:
        try:
            answer = worker.pipe.recv()
        except EOFError:
            worker.process.join()
            raise ModelError(
                f"a worker ended with code {worker.process.exitcode} while it loaded the "
                "captioner; try fewer workers"
            ) from None
        if isinstance(answer, Exception):
            raise answer
        provenance: Mapping[str, str | int | float] = answer
        return provenance

    def _gone(self, worker: _Worker, file: FileRecord) -> WorkResult:
        """Say what became of a video whose worker is gone, and find another worker."""
        worker.process.join()
        code = worker.process.exitcode
        fresh = self._start()
        worker.process, worker.pipe = fresh.process, fresh.pipe
        self._greeting(worker)
        return WorkResult(
            file, error=RuntimeError(f"the worker that watched it ended with code {code}")
        )


def _work(pipe: Connection, path: Path, way: IndexSettings, captioner: Mapping[str, Any]) -> None:
    """Watch what comes through a pipe, until it closes."""
    import signal

    # The terminal tells every process; who started this one decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Catalogue(path) as catalogue:
            alone = SerialWorker(catalogue, load_captioner(**captioner), way, find_embedder())
            pipe.send(dict(alone.provenance))
            while True:
                alone.give(pipe.recv())
                pipe.send(_portable(alone.take()))
    except (EOFError, BrokenPipeError):
        pass
    except VidcapError as error:
        pipe.send(error)


def _portable(done: WorkResult) -> WorkResult:
    """Return what came of a video with an error that another process can read."""
    if done.error is None or isinstance(done.error, VidcapError):
        return done
    words = " ".join(f"{type(done.error).__name__}: {done.error}".split())
    return WorkResult(done.file, done.scenes, RuntimeError(words))


def find_embedder() -> SentenceEmbedder | None:
    """Return what turns sentences into vectors, where it is installed."""
    try:
        return SentenceEmbedder.load()
    except MissingExtraError:
        return None
