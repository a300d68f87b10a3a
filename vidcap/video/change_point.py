"""Finding the frame at which one thing gives way to another, between two that show them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from vidcap.errors import MediaError
from vidcap.video.sampling import EverySeconds
from vidcap.video.source import open_video

# Pictures are compared in grey and so small: what is looked for is what fills them.
_SIDE = 32
_EVERY_FRAME = EverySeconds(Fraction(1, 1000))
_LONGEST = Fraction(60)


def find_change(
    path: str, old: Fraction, new: Fraction, *, decoder: str = "auto"
) -> Fraction | None:
    """Return the player time of the first frame that shows the new rather than the old.

    The stretch between is read once more, every frame of it.  Each frame lies somewhere along the
    way from the first picture to the last; the change is where one step fits that best.

    Args:
        path: the video.
        old: player time in seconds of a frame that shows what was.
        new: likewise of one that shows what is, later.
        decoder: as for :func:`vidcap.video.source.open_video`.

    Returns:
        None where the stretch cannot be read again, or is longer than a minute.
    """
    if not old < new <= old + _LONGEST:
        return None
    times: list[Fraction] = []
    pictures: list[NDArray[np.float32]] = []
    try:
        # The end is not part of what is read: a little behind the last frame it is.
        with open_video(
            path,
            decoder=decoder,
            sampling=_EVERY_FRAME,
            start=old,
            end=new + Fraction(1, 1000),
            size=(_SIDE, _SIDE),
        ) as video:
            for frame in video:
                times.append(frame.time)
                pictures.append(frame.image.mean(-1, dtype=np.float32).ravel())
    except MediaError:
        return None
    place = step_place(np.array(pictures)) if len(pictures) > 1 else 0
    return times[place] if place else None


def step_place(pictures: NDArray[np.float32]) -> int:
    """Return which picture is the first of the new: 1 or later, or 0 where nothing changes.

    Args:
        pictures: ``(N, P)``, the first of them old and the last one new.
    """
    way = pictures[-1] - pictures[0]
    length = float(way @ way)
    if not length:
        return 0
    along = (pictures - pictures[0]) @ way / length
    # To call picture i old costs along[i] squared, to call it new (1 - along[i]) squared.
    gains = along**2 - (1 - along) ** 2
    after = np.cumsum(gains[::-1])[::-1]
    return 1 + int(after[1:].argmax())
