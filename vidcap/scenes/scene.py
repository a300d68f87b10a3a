"""The input and the output of scene merging: frame captions and scenes."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from vidcap.captioning.caption import Caption

if TYPE_CHECKING:
    from vidcap.captioning.protocols import EncodedCaption


@dataclass(frozen=True, slots=True)
class FrameCaption:
    """What a captioner said of one frame, and where that frame stands.

    Attributes:
        ticks: absolute presentation time of the frame, in units of the video's time base.
        time: player time of the frame, in seconds.
        shot: running number of the shot, from 0; shots without a sampled frame leave gaps.
        shot_start: player time of the first frame of that shot, in seconds.
        caption: the sentence and its score.
        encoded: what its captioner needs to tell it together with others; None where it cannot.
    """

    ticks: int
    time: Fraction
    shot: int
    shot_start: Fraction
    caption: Caption
    encoded: EncodedCaption | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A stretch of a video for which one sentence stands.

    Scenes follow each other without a gap: each ends where the next one starts.

    Attributes:
        start: player time of the scene's first frame, in seconds.
        end: player time at which the next scene starts or the video ends; greater than ``start``.
        text: the sentence as the captioner wrote it; empty where it had nothing to say.
        score: the caption score that came with the sentence.
        confidence: the confidence that came with it, or None.
        frames: the captioned frames the sentence stands on, in order; never empty.  They have no
            looks any more.
        edited: whether the sentence is somebody's, and not a captioner's.
    """

    start: Fraction
    end: Fraction
    text: str
    score: float
    frames: tuple[FrameCaption, ...]
    confidence: float | None = None
    edited: bool = False
