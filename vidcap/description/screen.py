"""Text on screen, read from the key frames of scenes by RapidOCR."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidcap.description.script import Candidate, Detail
from vidcap.errors import MediaError
from vidcap.extras import import_extra
from vidcap.scenes.scene import Scene
from vidcap.subtitles.clean import clean_text, sentence_case
from vidcap.subtitles.times import nearest_ms

# Below, what was read is more often a pattern than a word.
_LEAST_SCORE = 0.85
_LEAST_LETTERS = 3
_LONGEST = 160
_WORD = re.compile(r"[^\W\d_]")


def read_screen(
    film: Path, scenes: Sequence[Scene], *, seconds: float
) -> tuple[list[Candidate], str]:
    """Return the text on screen, scene by scene, and a sentence on how much was looked at.

    The middle frame of each scene is read at its full size, scenes all over the film first and
    those between them later, until the time is used up.  What depends on the time that a machine
    takes is not the same on every machine: the sentence tells.

    Args:
        film: the file.
        scenes: in order of time.
        seconds: how much time there is.

    Raises:
        MissingExtraError: the extra ``ocr`` is not installed.
    """
    reader = ScreenReader()
    began = time.monotonic()
    found: list[Candidate] = []
    read = 0
    for number in _spread(len(scenes)):
        if time.monotonic() - began >= seconds:
            break
        scene = scenes[number]
        text = reader.read(_picture(film, scene.frames[len(scene.frames) // 2].time))
        read += 1
        if text:
            found.append(
                Candidate(
                    number,
                    nearest_ms(scene.start),
                    nearest_ms(scene.end),
                    sentence_case(f"Text on screen: {text}"),
                    Detail.TEXT,
                )
            )
    note = f"Text on screen was looked for in {read} of {len(scenes)} scenes."
    return sorted(found, key=lambda one: one.start_ms), note


class ScreenReader:
    """Reads what is written on a picture.

    Raises:
        MissingExtraError: the extra ``ocr`` is not installed.
    """

    def __init__(self) -> None:
        rapidocr: Any = import_extra("rapidocr", "ocr")
        self._engine = rapidocr.RapidOCR(params={"Global.log_level": "critical"})

    def read(self, picture: NDArray[np.uint8] | None) -> str:
        """Return the lines that are read with certainty, from the top, in one line.

        Args:
            picture: ``(height, width, 3)`` uint8 RGB, or None for nothing.
        """
        if picture is None:
            return ""
        result = self._engine(np.ascontiguousarray(picture[:, :, ::-1]))
        if not result.txts:
            return ""
        lines = [
            clean_text(text)
            for text, score in zip(result.txts, result.scores, strict=True)
            if score >= _LEAST_SCORE and len(_WORD.findall(text)) >= _LEAST_LETTERS
        ]
        text = ", ".join(lines)
        return text if len(text) <= _LONGEST else text[:_LONGEST].rpartition(",")[0]


def full_frame(film: Path, at: Fraction) -> NDArray[np.uint8] | None:
    """Return the frame that is shown at a time in full size; None behind the end.

    Raises:
        MediaError: the film cannot be read.
    """
    from vidcap.video.source import open_video

    with open_video(film, start=at) as video:
        return next((frame.image for frame in video), None)


def _picture(film: Path, at: Fraction) -> NDArray[np.uint8] | None:
    try:
        return full_frame(film, at)
    except MediaError:
        return None


def _spread(count: int) -> list[int]:
    """Return the numbers below ``count`` so that every beginning is spread over all of them."""
    width = max(1, (count - 1).bit_length())
    return sorted(range(count), key=lambda number: int(f"{number:0{width}b}"[::-1], 2))
