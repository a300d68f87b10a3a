"""Time the whole subtitle job beside ffmpeg decoding the same frames.

    python pipelines/benchmark.py --work runs/benchmark
    python pipelines/benchmark.py --work runs/benchmark --key-every 30 250 --fps 0.2 1 5 keyframes
    python pipelines/benchmark.py --work runs/benchmark --parts stages start growth

Makes the films it needs once (photographs under a moving camera with a sensor's noise, a cut every
4 to 5 s; ten minutes of 720p H.264, veryfast, crf 23, unless told otherwise).  Its parts:

- ``job``: ``vidcap subtitle`` from start to written file, and in turn with it ffmpeg alone, which
  decodes and scales the same frames (``fps=1:round=up,scale=224:224``); medians and their ratio;
- ``stages``: where one job's time goes;
- ``start``: ``vidcap --help``, and the API's first scene of a film whose first shot ends by 3 s;
- ``growth``: time and peak memory of films of 5 s to ``--longest``, of the same scenes repeated.

Prints JSON.  Let nothing else run meanwhile.  Needs the ``test`` extra for the photographs, which
come inside scikit-image, and the ffmpeg program.  Other figures: pictures a second by batch and
run time, ``pipelines/benchmark_captioner.py``; search in a large library,
``pipelines/search_benchmark.py --synthetic``.
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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data
from tqdm import tqdm

import vidcap
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


def timed(command: Sequence[str], *, cores: int = 0) -> dict[str, float]:
    """Run a command to its end and return wall and processor seconds, and its peak memory.

    Memory is that of its largest process, or of an earlier command's where that was larger.

    Args:
        command: the program and its arguments.
        cores: how many processors it may use; 0 for all.
    """
    usable = sorted(os.sched_getaffinity(0))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    os.sched_setaffinity(0, usable[:cores] or usable)  # the command inherits it
    try:
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=True,
        )
    finally:
        os.sched_setaffinity(0, usable)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": wall, "cpu": cpu, "peak_mb": after.ru_maxrss / 1024}


def medians(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure."""
    return {key: round(statistics.median(run[key] for run in runs), 2) for key in runs[0]}


def job(path: Path, *sampling: str) -> list[str]:
    """Return the command that subtitles a film; it lies beside the film then."""
    command = [sys.executable, "-m", "vidcap", "subtitle", "-q", "--force", *sampling]
    return [*command, "-o", str(path.with_suffix(".srt")), str(path)]


def compare(path: Path, *, fps: str, runs: int, cores: int) -> dict[str, Any]:
    """Run both in turn and return medians and the ratio of their wall times."""
    keys = fps == "keyframes"
    # Key frames are held against what the whole file costs, one a second.
    pipe = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(path), "-vf"]
    pipe += [f"fps={'1' if keys else fps}:round=up,scale=224:224", "-f", "rawvideo", "-"]
    own = job(path, *(("--sampling", "keyframes") if keys else ("--fps", fps)))
    results: dict[str, list[dict[str, float]]] = {"ffmpeg": [], "vidcap": []}
    for _ in tqdm(range(runs), desc=f"{path.name} {fps}"):
        for name, command in (("ffmpeg", pipe), ("vidcap", own)):
            results[name].append(timed(command, cores=cores))
    middle = {name: medians(found) for name, found in results.items()}
    return {
        "file": path.name,
        "fps": fps,
        "cores": cores or len(os.sched_getaffinity(0)),
        **middle,
        "ratio": round(middle["vidcap"]["wall"] / middle["ffmpeg"]["wall"], 3),
        "walls": {
            name: [round(run["wall"], 2) for run in found] for name, found in results.items()
        },
        "cues": path.with_suffix(".srt").read_text(encoding="utf-8").count(" --> "),
    }


class Clocked:
    """A captioner that keeps count of what each of its parts takes."""

    def __init__(self, captioner: Any) -> None:
        self._captioner = captioner
        self.spent: dict[str, dict[str, float]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._captioner, name)

    def encode(self, pictures: Any) -> Any:
        """As the captioner's."""
        return self._count("encode", self._captioner.encode, pictures)

    def decode(self, prepared: Any) -> Any:
        """As the captioner's."""
        return self._count("say", self._captioner.say, prepared)

    def near_duplicate(self, one: Any, other: Any) -> Any:
        """As the captioner's."""
        return self._captioner.near_duplicate(one, other)

    def caption_scene(self, looks: Any, budget: Any) -> Any:
        """As the captioner's."""
        return self._count("tell", self._captioner.tell, looks, budget)

    def cross_likelihood_gap(self, one: Any, other: Any) -> Any:
        """As the captioner's."""
        return self._count("apart", self._captioner.apart, one, other)

    def _count(self, name: str, run: Any, *given: Any) -> Any:
        spent = self.spent.setdefault(name, {"calls": 0, "wall": 0.0, "cpu": 0.0})
        wall, cpu = time.perf_counter(), time.process_time()
        result = run(*given)
        spent["calls"] += 1
        spent["wall"] += time.perf_counter() - wall
        spent["cpu"] += time.process_time() - cpu
        return result


