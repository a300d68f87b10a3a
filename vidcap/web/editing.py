"""Changing what a scene says, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from vidcap.errors import UsageError
from vidcap.scenes import Scene
from vidcap.subtitles import Document, cues_from_scenes, load_preset
from vidcap.subtitles.times import nearest_ms
from vidcap.web.markup import said

_LONGEST_TEXT = 500
_LONGEST = 1_000_000


def edited(document: Document, index: int, *, start: float, end: float, text: str) -> Document:
    """Return a document in which one scene begins, ends or reads otherwise, with its cues anew.

    Scenes follow each other without a gap: where one ends later its neighbour begins later, and
    where it ends earlier the rest is a scene without words.

    Args:
        document: what is changed.
        index: which of its scenes.
        start: player time in seconds, after the scene before begins.
        end: player time in seconds, before the scene after ends.
        text: the new words; none for no cue.

    Raises:
        UsageError: there is no such scene, or times or words cannot be used.
    """
    scenes = list(document.scenes)
    if not 0 <= index < len(scenes):
        raise UsageError(f"there is no scene {index + 1}; there are {len(scenes)}")
    if len(text) > _LONGEST_TEXT:
        raise UsageError(f"{len(text)} characters are more than the {_LONGEST_TEXT} of a scene")
    begins, ends = _exact("start", start), _exact("end", end)
    least = scenes[index - 1].start if index else scenes[0].start
    most = scenes[index + 1].end if index + 1 < len(scenes) else scenes[-1].end
    # A field on the page shows milliseconds: what it rounded is not taken for a change.
    begins, ends = _kept(begins, scenes[index].start), _kept(ends, scenes[index].end)
    if not least <= begins < ends <= most or (index and begins == least):
        raise UsageError(
            f"{float(begins):g} to {float(ends):g} s: a scene lies between {float(least):g} and "
            f"{float(most):g} s, and ends after it begins"
        )
    if index + 1 < len(scenes) and ends == most:
        raise UsageError(f"end {float(ends):g} s: leaves nothing of the next scene")
    changed = replace(scenes[index], start=begins, end=ends)
    words = " ".join(text.split())
    if words not in (changed.text, said(changed)):  # a field on the page shows what is said
        changed = replace(changed, text=words, confidence=None, edited=True)
    return _with_scenes(document, _laid(scenes, index, changed))


def _laid(scenes: Sequence[Scene], index: int, changed: Scene) -> list[Scene]:
    """Return the scenes with one changed, the neighbours moved, and silence where time is left."""
    before, after = list(scenes[:index]), list(scenes[index + 1 :])
    if before:
        if changed.start > before[-1].end:
            before.append(_silent(scenes[index], before[-1].end, changed.start))
        else:
            before[-1] = replace(before[-1], end=changed.start)
    elif changed.start > scenes[0].start:
        before.append(_silent(scenes[index], scenes[0].start, changed.start))
    rest = after[0].start if after else scenes[-1].end
    if changed.end < rest:
        after.insert(0, _silent(scenes[index], changed.end, rest))
    elif after:
        after[0] = replace(after[0], start=changed.end)
    return [*before, changed, *after]


def _silent(scene: Scene, start: Fraction, end: Fraction) -> Scene:
    return replace(scene, start=start, end=end, text="", confidence=None)


def _with_scenes(document: Document, scenes: Sequence[Scene]) -> Document:
    rate = document.video.get("frame_rate")
    cues = cues_from_scenes(
        scenes,
        load_preset(str(document.settings["preset"])),
        video_end_ms=nearest_ms(scenes[-1].end),
        frame_rate=None if rate is None else Fraction(str(rate)),
    )
    return replace(
        document,
        scenes=tuple(scenes),
        cues=tuple(cues),
        made_by={**document.made_by, "edited": True},
    )


def _exact(name: str, value: float) -> Fraction:
    # Compared, not converted: a whole number may be too large for that, or to be shown.
    if not isinstance(value, int | float) or not 0 <= value <= _LONGEST:
        raise UsageError(f"{name} is no number of seconds from 0 to {_LONGEST}")
    return Fraction(str(value))


def _kept(value: Fraction, before: Fraction) -> Fraction:
    return before if abs(value - before) <= Fraction(1, 1000) else value
