"""Hold every frame that vidcap reads of some files to a full decode by PyAV.

    python pipelines/exactness.py FILE...

Each file is decoded twice: by vidcap, taking every frame, and by a plain PyAV loop of its own that
turns pictures upright with numpy.  Ticks must be the same and pictures equal byte for byte.  Files
with non-square pixels, damage or several video streams are not for this: there the plain loop is
the one that is wrong.  Prints JSON; the exit code is 1 where something differs.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from vidcap.errors import VidcapError
from vidcap.video.sampling import EverySeconds
from vidcap.video.source import open_video

# Finer than any frame rate: every frame is taken.
_EVERY_FRAME = EverySeconds(Fraction(1, 1_000_000))


def plain(path: Path) -> Iterator[tuple[int | None, NDArray[np.uint8]]]:
    """Yield ticks and upright pictures, the simple way."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            yield frame.pts, np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90)


def compare(path: Path) -> dict[str, Any]:
    """Return how many frames came and how many differ."""
    frames = ticks = pictures = 0
    with open_video(path, sampling=_EVERY_FRAME, timeout=60) as video:
        for ours, theirs in zip_longest(video, plain(path)):
            frames += 1
            if ours is None or theirs is None or ours.ticks != theirs[0]:
                ticks += 1
            elif not np.array_equal(ours.image, theirs[1]):
                pictures += 1
        info, status = video.info, video.status
    return {
        "frames": frames,
        "ticks_that_differ": ticks,
        "pictures_that_differ": pictures,
        "codec": info.codec,
        "rotation": info.rotation,
        "start_time": str(info.start_time),
        "decoder": status.decoder,
        "completeness": str(status.completeness),
    }


def main() -> int:
    """Compare the files and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    results: dict[str, Any] = {}
    for path in arguments.files:
        try:
            results[str(path)] = compare(path)
        except VidcapError as error:
            results[str(path)] = {"error": str(error)}
    equal = [
        result
        for result in results.values()
        if "error" not in result
        and not result["ticks_that_differ"]
        and not result["pictures_that_differ"]
    ]
    print(json.dumps({"files": len(results), "equal": len(equal), "results": results}, indent=1))
    return 0 if len(equal) == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
