"""Pictures: turning, resizing, and reading stills from files."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vidcap.errors import MediaError
from vidcap.video.container import regular_file

if TYPE_CHECKING:
    from PIL import Image

# More than the largest medium-format camera gives; beyond it a file is a mistake or a bomb.
MAX_PICTURE_PIXELS = 200_000_000
# There is one for all threads.
_STANDARD_ERROR = threading.Lock()


def resize_stretch(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a picture resized to ``size``, its aspect not kept.

    Training and captioning both prepare pictures with this function.  Shrinking averages areas,
    enlarging interpolates linearly, as OpenCV does; an equal size returns the picture itself.

    Args:
        picture: ``(height, width, 3)`` uint8 RGB.
        size: ``(width, height)`` in pixels.
    """
    height, width = picture.shape[:2]
    if (width, height) == size:
        return picture
    import cv2

    if size[0] * size[1] < width * height:
        return shrunk(picture, size)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def shrunk(picture: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """Return a picture made smaller by averaging areas.

    Args:
        picture: ``(height, width)`` or ``(height, width, channels)``, uint8, uint16 or float32.
        size: ``(width, height)`` in pixels, with fewer of them than the picture has.
    """
    import cv2

    height, width = picture.shape[:2]
    # Two by two is averaged many times faster than by amounts that are no whole number.
    while not (height % 2 or width % 2) and height >= 2 * size[1] and width >= 2 * size[0]:
        height, width = height // 2, width // 2
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def upright(picture: NDArray[np.uint8], *, mirrored: bool, rotation: int) -> NDArray[np.uint8]:
    """Return a view of a picture mirrored left to right if asked, then turned clockwise.

    Args:
        picture: ``(height, width, channels)``.
        mirrored: whether to mirror it first.
        rotation: degrees clockwise: 0, 90, 180 or 270.
    """
    if mirrored:
        picture = picture[:, ::-1]
    return np.rot90(picture, -(rotation // 90)) if rotation else picture


def read_picture(path: str | os.PathLike[str]) -> NDArray[np.uint8]:
    """Return a still picture from a file as ``(height, width, 3)`` uint8 RGB.

    Reads what Pillow reads (JPEG, PNG, WebP, BMP, TIFF, the first frame of a GIF).  The EXIF
    orientation is applied, 16-bit and grey become 8-bit RGB, and transparency is laid over white.

    Raises:
        MediaError: the file is missing, empty, too large, or not a picture that can be decoded.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    file = regular_file(path)
    # Pillow's own limit only warns; the size is in the header, before anything is decoded.
    try:
        with _quiet(), Image.open(file) as picture:
            width, height = picture.size
            if width * height > MAX_PICTURE_PIXELS:
                raise MediaError(
                    f"{path}: {width}x{height} pixels are more than the "
                    f"{MAX_PICTURE_PIXELS:,} that are read; shrink it first"
                )
            return _eight_bit_rgb(ImageOps.exif_transpose(picture))
    except UnidentifiedImageError:
        raise MediaError(f"{path}: is not a picture in a format that can be read") from None
    except Image.DecompressionBombError as error:
        raise MediaError(f"{path}: {error}") from None
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise MediaError(f"{path}: the picture cannot be decoded: {error}") from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Pillow's warnings, and what libtiff writes past Python, from the user's terminal.

    What matters of them is in the error that follows; one of vidcap's is one line.
    """
    with _STANDARD_ERROR, warnings.catch_warnings(), Path(os.devnull).open("wb") as nowhere:
        warnings.simplefilter("ignore")
        kept = os.dup(2)
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _eight_bit_rgb(picture: Image.Image) -> NDArray[np.uint8]:
    from PIL import Image

    if picture.mode.startswith("I;16") or picture.mode == "I":
        # Pillow clips these to 8 bits instead of scaling them.
        grey = (np.asarray(picture).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        paper = Image.new("RGBA", layer.size, "white")
        picture = Image.alpha_composite(paper, layer)
    return np.array(picture.convert("RGB"))
