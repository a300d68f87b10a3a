"""Turn scenes into cues: times, lines and the rules that had to be broken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from vidcap.errors import UsageError
from vidcap.scenes.scene import Scene
from vidcap.subtitles.clean import clean_text, sentence_case
from vidcap.subtitles.linebreak import break_lines, forbidden_breaks
from vidcap.subtitles.presets import Preset, characters
from vidcap.subtitles.rules import Break, broken_rules
from vidcap.subtitles.times import nearest_ms


@dataclass(frozen=True, slots=True)
class Cue:
    """One text on the screen.

    Attributes:
        start_ms: when it appears, in milliseconds of player time.
        end_ms: when it goes; greater than ``start_ms``.
        lines: the text, line by line; neither it nor a line is ever empty.
        scene: the index of the scene it belongs to.
        breaks: the rules of the preset that it could not keep.
    """

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]
    scene: int
    breaks: tuple[Break, ...]


@dataclass(frozen=True, slots=True)
class _Slot:
    """A sentence and the time that is its own, in milliseconds."""

    scene: int
    sentence: str
    start: int
    end: int  # where its scene ends
    next_start: int | None  # where the next sentence begins
    cuts: tuple[int, ...]  # shot cuts inside the scene


def cues_from_scenes(
    scenes: Iterable[Scene],
    preset: Preset,
    *,
    video_end_ms: int | Callable[[], int],
    frame_rate: Fraction | None,
) -> list[Cue]:
    """Return the cues in which the sentences of ``scenes`` stand, in order.

    A cue starts with its scene, to the nearest millisecond, and stands while the scene lasts, but
    no longer than ``preset.longest``; it is not said again in a longer scene.  In a scene of
    several shots it goes at the first cut that leaves time to read it.  A sentence of more lines
    than ``preset.lines`` takes several cues in a row, as far as the scene has time for them; so
    does one that could not be set in them without parting words that belong together.
    Cues never overlap and never leave the video: that beats every rule of the preset.  A rule that
    cannot be kept stands in :attr:`Cue.breaks`.  No word is left out.  Scenes with an empty text
    get no cue.

    Args:
        scenes: in order of time, as :func:`vidcap.scenes.scenes_from_captions` gives them.
        preset: the rules.
        video_end_ms: the end of the video in whole milliseconds of player time, as
            :func:`vidcap.subtitles.times.video_end_ms` rounds it, or a function that returns it,
            which is called when the scenes have been read.
        frame_rate: frames a second, for gaps that are counted in frames; None where unknown.

    Raises:
        UsageError: the video has not one millisecond for each scene.
    """
    scenes = list(scenes)
    end = video_end_ms() if callable(video_end_ms) else video_end_ms
    if end < len(scenes):
        raise UsageError(f"{len(scenes)} scenes do not fit into a video of {end} ms")
    gap = preset.gap_ms(frame_rate)
    slots = _slots(scenes, _boundaries(scenes, end))
    return [cue for slot in slots for cue in _slot_cues(slot, preset, gap)]


def _boundaries(scenes: Sequence[Scene], end: int) -> list[int]:
    """Return the start of each scene, and the last one's end, rising by at least 1 ms."""
    times: list[int] = []
    for scene in scenes:
        times.append(max(nearest_ms(scene.start), times[-1] + 1 if times else 0))
    times.append(min(end, max(nearest_ms(scenes[-1].end), times[-1] + 1)) if scenes else end)
    for place in range(len(times) - 2, -1, -1):
        times[place] = min(times[place], times[place + 1] - 1)
    return times


def _slots(scenes: Sequence[Scene], times: Sequence[int]) -> Iterator[_Slot]:
    sentences = [sentence_case(clean_text(scene.text)) for scene in scenes]
    spoken = [index for index, sentence in enumerate(sentences) if sentence]
    for place, index in enumerate(spoken):
        start, end = times[index], times[index + 1]
        shots = {nearest_ms(frame.shot_start) for frame in scenes[index].frames}
        yield _Slot(
            scene=index,
            sentence=sentences[index],
            start=start,
            end=end,
            next_start=times[spoken[place + 1]] if place + 1 < len(spoken) else None,
            cuts=tuple(sorted(cut for cut in shots if start < cut < end)),
        )


