"""Encoder features of a whole data set, computed once and kept in memory maps.

A frozen encoder gives the same features in every epoch, so they are computed before the first:
one float16 ``.npy`` file for each split and view, of shape ``(pictures, regions, channels)``.
Extraction stopped half way goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.training.augmentation import view
from pipelines.training.data import CaptionedPicture
from vidcap.files import write_atomically
from vidcap.video.image import read_picture, resize_stretch

Features = NDArray[np.float16]
Encode = Callable[[Iterable[NDArray[np.uint8]]], Iterator[NDArray[np.float32]]]

_CHUNK = 100


def _key(pictures: Sequence[CaptionedPicture], encoder_hash: str, size: int, seed: int) -> str:
    digest = hashlib.sha256(f"{encoder_hash} {size} {seed}".encode())
    for picture in pictures:
        digest.update(b"\0" + picture.path.name.encode())
    return digest.hexdigest()[:16]


def cached_features(
    pictures: Sequence[CaptionedPicture],
    *,
    encode: Encode,
    encoder_hash: str,
    shape: tuple[int, int],
    picture_size: int,
    view_number: int,
    seed: int,
    folder: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Features:
    """Return the features of every picture under one view, computing what is not there yet.

    Args:
        pictures: the pictures, in the order of the rows.
        encode: squashed ``(size, size, 3)`` uint8 pictures to ``(regions, channels)`` features.
        encoder_hash: identifies the encoder's weights; features of others are never mixed in.
        shape: regions and channels.
        picture_size: side of the squashed pictures in pixels.
        view_number: which view (:func:`pipelines.training.augmentation.view`).
        seed: seed of the views.
        folder: where the memory maps are kept.
        progress: called with pictures done and pictures in all.

    Returns:
        A read-only memory map of shape ``(len(pictures), *shape)``, float16.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{_key(pictures, encoder_hash, picture_size, seed)}-view{view_number}"
    data, mark = folder / f"{stem}.npy", folder / f"{stem}.json"
    total = len(pictures)
    done = json.loads(mark.read_text())["done"] if mark.exists() and data.exists() else 0
    if done < total:
        features = np.lib.format.open_memmap(
            data,
            mode="r+" if done else "w+",
            dtype=np.float16,
            shape=(total, *shape),
        )

        def prepared(start: int, stop: int) -> Iterator[NDArray[np.uint8]]:
            for index in range(start, stop):
                picture = resize_stretch(
                    read_picture(pictures[index].path), (picture_size, picture_size)
                )
                yield view(picture, number=view_number, key=index, seed=seed)

        while done < total:
            stop = min(done + _CHUNK, total)
            for index, encoded in enumerate(encode(prepared(done, stop)), start=done):
                features[index] = encoded
            features.flush()
            done = stop
            write_atomically(mark, json.dumps({"done": done}))
            progress(done, total)
        del features
    stored: Features = np.load(data, mmap_mode="r")
    return stored
