"""Captioners of random weights that read what a picture shows, small enough to be made in a test.

Unlike the ones of tiny_models.py they are the package's own.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from vidcap.captioning.checkpoint import Manifest, write_checkpoint
from vidcap.captioning.networks.encoders import build_encoder
from vidcap.captioning.networks.model import CaptionModel
from vidcap.captioning.networks.transformer import Transformer


def manifest_of(
    decoder: Transformer, words: list[str], things: tuple[tuple[str, ...], ...]
) -> Manifest:
    return Manifest(
        encoder="efficientnet-lite0",
        decoder="transformer",
        decoder_config=dataclasses.asdict(decoder.config),
        vocabulary=tuple(words),
        picture_size=64,
        beam={"size": 2, "max_words": 6},
        things=things,
    )


def write_reader(
    path: Path, decoder: Transformer, words: list[str], things: tuple[tuple[str, ...], ...]
) -> None:
    """Write a checkpoint of a decoder, behind an encoder of random weights."""
    model = CaptionModel(build_encoder("efficientnet-lite0"), decoder)
    write_checkpoint(path, manifest_of(decoder, words, things), model.state_dict())
