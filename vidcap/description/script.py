"""The script of a description: passages with times, and omissions with reasons.

All times are whole milliseconds of player time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from vidcap.subtitles.document import Fact


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time."""

    start_ms: int
    end_ms: int

    @property
    def length_ms(self) -> int:
        """How long it is."""
        return self.end_ms - self.start_ms


class Detail(StrEnum):
    """What a sentence was made from, and how much of that it tells."""

    FULL = "full"
    HEAD = "head noun phrase"
    TEXT = "text on screen"
    SCRIPT = "script"


class Verdict(StrEnum):
    """What had to be done to fit a sentence in."""

    FITS = "fits"
    FASTER = "faster"
    SHORTENED = "shortened"
    PAUSE = "needs a pause"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Candidate:
    """What could be told of a scene.

    Attributes:
        scene: its index; None for what stands in a script of somebody's.
        start_ms, end_ms: the scene.
        text: in the describer's style.
        detail: how much of what the captioner said that is.
        confidence: the captioner's for its sentence, or None.
    """

    scene: int | None
    start_ms: int
    end_ms: int
    text: str
    detail: Detail = Detail.FULL
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """A sentence that is spoken.

    Attributes:
        start_ms, end_ms: when its voice is heard; where the film stands still for it, both are
            the moment at which it does.
        text: what is spoken.
        verdict: what had to be done.
        needed_ms: how long the whole sentence lasts at the rate asked for.
        available_ms: how long its gap leaves for it.
        spoken_ms: how long what is spoken lasts.
        pause_ms: how long the film stands still; 0 where it does not.
        speed: at which it is spoken, of the voice's own pace.
        words_per_minute: at which it comes out.
        candidate: what it was made from.
        note: what a describer should look at; nothing where all is well.
    """

    start_ms: int
    end_ms: int
    text: str
    verdict: Verdict
    needed_ms: int
    available_ms: int
    spoken_ms: int
    pause_ms: int
    speed: float
    words_per_minute: float
    candidate: Candidate
    note: str = ""


@dataclass(frozen=True, slots=True)
class Omitted:
    """What is not told, and why.

    Attributes:
        candidate: what could have been told.
        reason: a few words.
        verdict: that it needs a pause, where only the room was missing; else that it is dropped.
        needed_ms: how long the sentence lasts at the rate asked for; 0 where nobody asked.
        available_ms: how long its gap leaves for it, likewise.
    """

    candidate: Candidate
    reason: str
    verdict: Verdict = Verdict.DROPPED
    needed_ms: int = 0
    available_ms: int = 0


@dataclass(frozen=True, slots=True)
class Script:
    """The script of one film.

    Attributes:
        told: what is spoken, in order of time.
        left: what is not, in order of time.
        speech: where somebody speaks in the film.
        gaps: where there is room, margins taken off.
        length_ms: how long the film is, its sound included.
        language: of the text, as a BCP 47 tag.
        mode: ``standard``, or ``extended`` where the film stands still for what has no room.
        duck_db: by how much the film is turned down under a voice.
        film: facts of the file.
        made_by: what made the text and the voice.
        settings: the options that decide on the result.
        risk: what is known of how often sentences as sure as these are wrong.
        notes: fallbacks and faults, a sentence each.
    """

    told: tuple[Description, ...]
    left: tuple[Omitted, ...] = ()
    speech: tuple[Span, ...] = ()
    gaps: tuple[Span, ...] = ()
    length_ms: int = 0
    language: str = "en"
    mode: str = "standard"
    duck_db: float = 0.0
    film: Mapping[str, Fact] = field(default_factory=dict)
    made_by: Mapping[str, Fact] = field(default_factory=dict)
    settings: Mapping[str, Fact] = field(default_factory=dict)
    risk: Mapping[str, Fact] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def paused_ms(self) -> int:
        """How long the film stands still in all."""
        return sum(one.pause_ms for one in self.told)
