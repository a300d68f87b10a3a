"""Scoring a captioner on captioned pictures, free-running."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipelines.training.data import CaptionedPicture
from vidcap.captioning.caption import Caption
from vidcap.captioning.captioner import Captioner
from vidcap.text.tokens import tokenize
from vidcap.video.image import read_picture, resize_stretch


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Captions of a set of pictures beside what people said of them.

    Attributes:
        captions: one a picture.
        found: the captions as tokens.
        references: the human sentences of each picture as tokens.
    """

    captions: list[Caption]
    found: list[list[str]]
    references: list[list[list[str]]]


def caption_pictures(
    captioner: Captioner,
    pictures: Sequence[CaptionedPicture],
    *,
    batch_size: int = 64,
    progress: Callable[[int], None] = lambda done: None,
) -> Evaluated:
    """Caption every picture as ``vidcap caption`` would, with no look at the human sentences.

    Raises:
        MediaError: a picture cannot be read.
    """
    captions: list[Caption] = []
    for start in range(0, len(pictures), batch_size):
        batch = [
            resize_stretch(read_picture(picture.path), captioner.picture_size)
            for picture in pictures[start : start + batch_size]
        ]
        captions += captioner.caption(batch)
        progress(len(captions))
    return Evaluated(
        captions,
        [tokenize(caption.text) for caption in captions],
        [[tokenize(sentence) for sentence in picture.sentences] for picture in pictures],
    )
