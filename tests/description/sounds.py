"""Films whose speech is known to the millisecond."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np

from pipelines.dialogues import RATE, Dialogue, dialogue, music, noise, under, write_wave
from tests import media

__all__ = ["RATE", "Dialogue", "dialogue", "film", "music", "noise", "under", "write_wave"]


def film(
    path: Path,
    sound: Path | None,
    *,
    seconds: float,
    shades: tuple[int, ...] = (20, 120, 230),
    rate: int = 10,
    options: tuple[str, ...] = (),
) -> Path:
    """A film of grey shots of equal length, with a sound if there is one.

    ``options`` go to ffmpeg between its inputs and its output.
    """
    count = round(seconds * rate)
    pictures = [
        np.full((48, 64, 3), shades[place * len(shades) // count], np.uint8)
        for place in range(count)
    ]
    silent = media.write_video(
        path.with_name(f"silent-{path.stem}.mp4"), pictures=pictures, rate=rate
    )
    if sound is None:
        silent.rename(path)
        return path
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(silent), "-i", str(sound)]
    command += ["-map", "0:v", "-map", "1:a", "-c:v", "copy", *options, str(path)]
    subprocess.run(command, check=True, timeout=120)
    silent.unlink()
    return path
