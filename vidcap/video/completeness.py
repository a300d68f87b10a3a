"""Judging whether a reading gave all that the file promised."""

from __future__ import annotations

from fractions import Fraction

from vidcap.video.backends.base import ReadStats
from vidcap.video.frame import Completeness, VideoInfo

# Healthy files declare up to this much more than their last frame's end: durations are rounded,
# counted from a sound stream, or hold the length of one frame too many.
_SLOPPY_SECONDS = Fraction(1, 2)
_SLOPPY_FRAMES = 3


def end_of_reading(info: VideoInfo, tally: ReadStats) -> Fraction:
    """Return the player time at which the display of the last frame ends, 0 without a frame.

    A last frame whose length the file does not say stays until the declared end of the video,
    where that is as near as its frames are to each other, and else for the usual frame length.
    """
    if tally.last is None:
        return Fraction(0)
    end = info.player_time(tally.last + (tally.last_length or info.frame_ticks()))
    whole = not (tally.last_length or tally.stopped or tally.cut_off or tally.missing)
    if whole and info.duration is not None and info.duration - end <= _tolerance(info, tally):
        return max(end, info.duration)
    return end


def judge(info: VideoInfo, tally: ReadStats) -> tuple[Completeness, list[str]]:
    """Return how complete a reading was, with a sentence for each reason.

    A file that is cut off often also fails in its last packet, so failures after the last good
    frame do not make a short file a damaged one.
    """
    notes = list(tally.notes)
    short = _shortage(info, tally)
    if short:
        notes.append(short)
    inner = tally.failures + tally.corrupt
    if short:
        inner -= tally.failures_at_end + tally.corrupt_at_end
    if tally.failures:
        notes.append(f"{_count(tally.failures, 'packet')} could not be decoded ({tally.failure}).")
    if tally.corrupt:
        notes.append(f"The decoder marked {_count(tally.corrupt, 'frame')} as damaged.")
    if tally.extra:
        notes.append(
            f"The decoder gave {_count(tally.extra, 'frame')} more than the file lists, so its "
            "times cannot be trusted."
        )
    if inner or tally.extra:
        return Completeness.DAMAGED, notes
    return (Completeness.CUT_SHORT if short else Completeness.COMPLETE), notes


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _shortage(info: VideoInfo, tally: ReadStats) -> str:
    """Say by how much the reading fell short of the declared length; nothing when it did not."""
    if tally.missing:
        return f"{_count(tally.missing, 'frame')} that the file lists did not come."
    if tally.stopped or tally.last is None:
        return ""
    if tally.cut_off:
        return tally.cut_off
    tolerance = _tolerance(info, tally)
    # Some containers' declared length shrinks to what is left, but not their count of frames.
    if info.frames is not None and tally.from_head:
        lost = info.frames - tally.packets
        if lost * info.frame_ticks() * info.time_base > tolerance:
            return f"The file declares {info.frames} frames but holds {tally.packets}."
    if info.duration is None:
        return ""
    # Where only the whole file's length is declared, another stream may be the longest.
    reached = end_of_reading(info, tally)
    if tally.last_packet is not None:
        reached = max(reached, info.player_time(tally.last_packet))
    if info.duration - reached > tolerance:
        return (
            f"The file declares {float(info.duration):.2f} s of video but its pictures end at "
            f"{float(end_of_reading(info, tally)):.2f} s."
        )
    return ""


def _tolerance(info: VideoInfo, tally: ReadStats) -> Fraction:
    """Seconds by which a healthy file's pictures may end before its declared end.

    In a slide show the last slide's length is often nowhere but in the declared duration.
    """
    if tally.decoded == 1 and info.duration is not None:
        return info.duration
    ticks = max(_SLOPPY_FRAMES * info.frame_ticks(), tally.longest_gap)
    return max(_SLOPPY_SECONDS, ticks * info.time_base)
