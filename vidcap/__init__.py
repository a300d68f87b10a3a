"""Turn what is seen in a video into timed words, on your own machine.

>>> import vidcap
>>> with vidcap.subtitle("film.mp4") as subtitles:  # doctest: +SKIP
...     for scene in subtitles:
...         print(float(scene.start), scene.text)
...     subtitles.write("film.en.srt")

Nothing heavy is imported before it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vidcap.captioning.caption import Caption
    from vidcap.captioning.registry import load_captioner
    from vidcap.errors import VidcapError
    from vidcap.index import Catalogue
    from vidcap.index.search import Hit
    from vidcap.jobs import DescribedVideo, PictureCaption, Subtitles, caption, describe, subtitle
    from vidcap.jobs.indexing import Indexed, Indexer
    from vidcap.jobs.searching import Library, open_library
    from vidcap.scenes.scene import Scene
    from vidcap.subtitles.cues import Cue
    from vidcap.video.frame import Frame, ReadStatus, VideoInfo
    from vidcap.video.probe import probe
    from vidcap.video.source import open_video

__version__ = "0.1.0"

__all__ = [
    "Caption",
    "Catalogue",
    "Cue",
    "DescribedVideo",
    "Frame",
    "Hit",
    "Indexed",
    "Indexer",
    "Library",
    "PictureCaption",
    "ReadStatus",
    "Scene",
    "Subtitles",
    "VidcapError",
    "VideoInfo",
    "__version__",
    "caption",
    "describe",
    "load_captioner",
    "open_library",
    "open_video",
    "probe",
    "subtitle",
]

_HOMES = {
    "Caption": "vidcap.captioning.caption",
    "Catalogue": "vidcap.index",
    "Cue": "vidcap.subtitles.cues",
    "DescribedVideo": "vidcap.jobs",
    "Frame": "vidcap.video.frame",
    "Hit": "vidcap.index.search",
    "Indexed": "vidcap.jobs.indexing",
    "Indexer": "vidcap.jobs.indexing",
    "Library": "vidcap.jobs.searching",
    "PictureCaption": "vidcap.jobs",
    "ReadStatus": "vidcap.video.frame",
    "Scene": "vidcap.scenes.scene",
    "Subtitles": "vidcap.jobs",
    "VidcapError": "vidcap.errors",
    "VideoInfo": "vidcap.video.frame",
    "caption": "vidcap.jobs",
    "describe": "vidcap.jobs",
    "load_captioner": "vidcap.captioning.registry",
    "open_library": "vidcap.jobs.searching",
    "open_video": "vidcap.video.source",
    "probe": "vidcap.video.probe",
    "subtitle": "vidcap.jobs",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'vidcap' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
