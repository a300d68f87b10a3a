"""The results of reading a video: facts about the file, frames, and how the reading ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a video and when it is shown.

    Attributes:
        image: ``(height, width, 3)`` uint8 RGB, upright, with square pixels.
        ticks: absolute presentation time in units of :attr:`VideoInfo.time_base`.
        time: player time in seconds: ``ticks * time_base - start_time``.
        shot: running number of the shot the frame belongs to, from 0.
        shot_start: player time in seconds of the first frame of that shot.
    """

    image: NDArray[np.uint8]
    ticks: int
    time: Fraction
    shot: int
    shot_start: Fraction


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a file says of the video stream that a player would show.

    Attributes:
        path: absolute path of the file.
        container: libav's name of the container format, such as ``"matroska,webm"``.
        codec: name of the codec, such as ``"h264"``.
        width: displayed width in square pixels, after rotation and pixel aspect.
        height: displayed height in square pixels, after rotation and pixel aspect.
        coded_width: width of the decoded picture, before rotation and pixel aspect.
        coded_height: height of the decoded picture, before rotation and pixel aspect.
        pixel_aspect: width of a pixel over its height.
        rotation: degrees clockwise to turn the decoded picture: 0, 90, 180 or 270.
        mirrored: whether the decoded picture is to be mirrored left to right before turning it.
        time_base: seconds a tick.
        start_time: the container's start in seconds, 0 where it has none.
        first_ticks: presentation time of the first picture that can be decoded.
        timed: whether pictures carry presentation times; raw streams and some AVI do not.
        interlaced: whether the first picture is made of two fields.
        duration: declared length in player seconds, ``None`` where nothing is declared.
        frame_rate: declared average frames a second, ``None`` where nothing is declared.
        frames: declared number of frames, ``None`` where nothing is declared.
        stream_index: number of the stream in the file.
        video_streams: number of video streams, cover art not counted.
        audio_streams: number of audio streams.
    """

    path: str
    container: str
    codec: str
    width: int
    height: int
    coded_width: int
    coded_height: int
    pixel_aspect: Fraction
    rotation: int
    mirrored: bool
    time_base: Fraction
    start_time: Fraction
    first_ticks: int
    timed: bool
    interlaced: bool
    duration: Fraction | None
    frame_rate: Fraction | None
    frames: int | None
    stream_index: int
    video_streams: int
    audio_streams: int

    def player_time(self, ticks: int) -> Fraction:
        """Return the player time in seconds of an absolute presentation time in ticks."""
        return ticks * self.time_base - self.start_time

    def ticks_at(self, time: Fraction) -> int:
        """Return the first tick at or after a player time in seconds."""
        return -((-(time + self.start_time)) // self.time_base)

    def frame_ticks(self) -> int:
        """Return the usual length of a frame in ticks, at least 1; 1/25 s where unknown."""
        rate = self.frame_rate or Fraction(25)
        return max(1, round(1 / rate / self.time_base))


class Completeness(StrEnum):
    """Whether a reading gave everything that the file promised."""

    COMPLETE = "complete"
    CUT_SHORT = "cut short"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class ReadStatus:
    """How a reading ended.

    Attributes:
        completeness: ``CUT_SHORT`` when the pictures end before the file's declared end,
            ``DAMAGED`` when parts inside could not be decoded.
        decoder: name of the back end that delivered the last frames.
        frames_decoded: number of frames that this back end decoded.
        end: player time in seconds at which the display of the last decoded frame ends.
        notes: fall-backs, errors and missing frames, one sentence each.
    """

    completeness: Completeness
    decoder: str
    frames_decoded: int
    end: Fraction
    notes: tuple[str, ...]
