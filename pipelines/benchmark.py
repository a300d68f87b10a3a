"""Time the whole subtitle job beside what ffmpeg needs to decode the same frames.

    python pipelines/benchmark.py --work runs/benchmark

Makes a ten-minute 720p file once (photographs that pan slowly, a cut every 4 to 5 s, libx264
veryfast, crf 23, key frame every 250), then runs in turn, several times:

- ``vidcap subtitle FILE --fps 1``, the whole command from start to written file;
- ``ffmpeg -i FILE -vf fps=1:round=up,scale=224:224 -f rawvideo -``, decoding and scaling alone.

Prints medians and their ratio as JSON.  Let nothing else run meanwhile.  Needs the ``test`` extra
for the photographs, which come inside scikit-image, and the ffmpeg program.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data
from tqdm import tqdm

from vidcap.files import replacing

PICTURES = ("astronaut", "chelsea", "coffee", "rocket", "camera")
RATE = 30
SIZES = {"720p": (1280, 720), "1080p": (1920, 1080)}
# Of 255.  What a sensor adds is new in every picture; what a lens adds moves with the picture.
NOISE, GRAIN = 2.5, 3.0
CODECS: dict[str, tuple[str, str, dict[str, str]]] = {
    "h264": ("libx264", ".mp4", {"preset": "veryfast", "crf": "23", "sc_threshold": "0"}),
    "hevc": ("libx265", ".mp4", {"preset": "ultrafast", "crf": "26", "x265-params": "log-level=0"}),
    "vp9": ("libvpx-vp9", ".webm", {"deadline": "realtime", "cpu-used": "8", "crf": "33"}),
}


@dataclass(frozen=True, slots=True)
class Film:
    """A film of photographs under a moving camera, with a cut every 4 to 5 s.

    Attributes:
        codec: one of ``CODECS``.
        size: one of ``SIZES``.
        key_every: frames from one key frame to the next.
        seconds: how long it is.
    """

    codec: str
    size: str
    key_every: int
    seconds: int

    @property
    def name(self) -> str:
        """Its file's name."""
        suffix = CODECS[self.codec][1]
        return f"{self.codec}-{self.size}-{self.seconds}s-key{self.key_every}{suffix}"

    def made(self, folder: Path) -> Path:
        """Return its file, made where it is not there yet; the same pictures every time."""
        path = folder / self.name
        if not path.exists():
            self._write(path)
        return path

    def _write(self, path: Path) -> None:
        encoder, _, options = CODECS[self.codec]
        with replacing(path) as scratch, av.open(str(scratch), "w") as container:
            options = {**options, "g": str(self.key_every)}
            stream = container.add_stream(encoder, rate=RATE, options=options)
            stream.width, stream.height = SIZES[self.size]
            stream.pix_fmt = "yuv420p"
            frames = self.seconds * RATE
            for number, picture in enumerate(tqdm(self._pictures(frames), path.name, frames)):
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, RATE)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))

    def _pictures(self, frames: int) -> Iterator[NDArray[np.uint8]]:
        draw, drawn = random.Random(1), np.random.default_rng(1)
        width, height = SIZES[self.size]
        noise = drawn.normal(0, NOISE, (height + 64, width + 64, 1)).repeat(3, 2).astype(np.int16)
        left = frames
        while left:
            large = _enlarged(draw, drawn, width + width // 4, height + width // 4)
            across, down = draw.randrange(0, width // 4), draw.randrange(0, width // 4)
            step = (draw.choice((-2, -1, 1, 2)), draw.choice((-1, 0, 1)))
            for index in range(min(draw.randint(4 * RATE, 5 * RATE), left)):
                x = min(max(across + step[0] * index, 0), large.shape[1] - width)
                y = min(max(down + step[1] * index, 0), large.shape[0] - height)
                over, under = draw.randrange(64), draw.randrange(64)
                own = noise[under : under + height, over : over + width]
                seen = large[y : y + height, x : x + width] + own
                yield np.clip(seen, 0, 255).astype(np.uint8)
                left -= 1


def _enlarged(
    draw: random.Random, drawn: np.random.Generator, width: int, height: int
) -> NDArray[np.int16]:
    """Return a photograph, at least so large, with the grain that enlarging took from it."""
    source = np.asarray(getattr(data, draw.choice(PICTURES))())
    if source.ndim == 2:
        source = cv2.cvtColor(source, cv2.COLOR_GRAY2RGB)
    scale = max(width / source.shape[1], height / source.shape[0])
    large = cv2.resize(source, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    if draw.random() < 0.5:
        large = large[:, ::-1]
    grain = drawn.normal(0, GRAIN, large.shape[:2])[..., None]
    grown: NDArray[np.int16] = (large + grain).astype(np.int16)
    return grown


def timed(command: list[str]) -> dict[str, float]:
    """Run a command to its end and return wall and processor seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=True,
    )
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": wall, "cpu": cpu}


def compare(path: Path, *, fps: str, runs: int) -> dict[str, Any]:
    """Run both in turn and return medians and the ratio of their wall times."""
    output = path.with_suffix(".srt")
    job = [sys.executable, "-m", "vidcap", "subtitle", "-q", "--force", "--fps", fps]
    job += ["-o", str(output), str(path)]
    pipe = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(path)]
    pipe += ["-vf", f"fps={fps}:round=up,scale=224:224", "-f", "rawvideo", "-"]
    results: dict[str, list[dict[str, float]]] = {"vidcap": [], "ffmpeg": []}
    for _ in tqdm(range(runs), desc="runs"):
        results["ffmpeg"].append(timed(pipe))
        results["vidcap"].append(timed(job))
    medians = {
        name: {key: round(statistics.median(run[key] for run in own), 2) for key in own[0]}
        for name, own in results.items()
    }
    return {
        **medians,
        "ratio": round(medians["vidcap"]["wall"] / medians["ffmpeg"]["wall"], 3),
        "walls": {name: [round(run["wall"], 2) for run in own] for name, own in results.items()},
        "cues": output.read_text(encoding="utf-8").count(" --> "),
        # The largest single process so far, of either command.
        "peak_mb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
    }


def main() -> int:
    """Make the file where it is not there yet, time, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True, help="folder for the video, kept")
    parser.add_argument("--seconds", type=int, default=600, help="of video [%(default)s]")
    parser.add_argument("--key-every", type=int, default=250, help="frames [%(default)s]")
    parser.add_argument("--fps", default="1", help="frames a second to look at [%(default)s]")
    parser.add_argument("--runs", type=int, default=3, help="of each command [%(default)s]")
    arguments = parser.parse_args()
    path = arguments.work / f"h264-720p-{arguments.seconds}s-key{arguments.key_every}.mp4"
    if not path.exists():
        make_video(path, seconds=arguments.seconds, key_every=arguments.key_every)
    result = {
        "file": path.name,
        "mbit_s": round(path.stat().st_size * 8 / arguments.seconds / 1e6, 2),
        "fps": arguments.fps,
        "cores": len(os.sched_getaffinity(0)),
        "machine": platform.machine(),
        **compare(path, fps=arguments.fps, runs=arguments.runs),
    }
    print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
