"""Fitting sentences into gaps: as they are, faster, shorter, in a pause of the film, or not.

All times are milliseconds of player time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from vidcap.description.gaps import free_of
from vidcap.description.rewriting import count_words, shorter
from vidcap.description.script import Candidate, Description, Omitted, Span, Verdict
from vidcap.description.selection import select_greedily, without_repeats
from vidcap.description.voices.base import Voice

# A listener follows a fifth more than the usual rate for a sentence (Packer 1996 and after him the
# guides put the limit of description near 200 words a minute).
_FASTEST = 1.2
# Between two descriptions, and around a pause's own.
_APART_MS = 400
# A description may begin so long before its scene, and end so long behind it.
_LEAD_MS, _TAIL_MS = 1_000, 1_500
_STEP = 1.04
_SLOWEST_SPEED, _FASTEST_SPEED = 0.5, 2.0


@dataclass(frozen=True, slots=True)
class Fitted:
    """What became of everything that could be told.

    Attributes:
        told: in order of time.
        left: what is not told, in order of time.
    """

    told: tuple[Description, ...]
    left: tuple[Omitted, ...]


class Fitter:
    """Speaks sentences, and finds room for them.

    Args:
        voice: what speaks.
        words_per_minute: the rate asked for.
        pauses: whether the film may stand still for what has no room.
    """

    def __init__(self, voice: Voice, *, words_per_minute: float, pauses: bool) -> None:
        self._voice = voice
        self._pauses = pauses
        speed = words_per_minute / voice.words_per_minute
        self._speed = min(_FASTEST_SPEED, max(_SLOWEST_SPEED, speed))
        self._fastest = min(_FASTEST_SPEED, self._speed * _FASTEST)
        self._lengths: dict[tuple[str, float], int] = {}

    def fit(self, candidates: Sequence[Candidate], gaps: Sequence[Span]) -> Fitted:
        """Tell what is worth it and has room; see :func:`select_greedily` for the order.

        Args:
            candidates: in order of time.
            gaps: where there is room.
        """

        def has_room(candidate: Candidate) -> bool:
            brief = (shorter(candidate.text) or [candidate.text])[-1]
            room = _room(candidate, gaps)
            return room is not None and self._length(brief, self._fastest) <= room.length_ms

        kept, left = without_repeats(candidates, has_room)
        told: list[Description] = []

        def tell(candidate: Candidate) -> str | None:
            window = _window(candidate)
            taken = [Span(one.start_ms, one.end_ms) for one in told]
            free = free_of(_near(gaps, window), _near(taken, window), apart_ms=_APART_MS)
            made = self._place(candidate, free, told)
            if isinstance(made, Omitted):
                left.append(made)
                return None
            told.append(made)
            return made.text

        left += select_greedily(kept, tell)
        return Fitted(
            # Where the film stands still comes before what is told as it goes on.
            tuple(sorted(told, key=lambda one: (one.start_ms, not one.pause_ms))),
            tuple(sorted(left, key=lambda one: (one.candidate.start_ms, one.candidate.end_ms))),
        )

    def as_written(self, script: Sequence[Candidate]) -> Fitted:
        """Tell a script as somebody wrote it: each text from where it begins, nothing left out.

        A text that is longer than its time is spoken faster, up to the limit, and then runs over
        its end, which its note says; with pauses, the film stands still for it instead.  One that
        begins before the one in front has ended waits for it.

        Args:
            script: in order of time.
        """
        told: list[Description] = []
        free_from = 0
        for own in script:
            start = max(own.start_ms, free_from)
            needed, available = self._length(own.text, self._speed), own.end_ms - start
            speed = self._speed_for(own.text, available)
            notes = []
            if start > own.start_ms:
                late = (start - own.start_ms) / 1000
                notes.append(f"begins {late:.1f} s late, behind the one before")
            if speed is None and self._pauses:
                made = self._in_a_pause(own, start, needed, max(0, available))
            else:
                if speed is None:
                    speed = self._fastest
                    over = (self._length(own.text, speed) - available) / 1000
                    notes.append(f"runs {over:.1f} s over its end")
                verdict = Verdict.FITS if speed == self._speed else Verdict.FASTER
                made = self._description(
                    own, start, own.text, verdict, needed, max(0, available), speed
                )
            told.append(replace(made, note="; ".join(notes)))
            free_from = made.end_ms
        return Fitted(tuple(told), ())

    def _place(
        self, candidate: Candidate, free: Sequence[Span], told: Sequence[Description]
    ) -> Description | Omitted:
        needed = self._length(candidate.text, self._speed)
        room = _room(candidate, free)
        available = 0 if room is None else room.length_ms
        if room is not None:
            for text in (candidate.text, *shorter(candidate.text)):
                # A pause tells all of it: only what loses nothing goes before it.
                if text != candidate.text and self._pauses:
                    break
                speed = self._speed_for(text, available)
                if speed is not None:
                    verdict = (
                        Verdict.SHORTENED
                        if text != candidate.text
                        else Verdict.FITS
                        if speed == self._speed
                        else Verdict.FASTER
                    )
                    start = _start(candidate, room, self._length(text, speed))
                    return self._description(
                        candidate, start, text, verdict, needed, available, speed
                    )
        if self._pauses and not any(
            one.start_ms < candidate.start_ms < one.end_ms + _APART_MS for one in told
        ):
            return self._in_a_pause(candidate, candidate.start_ms, needed, available)
        return Omitted(candidate, "no room", Verdict.PAUSE, needed, available)

    def _in_a_pause(
        self, candidate: Candidate, at_ms: int, needed: int, available: int
    ) -> Description:
        made = self._description(
            candidate, at_ms, candidate.text, Verdict.PAUSE, needed, available, self._speed
        )
        return replace(made, end_ms=at_ms, pause_ms=made.spoken_ms + 2 * _APART_MS)

    def _description(
        self,
        candidate: Candidate,
        start: int,
        text: str,
        verdict: Verdict,
        needed: int,
        available: int,
        speed: float,
    ) -> Description:
        spoken = self._length(text, speed)
        return Description(
            start_ms=start,
            end_ms=start + spoken,
            text=text,
            verdict=verdict,
            needed_ms=needed,
            available_ms=available,
            spoken_ms=spoken,
            pause_ms=0,
            speed=speed,
            words_per_minute=round(60_000 * count_words(text) / spoken, 1) if spoken else 0.0,
            candidate=candidate,
        )

    def _length(self, text: str, speed: float) -> int:
        length = self._lengths.get((text, speed))
        if length is None:
            length = math.ceil(self._voice.speak(text, speed=speed).seconds * 1000)
            self._lengths[text, speed] = length
        return length

    def _speed_for(self, text: str, available: int) -> float | None:
        """Return the least speed from the usual one on that fits, or None where none does."""
        speed = self._speed
        length = self._length(text, speed)
        while length > available:
            if speed == self._fastest or available <= 0:
                return None
            # A voice is not in proportion to its speed: pauses stay.  Go on from what it took.
            speed = min(self._fastest, speed * max(_STEP, min(_FASTEST, length / available)))
            length = self._length(text, speed)
        return speed


def _window(candidate: Candidate) -> Span:
    """Return the time in which a candidate may be told."""
    return Span(candidate.start_ms - _LEAD_MS, candidate.end_ms + _TAIL_MS)


def _near(spans: Sequence[Span], window: Span) -> list[Span]:
    """Return the stretches that touch a window or lie close to it."""
    return [
        span
        for span in spans
        if span.start_ms <= window.end_ms + _APART_MS and span.end_ms >= window.start_ms - _APART_MS
    ]


def _room(candidate: Candidate, free: Sequence[Span]) -> Span | None:
    """Return the longest stretch in which a candidate may be told; the first of equals."""
    window = _window(candidate)
    parts = (
        Span(max(gap.start_ms, window.start_ms), min(gap.end_ms, window.end_ms)) for gap in free
    )
    return max(
        (part for part in parts if part.length_ms > 0 and part.start_ms < candidate.end_ms),
        key=lambda part: (part.length_ms, -part.start_ms),
        default=None,
    )


def _start(candidate: Candidate, room: Span, length: int) -> int:
    """Return when to begin: with the scene, or as much earlier as it takes."""
    return max(room.start_ms, min(max(room.start_ms, candidate.start_ms), room.end_ms - length))
