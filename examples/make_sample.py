"""Make sample.mp4 anew: five photographs that anybody may redistribute, panned and zoomed.

    python examples/make_sample.py [OUTPUT]

Needs the `test` extra, for the pictures that come inside scikit-image (see LICENSES.md).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image
from skimage import data

WIDTH, HEIGHT = 640, 360
RATE = 25
SECONDS_A_PICTURE = 5

Box = tuple[float, float, float]  # left, top and width of a 16:9 window, in pixels of the picture


@dataclass(frozen=True)
class Shot:
    """A picture, and the window on it that the camera starts and ends with."""

    picture: str
    first: Box
    last: Box


SHOTS = (
    Shot("camera", (0, 40, 512), (20, 55, 450)),
    Shot("astronaut", (0, 0, 512), (20, 0, 420)),
    Shot("rocket", (0, 67, 640), (60, 60, 540)),
    Shot("coffee", (0, 30, 600), (60, 50, 480)),
    Shot("chelsea", (0, 0, 451), (0, 46, 451)),
)


def window(picture: Image.Image, shot: Shot, progress: float) -> Image.Image:
    """Return what the camera sees when ``progress``, 0 to 1, of its way is done."""
    left, top, width = (a + (b - a) * progress for a, b in zip(shot.first, shot.last, strict=True))
    box = (left, top, left + width, top + width * HEIGHT / WIDTH)
    return picture.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC, box=box)


def main() -> None:
    """Write the video to the path given, or beside this script."""
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("sample.mp4")
    frames = RATE * SECONDS_A_PICTURE
    with av.open(str(output), "w") as container:
        # One encoder thread, so that the same library writes the same bytes on any machine.
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "26", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.gop_size = 2 * RATE
        number = 0
        for shot in SHOTS:
            picture = Image.fromarray(np.asarray(getattr(data, shot.picture)())).convert("RGB")
            for index in range(frames):
                image = window(picture, shot, index / (frames - 1))
                frame = av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, RATE)
                container.mux(stream.encode(frame))
                number += 1
        container.mux(stream.encode(None))
    print(f"{output}: {number} frames, {number / RATE:g} s, {output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
