"""The gaps of the dialogue: where a description may be spoken."""

from __future__ import annotations

from collections.abc import Sequence

from vidcap.description.script import Span

# Kept free of description on either side of speech: the detector's boundaries are right to a
# quarter of a second, and a listener needs a moment to change over.
MARGIN_MS = 300
# Boundaries found are late rather than early: a gap may be a little longer than it looks.
_UNSURE_MS = 200


def find_gaps(
    speech: Sequence[Span], *, end_ms: int, min_gap_ms: int, margin_ms: int = MARGIN_MS
) -> list[Span]:
    """Return the stretches without speech that are long enough, in order of time.

    The head and the tail of the film are gaps like others; a film without speech is one.

    Args:
        speech: in order of time; stretches may touch.
        end_ms: where the film ends.
        min_gap_ms: least length of a gap between two stretches of speech, margins included.
        margin_ms: taken off a gap where it borders on speech.
    """
    borders = [(span.start_ms, span.end_ms) for span in speech if span.start_ms < end_ms]
    gaps: list[Span] = []
    begin, after_speech = 0, False
    for start, end in [*borders, (end_ms, end_ms)]:
        if start - begin >= min_gap_ms - _UNSURE_MS * after_speech:
            inner = Span(
                begin + margin_ms * after_speech,
                start - margin_ms * (start < end_ms),
            )
            if inner.length_ms > 0:
                gaps.append(inner)
        begin, after_speech = max(begin, end), True
    return gaps


def free_of(gaps: Sequence[Span], taken: Sequence[Span], *, apart_ms: int) -> list[Span]:
    """Return what is left of gaps when stretches of them are taken, and something around those."""
    left = list(gaps)
    for span in taken:
        parts: list[Span] = []
        for gap in left:
            before = Span(gap.start_ms, min(gap.end_ms, span.start_ms - apart_ms))
            behind = Span(max(gap.start_ms, span.end_ms + apart_ms), gap.end_ms)
            parts += [part for part in dict.fromkeys((before, behind)) if part.length_ms > 0]
        left = parts
    return left
