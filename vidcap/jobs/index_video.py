"""One video, as a catalogue keeps it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from vidcap.captioning.caption import Budget
from vidcap.captioning.protocols import PictureEmbedder
from vidcap.index import SceneRecord, VideoRecord
from vidcap.index.embedding import SentenceEmbedder
from vidcap.index.fingerprint import model_hash, settings_hash
from vidcap.index.vectors import pack, unpack
from vidcap.jobs.options import CaptionerOptions, ReadOptions
from vidcap.jobs.scenes import Progress, Scenes, open_inputs
from vidcap.subtitles.times import nearest_ms
from vidcap.video.frame import VideoInfo

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vidcap.captioning.captioner import Captioner
    from vidcap.scenes.scene import Scene

# Side of a thumbnail in pixels, and its WebP quality: 2 to 4 kB a scene.
_THUMBNAIL = 160
_QUALITY = 60
# What stands behind the fourth decimal differs from machine to machine.
_DECIMALS = 4


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """Settings that decide on the scenes of a catalogue.

    Attributes:
        read: which frames, by which decoder.
        prompt: the question for a captioner that takes a prompt.
        screen_text: whether text on the screen is read too.
    """

    read: ReadOptions
    prompt: str | None = None
    screen_text: bool = False

    @property
    def settings(self) -> str:
        """Hash of all that decides on the scenes, the captioner apart."""
        return settings_hash(
            {
                **self.read.facts(),
                "prompt": self.prompt,
                "screen_text": self.screen_text or None,
            }
        )


def catalogued(
    path: Path,
    content: str,
    size: int,
    captioner: Captioner,
    way: IndexSettings,
    embedder: SentenceEmbedder | None,
    progress: Progress | None,
) -> tuple[VideoRecord, list[SceneRecord]]:
    """Watch a video, and return it and its scenes as a catalogue keeps them.

    Args:
        path: the file.
        content: its hash.
        size: its bytes.
        captioner: says what is seen.
        way: how it is watched.
        embedder: says what sentences mean; None where there is none.
        progress: called after every batch with the player time reached.

    Raises:
        MediaError: the file cannot be read as a video.
        MissingExtraError: text on the screen is asked for, and the extra ``ocr`` is not there.
    """
    loaded: Future[Captioner] = Future()
    loaded.set_result(captioner)
    name, info, _ = open_inputs(path, CaptionerOptions(captioner=loaded))
    with Scenes(
        name, info, loaded, way.read, budget=lambda seconds: Budget(), progress=progress
    ) as scenes:
        records = [_record(scene) for scene in scenes]
        _add_pictures(records, scenes, captioner)
        if way.screen_text:
            _add_screen_text(records, scenes)
        if embedder is not None:
            _add_meaning(records, scenes.scenes, embedder)
        video = VideoRecord(
            content,
            size,
            model_hash(captioner.provenance),
            way.settings,
            scenes.made_by,
            duration_ms=nearest_ms(scenes.status.end),
            completeness=str(scenes.status.completeness),
        )
    return video, records


def _record(scene: Scene) -> SceneRecord:
    return SceneRecord(
        nearest_ms(scene.start),
        nearest_ms(scene.end),
        # A server may answer with what is no character, and SQLite takes none of that.
        scene.text.encode("utf-8", "replace").decode(),
        round(scene.score, _DECIMALS),
        None if scene.confidence is None else round(scene.confidence, _DECIMALS),
        tuple(nearest_ms(frame.time) for frame in scene.frames),
    )


def _add_pictures(records: list[SceneRecord], scenes: Scenes, captioner: Captioner) -> None:
    embedder = captioner if isinstance(captioner, PictureEmbedder) else None
    for number, image in scenes.key_frames():
        records[number] = replace(
            records[number],
            thumbnail=thumbnail(image, scenes.info),
            picture_vector=pack(embedder.embed([image])[0]) if embedder else None,
        )


def _add_meaning(
    records: list[SceneRecord], scenes: Sequence[Scene], embedder: SentenceEmbedder
) -> None:
    """Give scenes the mean of what their sentence means and what was said of their frames.

    What was said of single frames has words that the one sentence had no room for: docs/search.md
    has what that is worth.
    """
    for number, scene in enumerate(scenes):
        said = [frame.caption.text for frame in scene.frames if frame.caption.text]
        if scene.text:
            (own,) = embedder.embed([scene.text])
            # Of length 1, so that it counts as much however much the frames' sentences differ.
            frames = unpack(pack(embedder.embed(said).mean(axis=0))) if said else own
            records[number] = replace(records[number], sentence_vector=pack(own + frames))


def _add_screen_text(records: list[SceneRecord], scenes: Scenes) -> None:
    from vidcap.description.screen import ScreenReader, full_frame

    reader = ScreenReader()
    film = Path(scenes.info.path)
    for number, scene in enumerate(scenes.scenes):
        # Writing is too small in what captioners see.
        image = full_frame(film, scene.frames[len(scene.frames) // 2].time)
        records[number] = replace(records[number], screen_text=reader.read(image))


def thumbnail(image: NDArray[np.uint8], info: VideoInfo) -> bytes:
    """Return a small picture as WebP, in the shape that the video is shown in."""
    from PIL import Image

    longest = max(info.width, info.height)
    shape = (
        max(1, round(info.width * _THUMBNAIL / longest)),
        max(1, round(info.height * _THUMBNAIL / longest)),
    )
    file = io.BytesIO()
    Image.fromarray(image).resize(shape, Image.Resampling.LANCZOS).save(
        file, "WEBP", quality=_QUALITY, method=4
    )
    return file.getvalue()
