"""The catalogue: videos, their scenes, and where their files lie, in one SQLite file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vidcap.closing import Closing
from vidcap.errors import MediaError
from vidcap.index import claims
from vidcap.index.fingerprint import content_hash, located
from vidcap.index.records import FileRecord, SceneRecord, Status, VideoRecord
from vidcap.index.schema import VERSION, connect, speaking_of, transaction
from vidcap.index.vectors import VectorSearch

_VIDEO = "content, size, duration_ms, error, completeness, model, settings, made_by"


class Catalogue(Closing):
    """Keeps what was seen in videos, and finds it again.

    A context manager; :meth:`close` lets go of the file.  One object belongs to one thread; any
    number of programs may have the same file open.

    Args:
        path: the file.
        create: make it where there is none.

    Attributes:
        path: the file.
        connection: to SQLite, for whoever wants to ask what no method here does.
        owner: what this object is called in claims.
        vectors: finds scenes by vectors.

    Raises:
        DataError: there is no such file, it is no catalogue, or a newer vidcap made it.
        OutputError: it cannot be opened or made.
    """

    def __init__(self, path: str | os.PathLike[str], *, create: bool = False) -> None:
        self.path = Path(path)
        self.connection = connect(self.path, create=create)
        self.owner = claims.new_owner()
        self.vectors = VectorSearch(self.connection)

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()

    # Files

    def recognise(self, path: Path) -> FileRecord:
        """Return what is known of a file, whose content is read only if it has changed.

        Raises:
            MediaError: the file cannot be read.
        """
        place = located(path)
        try:
            stat = place.stat()
        except (OSError, ValueError) as error:
            what = getattr(error, "strerror", None) or error
            raise MediaError(f"{path}: cannot be read: {what}") from error
        with speaking_of(self.path):
            row = self.connection.execute(
                "SELECT content FROM file WHERE path = ? AND size = ? AND mtime_ns = ?",
                (os.fsencode(place), stat.st_size, stat.st_mtime_ns),
            ).fetchone()
        content = row[0] if row else content_hash(path)
        return FileRecord(place, stat.st_size, stat.st_mtime_ns, content)

    def remember(self, file: FileRecord) -> None:
        """Keep where a content lies; where it lay before and is no more is forgotten.

        So a file that was moved or renamed is known at its new place.
        """
        with speaking_of(self.path), transaction(self.connection):
            self._remember(file)
            for other in self.files(file.content):
                if other.path != file.path and not os.path.lexists(other.path):
                    self._forget(other.path)

    def files(self, content: str) -> list[FileRecord]:
        """Return the files of a content, in the order of their paths."""
        with speaking_of(self.path):
            rows = self.connection.execute(
                "SELECT path, size, mtime_ns, content FROM file WHERE content = ? ORDER BY path",
                (content,),
            ).fetchall()
        return [FileRecord(Path(os.fsdecode(row[0])), *row[1:]) for row in rows]

    def knows(self, path: Path, size: int, mtime_ns: int) -> bool:
        """Return whether a file as it is now belongs to a video that is here."""
        with speaking_of(self.path):
            row = self.connection.execute(
                "SELECT 1 FROM file JOIN video USING (content)"
                " WHERE path = ? AND file.size = ? AND mtime_ns = ?",
                (os.fsencode(located(path)), size, mtime_ns),
            ).fetchone()
        return row is not None

    def _remember(self, file: FileRecord) -> None:
        self.connection.execute(
            "INSERT OR REPLACE INTO file (path, size, mtime_ns, content) VALUES (?, ?, ?, ?)",
            (os.fsencode(file.path), file.size, file.mtime_ns, file.content),
        )

    def _forget(self, path: Path) -> None:
        self.connection.execute("DELETE FROM file WHERE path = ?", (os.fsencode(path),))

    # Claims

    def claim(self, content: str) -> bool:
        """Say that this catalogue object works on a video; return whether nobody else does."""
        with speaking_of(self.path):
            return claims.claim(self.connection, content, self.owner)

    def renew(self, content: str) -> None:
        """Say that the work on a video goes on."""
        with speaking_of(self.path):
            claims.renew(self.connection, content, self.owner)

    def release(self, content: str) -> None:
        """Say that this catalogue object does not work on a video any more."""
        with speaking_of(self.path):
            claims.release(self.connection, content, self.owner)

    # Videos

    def video(self, content: str) -> VideoRecord | None:
        """Return a video by its content."""
        with speaking_of(self.path):
            row = self.connection.execute(
                f"SELECT {_VIDEO} FROM video WHERE content = ?",
                (content,),
            ).fetchone()
            return _video(row) if row else None

    def videos(self) -> Iterator[VideoRecord]:
        """Yield all videos, in the order of their contents."""
        with speaking_of(self.path):
            yield from map(
                _video,
                self.connection.execute(f"SELECT {_VIDEO} FROM video ORDER BY content"),
            )

    def add(
        self,
        video: VideoRecord,
        scenes: Sequence[SceneRecord] = (),
        *,
        files: Sequence[FileRecord] = (),
        claimed: bool = False,
    ) -> bool:
        """Put a video with all that belongs to it in place of what is known of its content.

        Everything is written at once, or nothing is.

        Args:
            video: the video, or how it failed.
            scenes: its scenes in order.
            files: where it lies.
            claimed: write only if this object still has the claim on it, and give that up.

        Returns:
            whether it was written.

        Raises:
            OutputError: the catalogue cannot be written; it stays as it was.
        """
        with speaking_of(self.path), transaction(self.connection):
            if claimed and not claims.release(self.connection, video.content, self.owner):
                return False
            self.connection.execute("DELETE FROM video WHERE content = ?", (video.content,))
            row = self.connection.execute(
                f"INSERT INTO video ({_VIDEO}, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    video.content,
                    video.size,
                    video.duration_ms,
                    video.error,
                    video.completeness,
                    video.model,
                    video.settings,
                    _json(video.made_by),
                    str(video.state),
                ),
            )
            assert row.lastrowid is not None
            self._add_scenes(row.lastrowid, scenes)
            for file in files:
                self._remember(file)
            self.connection.execute(
                "INSERT INTO indexed (video, at) VALUES (?, ?)",
                (row.lastrowid, datetime.now(UTC).isoformat(timespec="seconds")),
            )
        return True

    def _add_scenes(self, video: int, scenes: Sequence[SceneRecord]) -> None:
        for position, scene in enumerate(scenes):
            row = self.connection.execute(
                "INSERT INTO scene (video, position, start_ms, end_ms, text, score, confidence,"
                " frames_ms, tags, screen_text, thumbnail)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    video,
                    position,
                    scene.start_ms,
                    scene.end_ms,
                    scene.text,
                    scene.score,
                    scene.confidence,
                    _json(scene.frames_ms),
                    None if scene.tags is None else _json(scene.tags),
                    scene.screen_text,
                    scene.thumbnail,
                ),
            )
            if scene.sentence_vector is not None or scene.picture_vector is not None:
                self.connection.execute(
                    "INSERT INTO vector (scene, sentence, picture) VALUES (?, ?, ?)",
                    (row.lastrowid, scene.sentence_vector, scene.picture_vector),
                )

    def scenes(self, content: str) -> list[SceneRecord]:
        """Return the scenes of a video in order, with all that is known of them."""
        with speaking_of(self.path):
            rows = self.connection.execute(
                "SELECT start_ms, end_ms, scene.text, scene.score, confidence, frames_ms,"
                " thumbnail, tags, screen_text, sentence, picture"
                " FROM scene JOIN video ON video.id = scene.video"
                " LEFT JOIN vector ON vector.scene = scene.id"
                " WHERE content = ? ORDER BY position",
                (content,),
            ).fetchall()
            return [
                SceneRecord(
                    start,
                    end,
                    text,
                    score,
                    confidence,
                    tuple(json.loads(frames)),
                    thumbnail,
                    None if tags is None else json.loads(tags),
                    screen_text,
                    sentence,
                    picture,
                )
                for (
                    start,
                    end,
                    text,
                    score,
                    confidence,
                    frames,
                    thumbnail,
                    tags,
                    screen_text,
                    sentence,
                    picture,
                ) in rows
            ]

    # Upkeep

    def embed_missing(self, embed: Callable[[Sequence[str]], Sequence[bytes]]) -> int:
        """Give a vector to every sentence that has none, and return how many got one.

        Args:
            embed: turns sentences into packed vectors.
        """
        given = 0
        while True:
            with speaking_of(self.path):
                rows = self.connection.execute(
                    "SELECT scene.id, scene.text FROM scene"
                    " LEFT JOIN vector ON vector.scene = scene.id"
                    " WHERE sentence IS NULL AND scene.text <> '' LIMIT 500"
                ).fetchall()
            if not rows:
                return given
            vectors = embed([text for _, text in rows])
            with speaking_of(self.path), transaction(self.connection):
                self.connection.executemany(
                    # A scene may have gone meanwhile.
                    "INSERT INTO vector (scene, sentence) SELECT id, ? FROM scene WHERE id = ?"
                    " ON CONFLICT (scene) DO UPDATE SET sentence = excluded.sentence",
                    [(vector, scene) for vector, (scene, _) in zip(vectors, rows, strict=True)],
                )
            given += len(rows)

    def prune(self) -> tuple[int, int]:
        """Forget files that are gone, and videos that have no file any more.

        Returns:
            how many files and how many videos were forgotten.
        """
        with speaking_of(self.path):
            paths = [row[0] for row in self.connection.execute("SELECT path FROM file")]
            gone = [path for path in paths if not os.path.lexists(path)]
            with transaction(self.connection):
                self.connection.executemany(
                    "DELETE FROM file WHERE path = ?", [(path,) for path in gone]
                )
                removed = self.connection.execute(
                    "DELETE FROM video WHERE content NOT IN (SELECT content FROM file)"
                ).rowcount
        return len(gone), removed

    def status(self) -> Status:
        """Return what the catalogue holds."""
        with speaking_of(self.path):
            one = self._one
            (pages,), (page,) = (
                self.connection.execute(f"PRAGMA {name}").fetchone()
                for name in ("page_count", "page_size")
            )
            return Status(
                videos=one("SELECT count(*) FROM video WHERE state = 'done'"),
                failed=one("SELECT count(*) FROM video WHERE state = 'failed'"),
                files=one("SELECT count(*) FROM file"),
                scenes=one("SELECT count(*) FROM scene"),
                with_meaning=one("SELECT count(*) FROM vector WHERE sentence IS NOT NULL"),
                seconds=one("SELECT coalesce(sum(duration_ms), 0) FROM video") / 1000,
                bytes=pages * page,
                schema=VERSION,
                models=self._counts("model"),
                settings=self._counts("settings"),
            )

    def _one(self, question: str) -> int:
        (answer,) = self.connection.execute(question).fetchone()
        return int(answer)

    def _counts(self, column: str) -> dict[str, int]:
        return dict(
            self.connection.execute(
                f"SELECT {column}, count(*) FROM video WHERE state = 'done'"
                f" GROUP BY {column} ORDER BY {column}"
            )
        )

    @contextmanager
    def errors_named(self) -> Iterator[None]:
        """Turn what SQLite raises in the block into errors that name the catalogue."""
        with speaking_of(self.path):
            yield


def _json(value: Any) -> str:
    # Sorted: equal facts are equal text, wherever they come from.
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True)


def _video(row: Sequence[Any]) -> VideoRecord:
    content, size, duration, error, completeness, model, settings, made_by = row
    return VideoRecord(
        content,
        size,
        model,
        settings,
        json.loads(made_by),
        duration_ms=duration,
        completeness=completeness,
        error=error,
    )
