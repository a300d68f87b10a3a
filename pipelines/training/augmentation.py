"""Augmented views of a picture, the same ones every time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def view(picture: Picture, *, number: int, key: int, seed: int) -> Picture:
    """Return view ``number`` of a picture of shape ``(height, width, 3)``, in the same shape.

    View 0 is the picture itself and view 1 its mirror image.  Every further view is a random crop
    of 70 to 100 % of the area, mirrored half the time, with contrast and brightness moved by up to
    20 %.  The draw depends on nothing but ``seed``, ``key`` (the picture's place in its set) and
    ``number``.
    """
    if number == 0:
        return picture
    if number == 1:
        return np.ascontiguousarray(picture[:, ::-1])
    import cv2

    rng = np.random.default_rng((seed, key, number))
    height, width = picture.shape[:2]
    area = rng.uniform(0.7, 1.0)
    aspect = np.exp(rng.uniform(np.log(0.9), np.log(1.1)))
    crop_width = min(width, round(width * np.sqrt(area * aspect)))
    crop_height = min(height, round(height * np.sqrt(area / aspect)))
    left = rng.integers(0, width - crop_width + 1)
    top = rng.integers(0, height - crop_height + 1)
    crop = picture[top : top + crop_height, left : left + crop_width]
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    resized = cv2.resize(
        np.ascontiguousarray(crop), (width, height), interpolation=cv2.INTER_LINEAR
    )
    contrast = rng.uniform(0.8, 1.2)
    brightness = rng.uniform(-0.2, 0.2) * 128
    moved = (resized.astype(np.float32) - 128) * contrast + 128 + brightness
    result: Picture = np.clip(np.rint(moved), 0, 255).astype(np.uint8)
    return result
