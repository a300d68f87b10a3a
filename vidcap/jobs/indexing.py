"""Filling a catalogue: every video once, whatever comes between."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidcap.captioning.registry import load_captioner
from vidcap.closing import Closing
from vidcap.errors import MediaError, UsageError
from vidcap.index import Catalogue, FileRecord, State, VideoRecord
from vidcap.index.fingerprint import model_hash
from vidcap.index.vectors import pack
from vidcap.jobs.index_video import IndexSettings
from vidcap.jobs.options import Number, ReadOptions
from vidcap.jobs.scenes import AnyPath
from vidcap.jobs.workers import (
    Crew,
    ProcessWorkers,
    Reached,
    SerialWorker,
    WorkResult,
    find_embedder,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vidcap.captioning.captioner import Captioner

# How often to look whether another program has finished a video that it works on.
_WAIT_SECONDS = 0.5


class Outcome(StrEnum):
    """What came of a video."""

    INDEXED = "indexed"
    KEPT = "kept"
    STALE = "stale"
    FAILED = "failed"
    FAILED_BEFORE = "failed before"
    TO_DO = "to do"


@dataclass(frozen=True, slots=True)
class Indexed:
    """A video, and what came of it.

    Attributes:
        path: as it was named.
        outcome: what came of it.
        scenes: how many scenes were written, or are there.
        error: why it failed.
        error_text: the same in words; of a video that failed before, these alone are known.
    """

    path: Path
    outcome: Outcome
    scenes: int = 0
    error: Exception | None = None
    error_text: str = ""


class Indexer(Closing):
    """Fills a catalogue; several may fill one at a time, each video is watched by one of them.

    What is in the catalogue is not watched again, even if its file was moved or renamed.  A context
    manager; its captioner is loaded once for all it is asked to do.

    >>> with vidcap.Indexer("library.db") as indexer:  # doctest: +SKIP
    ...     for done in indexer.index(["a.mp4", "b.mp4"]):
    ...         print(done.path, done.outcome, done.scenes)

    Args:
        db: the catalogue; made where there is none.
        captioner: name of a captioner or path of a checkpoint; or one that is loaded.
        sampling: which frames to look at, as in :func:`vidcap.subtitle`.
        fps: frames a second to look at.
        decoder: ``"auto"`` or the name of one.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        batch_size: pictures to caption at a time.
        threads: processor threads of each worker; 0 shares all of them out.
        prompt: what to ask a captioner that takes a prompt.
        screen_text: also read text on screen, with the extra ``ocr``, which takes seconds a scene.
        workers: how many videos to watch side by side.  Several are processes that load a
            captioner each, which therefore has to be named.
        refresh: watch videos again that another model or other settings have done.
        retry_failed: watch videos again that failed.
        limit: watch at most so many.
        dry_run: watch and write nothing; say what would be watched.
        reached: called with file and player time while a video is watched by the one worker.

    Raises:
        UsageError: an option has a value that cannot be used.
        ModelError: the captioner cannot be loaded.
        DataError, OutputError: the catalogue cannot be used.
    """

    def __init__(
        self,
        db: AnyPath,
        *,
        captioner: str | Captioner = "default",
        sampling: str = "fps",
        fps: Number = 1,
        decoder: str = "auto",
        device: str = "auto",
        batch_size: int = 16,
        threads: int = 0,
        prompt: str | None = None,
        screen_text: bool = False,
        workers: int = 1,
        refresh: bool = False,
        retry_failed: bool = False,
        limit: int | None = None,
        dry_run: bool = False,
        reached: Reached | None = None,
    ) -> None:
        if workers < 1:
            raise UsageError(f"workers is {workers}; it must be 1 or more")
        if limit is not None and limit < 0:
            raise UsageError(f"limit is {limit}; it must be 0 or more")
        if workers > 1 and not isinstance(captioner, str):
            raise UsageError(
                f"workers is {workers}, which goes with the name of a captioner: each loads its "
                "own; a captioner that is loaded watches one video after another"
            )
        if workers > 1 and not threads:
            threads = max(1, _processors() // workers)
        read = ReadOptions(
            sampling=sampling,
            fps=fps,
            decoder=decoder,
            batch_size=batch_size,
            threads=threads,
        )
        self._way = IndexSettings(read, prompt=prompt, screen_text=screen_text)
        self._refresh = refresh
        self._retry = retry_failed
        self._left = limit
        self._dry = dry_run
        options: dict[str, Any] = {
            "device": device,
            "threads": threads,
            "batch_size": batch_size,
            "prompt": prompt,
        }
        self._catalogue: Catalogue | None = None
        if not dry_run or os.path.lexists(db):
            self._catalogue = Catalogue(db, create=not dry_run)
        self._crew: Crew | None = None
        try:
            writing = None if dry_run else self._catalogue
            if writing is not None and workers > 1:
                self._crew = ProcessWorkers(
                    workers, writing.path, self._way, {"name": captioner, **options}
                )
                self._model = model_hash(self._crew.provenance)
            else:
                if isinstance(captioner, str):
                    captioner = load_captioner(captioner, **options)
                self._model = model_hash(captioner.provenance)
                if writing is not None:
                    self._crew = SerialWorker(
                        writing, captioner, self._way, find_embedder(), reached
                    )
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Stop, and let go of the catalogue."""
        if self._crew is not None:
            self._crew.close()
        if self._catalogue is not None:
            self._catalogue.close()

    @property
    def exhausted(self) -> bool:
        """Whether the limit is reached."""
        return self._left == 0

    def embed_missing(self) -> int | None:
        """Give vectors to sentences that have none.

        Returns:
            to how many; None where what makes vectors is not installed.
        """
        embedder = find_embedder()
        if embedder is None:
            return None
        if self._catalogue is None or self._dry:
            return 0

        def embed(sentences: Sequence[str]) -> list[bytes]:
            return [pack(vector) for vector in embedder.embed(sentences)]

        return self._catalogue.embed_missing(embed)

    def index(self, paths: Iterable[AnyPath]) -> Iterator[Indexed]:
        """Watch videos, and yield what came of each: not always in their order.

        Args:
            paths: video files; folders are not walked.

        Raises:
            OutputError: the catalogue cannot be written; what is finished stays.
            ModelError, MissingExtraError: no other video would fare better.
        """
        names: dict[Path, Path] = {}
        postponed: list[FileRecord] = []
        # A content is watched once, however many files have it.
        taken: set[str] = set()
        for name in map(Path, paths):
            if self.exhausted and not self._dry:
                break
            settled, file = self._settle(name)
            if settled is not None:
                yield settled
                continue
            assert file is not None
            if file.content in taken:
                yield Indexed(name, Outcome.KEPT)
                continue
            if self._left is not None:
                if self._left == 0:
                    break
                self._left -= 1
            taken.add(file.content)
            if self._crew is None:
                yield Indexed(name, Outcome.TO_DO)
                continue
            names[file.path] = name
            while not self._crew.free:
                yield from self._taken(self._crew.take(), names, postponed)
            self._crew.give(file)
        yield from self._finish(names, postponed)

    def _finish(self, names: dict[Path, Path], postponed: list[FileRecord]) -> Iterator[Indexed]:
        crew = self._crew
        if crew is None:
            return
        while crew.busy or postponed:
            while crew.busy:
                yield from self._taken(crew.take(), names, postponed)
            waiting, postponed[:] = postponed[:], []
            if waiting:
                time.sleep(_WAIT_SECONDS)
            for file in waiting:
                settled, _ = self._settle(names[file.path])
                if settled is not None:
                    yield settled
                    continue
                while not crew.free:
                    yield from self._taken(crew.take(), names, postponed)
                crew.give(file)

    def _taken(
        self, done: WorkResult, names: dict[Path, Path], postponed: list[FileRecord]
    ) -> Iterator[Indexed]:
        name = names[done.file.path]
        if done.error is not None:
            self._keep_failure(done)
            yield Indexed(name, Outcome.FAILED, error=done.error, error_text=str(done.error))
        elif done.scenes is None:
            postponed.append(done.file)
        else:
            yield Indexed(name, Outcome.INDEXED, done.scenes)

    def _keep_failure(self, done: WorkResult) -> None:
        """Write down why a video failed whose worker had no time to."""
        catalogue, file = self._catalogue, done.file
        if catalogue is not None and catalogue.video(file.content) is None:
            catalogue.add(
                VideoRecord(
                    file.content,
                    file.size,
                    self._model,
                    self._way.settings,
                    {},
                    error=str(done.error),
                )
            )

    def _settle(self, name: Path) -> tuple[Indexed | None, FileRecord | None]:
        """Return what came of a video already, or else the file to watch."""
        catalogue = self._catalogue
        if catalogue is None:
            from vidcap.index.fingerprint import content_hash

            try:
                return None, FileRecord(name, 0, 0, content_hash(name))
            except MediaError as error:
                return Indexed(name, Outcome.FAILED, error=error, error_text=str(error)), None
        try:
            file = catalogue.recognise(name)
        except MediaError as error:
            return Indexed(name, Outcome.FAILED, error=error, error_text=str(error)), None
        if not self._dry:
            catalogue.remember(file)
        video = catalogue.video(file.content)
        if video is None:
            return None, file
        same = (video.model, video.settings) == (self._model, self._way.settings)
        if video.state is State.FAILED:
            if self._retry or (self._refresh and not same):
                return None, file
            words = video.error or ""
            return Indexed(name, Outcome.FAILED_BEFORE, error_text=words), None
        if same:
            return Indexed(name, Outcome.KEPT), None
        if self._refresh:
            return None, file
        return Indexed(name, Outcome.STALE), None


def _processors() -> int:
    from vidcap.captioning.runtimes.openvino import usable_processors

    return usable_processors()
