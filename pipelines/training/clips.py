"""Captioned videos: reading a list of them, and telling each in one sentence."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidcap.captioning.caption import Budget, Caption
from vidcap.captioning.captioner import Captioner
from vidcap.captioning.protocols import SceneCaptioner
from vidcap.errors import DataError, MediaError, UsageError
from vidcap.video.source import open_video

_LOOKED_AT = 16
_TOLD_FROM = 4  # as a captioner takes of a scene


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


def clip_pictures(clip: Clip, size: tuple[int, int]) -> list[NDArray[np.uint8]]:
    """Return up to four frames of a clip, evenly spread over its first frames a second apart.

    None of a clip without a frame; of a damaged one, what can be seen.

    Args:
        clip: the video.
        size: width and height to squash frames to.
    """
    pictures: list[NDArray[np.uint8]] = []
    with contextlib.suppress(MediaError), open_video(clip.file, size=size) as video:
        for frame in islice(video, _LOOKED_AT):
            pictures.append(frame.image)
    count = min(_TOLD_FROM, len(pictures))
    return [pictures[(2 * place + 1) * len(pictures) // (2 * count)] for place in range(count)]


def tell_clip(captioner: Captioner, pictures: Sequence[NDArray[np.uint8]]) -> Caption | None:
    """Return one sentence for the pictures of a clip; None if there are none.

    Raises:
        UsageError: the captioner tells single pictures only.
    """
    if not isinstance(captioner, SceneCaptioner):
        raise UsageError(f"{captioner.name}: tells single pictures only, not clips")
    return (
        captioner.caption_scene(captioner.decode(captioner.encode(pictures)), Budget())
        if pictures
        else None
    )
