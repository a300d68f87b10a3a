"""Text on screen is read where it is plain."""

from __future__ import annotations

from fractions import Fraction as F
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests import media
from vidcap.captioning.caption import Caption
from vidcap.description.screen import ScreenReader, read_screen
from vidcap.description.script import Detail
from vidcap.scenes.scene import FrameCaption, Scene

pytest.importorskip("rapidocr", reason="the extra ocr reads")
pytestmark = pytest.mark.slow


def title(text: str) -> np.ndarray:
    picture = np.full((240, 480, 3), 30, np.uint8)
    cv2.putText(picture, text, (30, 130), cv2.FONT_HERSHEY_SIMPLEX, 2, (240, 240, 240), 4)
    return picture


def scene(second: int) -> Scene:
    frame = FrameCaption(second, F(second), 0, F(second), Caption("a sign", -1.0))
    return Scene(F(second), F(second + 1), "a sign", -1.0, (frame,))


def test_a_title_is_read_and_a_plain_picture_is_not() -> None:
    reader = ScreenReader()
    assert reader.read(title("PARIS 1924")).replace(" ", "") == "PARIS1924"
    assert reader.read(np.full((240, 480, 3), 90, np.uint8)) == ""
    assert reader.read(None) == ""


def test_scenes_are_read_until_the_time_is_used_up(tmp_path: Path) -> None:
    pictures = [title("HARBOUR")] * 10 + [title("MARKET")] * 10
    film = media.write_video(tmp_path / "film.mp4", pictures=pictures, rate=10)
    found, note = read_screen(film, [scene(0), scene(1)], seconds=600)
    assert [(one.scene, one.text, one.detail) for one in found] == [
        (0, "Text on screen: HARBOUR.", Detail.TEXT),
        (1, "Text on screen: MARKET.", Detail.TEXT),
    ]
    assert note == "Text on screen was looked for in 2 of 2 scenes."
    assert read_screen(film, [scene(0)], seconds=0) == (
        [],
        "Text on screen was looked for in 0 of 1 scenes.",
    )