def stages(path: Path) -> dict[str, Any]:
    """Return what each stage of one job takes; decoding runs beside the others."""
    started, cpu = time.perf_counter(), time.process_time()
    captioner = Clocked(vidcap.load_captioner("default"))
    loaded = {"wall": time.perf_counter() - started, "cpu": time.process_time() - cpu}
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    started, cpu = time.perf_counter(), time.process_time()
    with vidcap.subtitle(path, captioner=cast("Any", captioner)) as subtitles:
        scenes = sum(1 for _ in subtitles)
        frames = subtitles.status.frames_decoded
    whole = {"wall": time.perf_counter() - started, "cpu": time.process_time() - cpu}
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    decode = after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime
    found = {
        "load": loaded,
        **captioner.spent,
        "all but decoding": whole,
        "decode": {"cpu": decode},
    }
    rounded = {
        name: {key: round(value, 2) for key, value in spent.items()}
        for name, spent in found.items()
    }
    return {"file": path.name, "frames_decoded": frames, "scenes": scenes, **rounded}


_FIRST_SCENE = """
import sys, vidcap
with vidcap.subtitle(sys.argv[1]) as subtitles:
    next(subtitles)
"""


def made_of(words: list[str], film: Path) -> Path:
    """Let ffmpeg make a film of another, unless it is there, and return it."""
    if not film.exists():
        with replacing(film) as scratch:
            subprocess.run(["ffmpeg", "-v", "error", "-y", *words, str(scratch)], check=True)
    return film


def start(path: Path, folder: Path, *, runs: int) -> dict[str, float]:
    """Return how long one waits for ``--help``, and for the first scene of a film."""
    # Shots of 4 to 5 s, of which the first loses 2.
    part = ["-ss", "2", "-i", str(path), "-t", "120", "-preset", "veryfast", "-crf", "23"]
    film = made_of(part, folder / f"start-{path.stem}.mp4")
    commands = {
        "help": [sys.executable, "-m", "vidcap", "--help"],
        "first_scene": [sys.executable, "-c", _FIRST_SCENE, str(film)],
    }
    return {
        name: medians([timed(command) for _ in range(runs)])["wall"]
        for name, command in commands.items()
    }


def growth(path: Path, folder: Path, *, longest: int) -> list[dict[str, float]]:
    """Return time and memory of films of which each is longer than the one before."""
    found = []
    for seconds in (5, 60, 600, 1800, 7200):
        if seconds > longest:
            break
        again = ["-stream_loop", "-1", "-i", str(path), "-t", str(seconds), "-c", "copy"]
        film = made_of(again, folder / f"length-{seconds}s{path.suffix}")
        spent = timed(job(film))
        each = round(spent["wall"] / seconds * 1000, 2)
        found.append({"seconds": seconds, "ms_a_second": each, **medians([spent])})
    return found


def main() -> int:
    """Make the films that are not there yet, time, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True, help="folder for the films, kept")
    parser.add_argument(
        "--parts", nargs="+", choices=("job", "stages", "start", "growth"), default=["job"]
    )
    parser.add_argument("--codec", nargs="+", choices=CODECS, default=["h264"])
    parser.add_argument("--size", nargs="+", choices=SIZES, default=["720p"])
    parser.add_argument("--key-every", type=int, nargs="+", default=[250], help="frames [250]")
    parser.add_argument("--seconds", type=int, default=600, help="of film [%(default)s]")
    parser.add_argument("--fps", nargs="+", default=["1"], help="frames a second, or keyframes [1]")
    parser.add_argument("--cores", type=int, nargs="+", default=[0], help="0 for all [0]")
    parser.add_argument("--runs", type=int, default=5, help="of each command [%(default)s]")
    parser.add_argument("--longest", type=int, default=600, help="seconds, of growth [%(default)s]")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    films = [
        Film(codec, size, key_every, arguments.seconds)
        for codec in arguments.codec
        for size in arguments.size
        for key_every in arguments.key_every
    ]
    paths = {film: film.made(arguments.work) for film in films}
    first = paths[films[0]]
    result: dict[str, Any] = {
        "machine": platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "mbit_s": {
            path.name: round(path.stat().st_size * 8 / film.seconds / 1e6, 2)
            for film, path in paths.items()
        },
    }
    if "job" in arguments.parts:
        result["job"] = [
            compare(path, fps=fps, runs=arguments.runs, cores=cores)
            for path in paths.values()
            for fps in arguments.fps
            for cores in arguments.cores
        ]
    if "stages" in arguments.parts:
        result["stages"] = [stages(path) for path in paths.values()]
    if "start" in arguments.parts:
        result["start"] = start(first, arguments.work, runs=arguments.runs)
    if "growth" in arguments.parts:
        result["growth"] = growth(first, arguments.work, longest=arguments.longest)
    print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
