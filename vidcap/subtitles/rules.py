"""Measuring a cue against a preset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from vidcap.subtitles.linebreak import forbidden_breaks
from vidcap.subtitles.presets import Preset, characters, words


@dataclass(frozen=True, slots=True)
class Break:
    """A rule that a cue does not keep, and by how much.

    ============= ============================================================================
    rule          value and limit
    ============= ============================================================================
    line_length   characters of the longest line
    lines         number of lines
    line_break    line ends between words that belong together; limit 0
    reading_speed characters a second
    word_time     seconds the cue stands for each word
    shortest      seconds the cue stands
    longest       seconds the cue stands
    gap           seconds to the next cue: fewer than ``limit``, and not the closed gap either
    shot_change   shot cuts that the cue stands across; limit 0
    ============= ============================================================================
    """

    rule: str
    value: float
    limit: float


class _HasBreaks(Protocol):
    @property
    def breaks(self) -> tuple[Break, ...]: ...


def broken_rules(
    lines: Sequence[str],
    start: int,
    end: int,
    preset: Preset,
    *,
    gap: int,
    next_start: int | None = None,
    goes_on: Sequence[str] = (),
    cuts: Iterable[int] = (),
) -> tuple[Break, ...]:
    """Return the rules of ``preset`` that a cue does not keep, in the order of :class:`Break`.

    Args:
        lines: the text of the cue.
        start: its start in milliseconds.
        end: its end in milliseconds, after ``start``.
        preset: the rules.
        gap: milliseconds of a closed gap, from :meth:`Preset.gap_ms`.
        next_start: start of the next cue in milliseconds, if there is one.
        goes_on: lines of the next cue, if the sentence goes on there.
        cuts: times of shot cuts in milliseconds.
    """
    return tuple(_broken(lines, start, end, preset, gap, next_start, goes_on, cuts))


def _broken(
    lines: Sequence[str],
    start: int,
    end: int,
    preset: Preset,
    gap: int,
    next_start: int | None,
    goes_on: Sequence[str],
    cuts: Iterable[int],
) -> Iterator[Break]:
    longest_line = max(map(len, lines))
    if longest_line > preset.line_length:
        yield Break("line_length", longest_line, preset.line_length)
    if len(lines) > preset.lines:
        yield Break("lines", len(lines), preset.lines)
    if parted := forbidden_breaks([*lines, *goes_on[:1]]):
        yield Break("line_break", parted, 0)
    duration = end - start
    if preset.reading_speed is not None:
        speed = Fraction(characters(lines) * 1000, duration)
        if speed > preset.reading_speed:
            yield Break("reading_speed", round(float(speed), 2), float(preset.reading_speed))
    if preset.word_time is not None:
        needed = words(lines) * preset.word_time * 1000
        if duration < needed:
            value = round(duration / words(lines) / 1000, 3)
            yield Break("word_time", value, round(float(preset.word_time), 3))
    if duration < preset.shortest_ms:
        yield Break("shortest", duration / 1000, round(float(preset.shortest), 3))
    if duration > preset.longest_ms:
        yield Break("longest", duration / 1000, round(float(preset.longest), 3))
    if next_start is not None:
        distance = next_start - end
        if distance < gap:
            yield Break("gap", distance / 1000, gap / 1000)
        elif gap < distance < preset.open_gap_ms:
            yield Break("gap", distance / 1000, preset.open_gap_ms / 1000)
    if crossed := sum(start < cut < end for cut in cuts):
        yield Break("shot_change", crossed, 0)


def breaks_line(cues: Sequence[_HasBreaks], preset: Preset) -> str | None:
    """Return one line that counts the broken rules, or None where every cue keeps them all."""
    broken = sum(bool(cue.breaks) for cue in cues)
    if not broken:
        return None
    verb = "breaks" if broken == 1 else "break"
    return (
        f"{broken} of {len(cues)} cues {verb} a rule of the preset {preset.name!r}: "
        f"{counted_rules(cues)}"
    )


def counted_rules(cues: Iterable[_HasBreaks]) -> str:
    """Return the rules that cues break with how often, the most frequent first."""
    rules = Counter(found.rule for cue in cues for found in cue.breaks)
    return ", ".join(f"{rule} {count}" for rule, count in rules.most_common())
