"""Captioned videos: reading a list of them, and telling each in one sentence."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from vidcap.captioning.caption import Budget, Caption
from vidcap.captioning.captioner import Captioner
from vidcap.captioning.look import SceneTeller
from vidcap.errors import DataError, MediaError, UsageError
from vidcap.video.source import open_video

_FRAMES = 16  # of a clip, from its beginning


@dataclass(frozen=True, slots=True)
class Clip:
    """A video and what people said of it.

    Attributes:
        file: the video.
        sentences: theirs; none where nobody was asked.
    """

    file: Path
    sentences: tuple[str, ...]


def read_clips(folder: Path) -> list[Clip]:
    """Read ``index.json`` of a folder of videos: objects with ``file`` and perhaps ``sentences``.

    Raises:
        DataError: the list is missing or damaged.
    """
    path = folder / "index.json"
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return [
            Clip(folder / entry["file"], tuple(entry.get("sentences") or ())) for entry in entries
        ]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(f"{path}: is no list of videos: {error!r}") from error


def tell_clip(captioner: Captioner, clip: Clip) -> Caption | None:
    """Return one sentence for a whole clip, from frames a second apart; None if it has no frame.

    Raises:
        UsageError: the captioner tells single pictures only.
    """
    if not isinstance(captioner, SceneTeller):
        raise UsageError(f"{captioner.name}: tells single pictures only, not clips")
    pictures = []
    try:
        with open_video(clip.file, size=captioner.picture_size) as video:
            for frame in video:
                pictures.append(frame.image)
                if len(pictures) == _FRAMES:
                    break
    except MediaError:
        pass  # damaged on purpose, some of them: what could be seen is told
    return captioner.tell(captioner.look(pictures), Budget()) if pictures else None
