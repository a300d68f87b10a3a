"""What is done for visitors: their files captioned, their results kept for a while."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from vidcap.errors import MediaError, NothingToSayError, VidcapError
from vidcap.jobs import Subtitles, subtitle
from vidcap.subtitles import Document
from vidcap.subtitles.formats import format_named
from vidcap.web import markup
from vidcap.web.captioners import Captioners
from vidcap.web.limits import Limits
from vidcap.web.uploads import Upload, admit, shown_name
from vidcap.web.workspaces import Room, Rooms

if TYPE_CHECKING:
    from vidcap.captioning.captioner import Captioner

ROOMS = "/vidcap/rooms"
# Scenes beyond so many get no maps: each takes some kilobytes and some milliseconds.
_EXPLAINED = 200


@dataclass(frozen=True, slots=True)
class Step:
    """How far the work is.

    Attributes:
        told: a sentence for the visitor.
        shown: HTML of the result; empty before there is one.
        token: of the room with the result; empty before there is one.
    """

    told: str
    shown: str = ""
    token: str = ""


class Studio:
    """Does the work of the page, without the page.

    Args:
        folder: for the rooms.
        captioners: that visitors may choose from.
        limits: what visitors may ask for.
    """

    def __init__(self, folder: Path, captioners: Captioners, limits: Limits) -> None:
        self.captioners = captioners
        self.limits = limits
        self.rooms = Rooms(folder / "rooms", limits)
        self.documents: dict[str, Document] = {}

    def caption(self, file: Path, *, name: str, captioner: str, owner: str) -> Iterator[Step]:
        """Caption a file, and yield how far the work is, the result last.

        A room is left behind only with a result in it.

        Args:
            file: what came in.
            name: what its owner calls it.
            captioner: one that is loaded; others would keep those who wait behind.
            owner: the session.

        Raises:
            VidcapError: the file cannot be used, or the captioner fails.
        """
        loaded = self.captioners.loaded(captioner)
        room = self.rooms.open(owner=owner, name=shown_name(name))
        done = False
        try:
            yield Step(f"Looking at {room.name}.")
            upload = admit(file, room, self.limits)
            if upload.info is None:
                shown = self._picture(upload, room, loaded)
            else:
                yield from self._watch(upload, room, loaded)
                shown = self.shown(room, upload.path.name)
            done = True
        except VidcapError as error:
            raise self.by_its_name(error, room) from None
        finally:
            self.rooms.release(room)
            if not done:
                self.documents.pop(room.token, None)
                self.rooms.close(room)
        yield Step(f"Done with {room.name}.", shown, room.token)

    def srt(self, file: Path, *, name: str) -> Iterator[str]:
        """Yield nothing while a video is watched, then its subtitles as SubRip; keep nothing.

        Raises:
            VidcapError: the file is no video that can be used, or gives no sentence.
        """
        room = self.rooms.open(name=shown_name(name))
        try:
            upload = admit(file, room, self.limits)
            if upload.info is None:
                raise MediaError(f"{room.name}: is a picture; this takes a video")
            with self._subtitles(upload, self.captioners.get(self.captioners.names[0])) as made:
                for _ in made:
                    yield ""  # so that the work ends where nobody waits for it any more
                yield self._named(made, room).text("srt")
        except VidcapError as error:
            raise self.by_its_name(error, room) from None
        finally:
            self.rooms.close(room)

    @staticmethod
    def by_its_name(error: VidcapError, room: Room) -> VidcapError:
        """Return an error that calls the file what its owner does, not where it lies here."""
        text = re.sub(rf"{re.escape(str(room.folder))}/[\w.]+", lambda _: room.name, str(error))
        return type(error)(text)

    @staticmethod
    def source(room: Room) -> Path:
        """Return the video of a room."""
        return next(room.folder.glob("source.*"))

    @contextmanager
    def holding(self, room: Room) -> Iterator[None]:
        """Keep a room while the block works in it."""
        room.held = True
        try:
            yield
        finally:
            self.rooms.release(room)

    def shown(self, room: Room, source: str) -> str:
        """Return the HTML of a result."""
        base = f"{ROOMS}/{room.token}"
        return markup.player(base, source, room.name, self.documents[room.token])

    def write_files(self, room: Room, document: Document) -> None:
        """Write the files that can be downloaded, and remember what they say."""
        self.documents[room.token] = document
        for kind in markup.DOWNLOADS:
            text = format_named(kind).write(document)
            (room.folder / f"subtitles.{kind}").write_text(text, encoding="utf-8", newline="")
        for token in [token for token in self.documents if self.rooms.find(token) is None]:
            self.documents.pop(token, None)

    def close(self) -> None:
        """Remove all results."""
        self.documents.clear()
        self.rooms.close_all()

    def _subtitles(self, upload: Upload, captioner: Captioner | Future[Captioner]) -> Subtitles:
        ends = time.monotonic() + self.limits.work_seconds

        def in_time(reached: Fraction) -> None:
            if time.monotonic() > ends:
                raise MediaError(
                    f"the work took longer than the {self.limits.work_seconds} s allowed here; "
                    "cut the video"
                )

        return subtitle(upload.path, captioner=captioner, progress=in_time, info=upload.info)

    def _named(self, subtitles: Subtitles, room: Room) -> Subtitles:
        subtitles.path = room.name  # where the file lies here is nobody's business
        if not subtitles.cues:
            raise NothingToSayError(f"{room.name}: no picture of it gave a sentence")
        return subtitles

    def _watch(self, upload: Upload, room: Room, captioner: Captioner) -> Iterator[Step]:
        with self._subtitles(upload, captioner) as subtitles:
            length = subtitles.info.duration
            of = f" of {markup.clock(length)}" if length else ""
            for number, scene in enumerate(subtitles, start=1):
                yield Step(
                    f"{markup.clock(scene.end)}{of} watched, {number} scenes. "
                    f"The last one: {markup.said(scene)}"
                )
            self._named(subtitles, room)
            self.write_files(room, subtitles.document())
            yield Step("Looking at where the words look.")
            self._explain(subtitles, room)

    def _explain(self, subtitles: Subtitles, room: Room) -> None:
        """Write the middle frame of each scene, and where its words look in it."""
        from PIL import Image

        info = subtitles.info
        trace = getattr(subtitles.captioner, "trace", None)  # only vidcap's own checkpoints can
        height = max(1, 480 * info.height // max(1, info.width))
        for index, frame in subtitles.key_frames():
            if index >= _EXPLAINED:
                break
            shown = Image.fromarray(frame).resize((480, min(height, 960)))
            shown.save(room.folder / f"frame-{index}.jpg", quality=80)
            text = subtitles.scenes[index].text
            if not text or trace is None:
                continue
            [explanation] = trace([frame], [text])
            image = f"{ROOMS}/{room.token}/frame-{index}.jpg"
            looked = markup.words_over(image, markup.said(subtitles.scenes[index]), explanation)
            (room.folder / f"looked-{index}.html").write_text(looked, encoding="utf-8")

    def _picture(self, upload: Upload, room: Room, captioner: Captioner) -> str:
        from vidcap.jobs import caption

        base = f"{ROOMS}/{room.token}"
        explain = hasattr(captioner, "explain")
        [made] = caption(upload.path, captioner=captioner, explain=explain)
        if made.caption is None:
            raise made.error or MediaError(f"{room.name}: cannot be read")
        looked = ""
        if made.explanation is not None:
            looked = markup.words_over(f"{base}/picture.png", made.caption.text, made.explanation)
        return markup.picture(base, made.caption.text, made.caption.confidence, looked)
