"""Stand-ins for what is slow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from vidcap.captioning.attention import Explanation
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


class ExplainingCaptioner(ShadeCaptioner):
    """Knows where it looked: everywhere, then in one corner and the other."""

    def caption(self, pictures: Sequence[NDArray[np.uint8]]) -> list[Caption]:
        return [replace(caption, confidence=0.75) for caption in super().caption(pictures)]

    def explain(self, pictures: Sequence[NDArray[np.uint8]]) -> list[Explanation]:
        made = []
        for caption in self.caption(pictures):
            words = tuple(caption.text.split())
            maps = np.zeros((len(words), 3, 3), np.float32)
            maps[0], maps[1, 0, 0], maps[2:, 2, 2] = 1 / 9, 1, 1
            made.append(Explanation(caption, words, maps))
        return made


class SilentCaptioner(ShadeCaptioner):
    """Has nothing to say of any picture."""

    sentences = ("", "", "")


class BrokenCaptioner(ShadeCaptioner):
    """Has a fault that nobody foresaw."""

    def caption(self, pictures: Sequence[NDArray[np.uint8]]) -> list[Caption]:
        raise RuntimeError("a wheel came off\nin two lines")
