"""The document that writers get: the cues of one video and their provenance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vidcap.scenes.scene import Scene
from vidcap.subtitles.clean import clean_text
from vidcap.subtitles.cues import Cue

if TYPE_CHECKING:
    from fractions import Fraction

    from vidcap.video.frame import VideoInfo

Fact = str | int | float | bool | None
"""A value in the mappings of a document: what JSON can say in one word."""


@dataclass(frozen=True, slots=True)
class Document:
    """The cues of one video, ready to be written.

    Attributes:
        cues: in order of time.
        scenes: what the cues' ``scene`` counts.
        language: of the text, as a BCP 47 tag.
        video: facts of the video, as :func:`video_facts` gives them.
        made_by: what made the text: ``version`` (of vidcap), ``captioner``, ``checkpoint``
            (SHA-256), ``runtime``, ``decoder``; more are welcome.
        settings: the options of the run that decide on the result, by name.
        completeness: "complete", "cut short" or "damaged".
        notes: fallbacks and faults of the run, a sentence each.
    """

    cues: tuple[Cue, ...]
    scenes: tuple[Scene, ...]
    language: str = "en"
    video: Mapping[str, Fact] = field(default_factory=dict)
    made_by: Mapping[str, Fact] = field(default_factory=dict)
    settings: Mapping[str, Fact] = field(default_factory=dict)
    completeness: str = "complete"
    notes: tuple[str, ...] = ()

    def origin(self) -> list[str]:
        """Return what made the text and its language, a clean line each, for a comment."""
        facts = {**self.made_by, "language": self.language}
        return [clean_text(f"{key}: {value}") for key, value in facts.items()]


def video_facts(info: VideoInfo, *, path: str, end: Fraction) -> dict[str, Fact]:
    """Return the facts of a video that a document holds.

    Fractions are written exactly, as ``1/12800``, and the duration in decimal seconds.

    Args:
        info: what the file says.
        path: the file's name as the user gave it.
        end: player time at which the last frame that was read ends, in seconds.
    """
    return {
        "path": path,
        "container": info.container,
        "codec": info.codec,
        "width": info.width,
        "height": info.height,
        "duration": float(round(end, 3)),
        "frame_rate": None if info.frame_rate is None else str(info.frame_rate),
        "time_base": str(info.time_base),
        "start_time": str(info.start_time),
    }
