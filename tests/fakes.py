"""Stand-ins for what is slow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from vidcap.captioning.caption import Caption


class ShadeCaptioner:
    """Tells how bright a picture is, in words that make a new scene where it changes."""

    name = "shades"
    picture_size = (32, 24)
    provenance: ClassVar = {"captioner": "shades", "checkpoint": "0" * 64, "runtime": "none"}
    sentences = ("a black dog", "the grey cat sleeps", "two white birds fly over water")

    def __init__(self) -> None:
        self.batches: list[int] = []

    def caption(self, pictures: Sequence[NDArray[np.uint8]]) -> list[Caption]:
        self.batches.append(len(pictures))
        for picture in pictures:
            assert picture.shape == (24, 32, 3)
        return [
            Caption(self.sentences[min(2, int(picture.mean()) // 86)], -0.5) for picture in pictures
        ]


class SilentCaptioner(ShadeCaptioner):
    """Has nothing to say of any picture."""

    sentences = ("", "", "")


class BrokenCaptioner(ShadeCaptioner):
    """Has a fault that nobody foresaw."""

    def caption(self, pictures: Sequence[NDArray[np.uint8]]) -> list[Caption]:
        raise RuntimeError("a wheel came off\nin two lines")
