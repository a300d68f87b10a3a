"""The records of a catalogue: videos and their scenes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

Fact = str | int | float | bool | None


class State(StrEnum):
    """What is known of a video."""

    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SceneRecord:
    """A scene as a catalogue keeps it.

    Attributes:
        start_ms, end_ms: player time in milliseconds.
        text: the sentence as the captioner wrote it; empty where it had nothing to say.
        score: mean log-probability of its words; None where the captioner gave no number.
        confidence: chance that it is a fair description; None where the captioner cannot tell.
        frames_ms: player times of the frames it stands on, in milliseconds.
        thumbnail: a small picture of its middle, as WebP.
        tags: names of what is seen, with probabilities; None where nobody looked for them.
        screen_text: text on the screen; None where nobody looked for it.
        sentence_vector: what the sentence means, as :mod:`vidcap.index.vectors` packs it.
        picture_vector: what the picture looks like to the captioner, likewise.
    """

    start_ms: int
    end_ms: int
    text: str
    score: float | None = None
    confidence: float | None = None
    frames_ms: tuple[int, ...] = ()
    thumbnail: bytes | None = None
    tags: Mapping[str, float] | None = None
    screen_text: str | None = None
    sentence_vector: bytes | None = None
    picture_vector: bytes | None = None


@dataclass(frozen=True, slots=True)
class VideoRecord:
    """A video as a catalogue keeps it.

    Attributes:
        content: SHA-256 of the whole file, in hexadecimal: what the video is known by.
        size: bytes of the file.
        model: hash of what wrote the sentences (:func:`vidcap.index.fingerprint.model_hash`).
        settings: hash of how the video was watched.
        made_by: what wrote the sentences, in words.
        duration_ms: player time in milliseconds at which its last frame ends; None where it failed.
        completeness: "complete", "cut short" or "damaged"; None where it failed.
        error: why it failed; None where it did not.
    """

    content: str
    size: int
    model: str
    settings: str
    made_by: Mapping[str, Fact]
    duration_ms: int | None = None
    completeness: str | None = None
    error: str | None = None

    @property
    def state(self) -> State:
        """Whether its scenes are there."""
        return State.DONE if self.error is None else State.FAILED


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file that was seen.

    Attributes:
        path: where, absolute.
        size: bytes.
        mtime_ns: when it was changed.
        content: SHA-256 of the whole of it.
    """

    path: Path
    size: int
    mtime_ns: int
    content: str


@dataclass(frozen=True, slots=True)
class Status:
    """What a catalogue holds.

    Attributes:
        videos: videos whose scenes are there.
        failed: videos that failed.
        files: files that were seen; copies of one video are several.
        scenes: scenes of all videos.
        with_meaning: scenes whose sentence can be found by what it means.
        seconds: length of all videos.
        bytes: size of the catalogue, its log included.
        schema: version of the schema.
        models: hashes of what wrote the sentences, and how many videos each wrote for.
        settings: hashes of how videos were watched, and how many.
    """

    videos: int
    failed: int
    files: int
    scenes: int
    with_meaning: int
    seconds: float
    bytes: int
    schema: int
    models: Mapping[str, int]
    settings: Mapping[str, int]
