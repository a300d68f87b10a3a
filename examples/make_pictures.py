"""Make the pictures in examples/pictures anew: photographs without copyright, and some drawings.

    python examples/make_pictures.py FOLDER [OUTPUT]

FOLDER holds ``explore_farm_animals.rcc`` and ``explore_world_animals.rcc`` of GCompris 3.1, which
Debian 12's package gcompris-qt-data 3.1-2 keeps in ``usr/share/gcompris-qt/rcc``; ``apt-get
download`` and ``dpkg-deb -x`` bring them without installing it.  The other photographs are inside
scikit-image, which the ``test`` extra brings.  LICENSES.md says whose they are.
"""

from __future__ import annotations

import hashlib
import io
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from skimage import data

LONGER_SIDE = 320  # of a photograph, in pixels
QUALITY = 82

# Where a picture comes from: the file that is read, its SHA-256, and what of it is taken.
GCOMPRIS = {
    "explore_farm_animals.rcc": (
        "1d17b5eb6c72b3a26aa37d6767fbeaf5a943064602c82b2d9c21ba006f748ba8",
        ("cat", "chicken", "cow", "duck", "horse", "pig", "sheep"),
    ),
    "explore_world_animals.rcc": (
        "85599f387a1f0da48d8e9e4502e6ef1ba9e826391bc4d6feb3b1f614d2d0ebdd",
        (
            *("bison", "chameleon", "crocodile", "dragon", "giraffe", "hedgehog", "jaguar"),
            *("kangaroo", "koala", "lemur", "moose", "narwhal", "panda", "polar_bear"),
            "scarlet_macaw",
        ),
    ),
}
SCIKIT_IMAGE = ("astronaut", "camera", "chelsea", "coffee", "rocket")
DRAWN = tuple(
    f"drawn_{thing}_{place}"
    for thing in ("red_ball", "blue_ball", "house", "tree")
    for place in ("meadow", "beach")
)

_FINE = 4  # drawings are made so many times larger and scaled down, for smooth edges


def resources(path: Path) -> Iterator[tuple[str, bytes]]:
    """Go through the files of a Qt resource collection (``.rcc``, format 3) stored as they are."""
    content = path.read_bytes()
    _, _, tree, files, names = struct.unpack_from(">4sIIII", content)

    def walk(node: int) -> Iterator[tuple[str, bytes]]:
        name_at, flags = struct.unpack_from(">IH", content, tree + 22 * node)
        if flags & 2:  # a folder: how many children, and where the first one is
            count, first = struct.unpack_from(">II", content, tree + 22 * node + 6)
            for child in range(first, first + count):
                yield from walk(child)
        elif not flags:  # neither folder nor compressed
            (length,) = struct.unpack_from(">H", content, names + name_at)
            name = content[names + name_at + 6 :][: 2 * length].decode("utf-16-be")
            (file_at,) = struct.unpack_from(">I", content, tree + 22 * node + 10)
            (size,) = struct.unpack_from(">I", content, files + file_at)
            yield name, content[files + file_at + 4 :][:size]

    yield from walk(0)


def gcompris_photographs(folder: Path) -> Iterator[tuple[str, Image.Image]]:
    """Read the photographs of GCompris, and refuse files that are not the ones known."""
    for file, (digest, names) in GCOMPRIS.items():
        path = folder / file
        if not path.is_file():
            sys.exit(f"{path}: there is no such file; see the top of {Path(__file__).name}")
        if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            sys.exit(f"{path}: not the file of gcompris-qt-data 3.1-2")
        found = dict(resources(path))
        for name in names:
            yield name, Image.open(io.BytesIO(found[f"{name}.webp"])).convert("RGB")


def scikit_image_photographs() -> Iterator[tuple[str, Image.Image]]:
    """Read the photographs that come inside scikit-image."""
    for name in SCIKIT_IMAGE:
        yield name, Image.fromarray(np.asarray(getattr(data, name)())).convert("RGB")