def _slot_cues(slot: _Slot, preset: Preset, gap: int) -> Iterator[Cue]:
    latest = slot.end if slot.next_start is None else min(slot.end, slot.next_start - gap)
    if latest <= slot.start:
        latest = slot.end  # the gap gives way where there would be no cue at all
    parts = _set(slot.sentence, latest - slot.start, preset, gap)
    needs = _needs(parts, preset)
    needed = sum(needs) + gap * (len(parts) - 1)
    end = _end(slot, latest, needed, preset, gap)
    start = slot.start
    shares = _shares(parts, needs, end - start - gap * (len(parts) - 1), preset)
    for place, (part, share) in enumerate(zip(parts, shares, strict=True)):
        last = place + 1 == len(parts)
        yield Cue(
            start_ms=start,
            end_ms=start + share,
            lines=part,
            scene=slot.scene,
            breaks=broken_rules(
                part,
                start,
                start + share,
                preset,
                gap=gap,
                next_start=slot.next_start if last else start + share + gap,
                goes_on=() if last else parts[place + 1],
                cuts=slot.cuts,
            ),
        )
        start += share + gap


def _set(sentence: str, time: int, preset: Preset, gap: int) -> list[tuple[str, ...]]:
    """Return a sentence in lines, and these in as many parts as there have to be."""
    lines = break_lines(sentence, preset.line_length)
    parts = _parts(lines, time, preset, gap)
    if forbidden_breaks(lines):
        looser = _parts(break_lines(sentence, preset.line_length, together=True), time, preset, gap)
        room = time - sum(_needs(looser, preset)) - gap * (len(looser) - 1)
        if room >= 0 and max(map(len, looser)) <= preset.lines:
            return looser
    return parts


def _needs(parts: Sequence[Sequence[str]], preset: Preset) -> list[int]:
    """Return the milliseconds that each part has to stand."""
    return [max(preset.shortest_ms, preset.reading_ms(part)) for part in parts]


def _parts(lines: Sequence[str], time: int, preset: Preset, gap: int) -> list[tuple[str, ...]]:
    """Return the lines in as many even parts as they need, or as ``time`` has room for."""
    wanted = -(-len(lines) // preset.lines)
    count = max(1, min(wanted, (time + gap) // (preset.shortest_ms + gap)))
    size, longer = divmod(len(lines), count)
    parts: list[tuple[str, ...]] = []
    begin = 0
    for place in range(count):
        end = begin + size + (place < longer)
        parts.append(tuple(lines[begin:end]))
        begin = end
    return parts


def _end(slot: _Slot, latest: int, needed: int, preset: Preset, gap: int) -> int:
    """Return where the last cue of a slot ends, if no part of it stands too long."""
    for cut in slot.cuts:
        if slot.start + needed <= cut - gap <= latest:
            latest = cut - gap
            break
    end = min(latest, slot.start + max(preset.longest_ms, needed))
    if slot.next_start is not None and gap < slot.next_start - end < preset.open_gap_ms:
        earlier = slot.next_start - preset.open_gap_ms
        if earlier >= slot.start + needed:
            end = earlier
    return end


def _shares(
    parts: Sequence[Sequence[str]], needs: Sequence[int], time: int, preset: Preset
) -> list[int]:
    """Return how long each part stands: what it needs, and of what remains by its length."""
    base = list(needs) if sum(needs) <= time else [preset.shortest_ms] * len(parts)
    sizes = [characters(part) for part in parts]
    spare = time - sum(base)
    shares = [least + spare * size // sum(sizes) for least, size in zip(base, sizes, strict=True)]
    shares[-1] += time - sum(shares)
    return [min(share, preset.longest_ms) for share in shares]