def drawings() -> Iterator[tuple[str, Image.Image]]:
    """Draw every thing in every place: what a very small training can learn to put together."""
    for name in DRAWN:
        _, *thing, place = name.split("_")
        picture = Image.new("RGB", (256 * _FINE, 192 * _FINE))
        pen = ImageDraw.Draw(picture)
        _draw_place(pen, place)
        _draw_thing(pen, "_".join(thing))
        yield name, picture.resize((256, 192), Image.Resampling.LANCZOS)


def _scaled(*numbers: float) -> tuple[float, ...]:
    return tuple(number * _FINE for number in numbers)


def _draw_place(pen: ImageDraw.ImageDraw, place: str) -> None:
    pen.rectangle(_scaled(0, 0, 256, 192), fill=(150, 205, 240))
    if place == "meadow":
        pen.ellipse(_scaled(-120, 88, 150, 300), fill=(96, 170, 72))
        pen.ellipse(_scaled(90, 96, 400, 320), fill=(84, 156, 62))
        pen.rectangle(_scaled(0, 124, 256, 192), fill=(104, 182, 78))
        for left in range(6, 256, 14):
            top = 134 + left * 37 % 50
            pen.line(_scaled(left, top, left + 3, top - 7), fill=(66, 132, 48), width=_FINE)
    else:
        pen.rectangle(_scaled(0, 84, 256, 132), fill=(38, 110, 176))
        for left in range(-10, 256, 44):
            pen.arc(_scaled(left, 98, left + 40, 110), 200, 340, fill=(220, 236, 246), width=_FINE)
        pen.rectangle(_scaled(0, 126, 256, 192), fill=(236, 212, 150))
        for left in range(5, 256, 11):
            top = 134 + left * 29 % 54
            pen.ellipse(_scaled(left, top, left + 1.5, top + 1.5), fill=(206, 178, 116))
    pen.ellipse(_scaled(196, 14, 232, 50), fill=(252, 222, 92))


def _draw_thing(pen: ImageDraw.ImageDraw, thing: str) -> None:
    if thing.endswith("ball"):
        dark, light = {
            "red_ball": ((196, 30, 34), (240, 110, 100)),
            "blue_ball": ((28, 48, 170), (110, 136, 236)),
        }[thing]
        pen.ellipse(_scaled(92, 150, 176, 166), fill=(96, 96, 72))  # its shadow
        pen.ellipse(_scaled(92, 76, 172, 156), fill=dark)
        pen.ellipse(_scaled(110, 88, 134, 110), fill=light)
    elif thing == "house":
        pen.rectangle(_scaled(76, 86, 172, 156), fill=(240, 226, 196))
        pen.polygon(_scaled(64, 88, 124, 40, 184, 88), fill=(178, 58, 40))
        pen.rectangle(_scaled(112, 116, 136, 156), fill=(104, 66, 40))
        for left in (86, 144):
            pen.rectangle(_scaled(left, 98, left + 18, 114), fill=(120, 170, 206))
    else:
        pen.rectangle(_scaled(116, 104, 132, 158), fill=(110, 74, 44))
        for box in ((78, 56, 132, 110), (114, 54, 172, 110), (94, 24, 154, 84)):
            pen.ellipse(_scaled(*box), fill=(40, 116, 52))


def main() -> None:
    """Write the pictures to the folder given, or to ``pictures`` beside this script."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    output = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).with_name("pictures")
    output.mkdir(parents=True, exist_ok=True)
    total = 0
    for pictures in (
        gcompris_photographs(Path(sys.argv[1])),
        scikit_image_photographs(),
        drawings(),
    ):
        for name, picture in pictures:
            picture.thumbnail((LONGER_SIDE, LONGER_SIDE), Image.Resampling.LANCZOS)
            path = output / f"{name}.jpg"
            picture.save(path, quality=QUALITY, optimize=True)
            total += path.stat().st_size
    print(f"{output}: {len(list(output.glob('*.jpg')))} pictures, {total} bytes")


if __name__ == "__main__":
    main()
