"""Make films of captioned pictures, with known content and known times.

A film is a row of shots, each one picture under a slow camera, with noise and changing light.
Shots follow each other by a cut, a cross-fade, or a fade through black; some hold a flash, some
show again what the one before showed, some stand still for long.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.training.data import CaptionedPicture
from vidcap.captioning.captioner import CheckpointCaptioner
from vidcap.captioning.protocols import EncodedCaption
from vidcap.jobs.frame_captions import caption_frames
from vidcap.video.frame import Frame
from vidcap.video.image import read_picture, resize_stretch

Picture = NDArray[np.uint8]

SIZE = (320, 240)
RATE = 25


@dataclass(frozen=True, slots=True)
class FilmSettings:
    """What a film is made of.

    Attributes:
        shots: how many shots.
        shortest: seconds of the shortest shot, fades at its ends included by half.
        longest: seconds of the longest.
        fades: share of the joints that are fades.
        black: share of the fades that go through black.
        fade_shortest: seconds of the shortest fade.
        fade_longest: seconds of the longest.
        repeats: share of the shots that show the picture of the one before.
        flashes: share of the shots with a flash in them.
        still: share of the shots under a camera that does not move.
        speed: how far the others move at most in a second, as a share of the picture's sides.
        noise: standard deviation of the noise, of 255.
        light: largest change of the light, as a share.
    """

    shots: int = 50
    shortest: float = 1.0
    longest: float = 8.0
    fades: float = 0.4
    black: float = 0.25
    fade_shortest: float = 0.2
    fade_longest: float = 1.0
    repeats: float = 0.05
    flashes: float = 0.1
    still: float = 0.2
    speed: float = 0.05
    noise: float = 4.0
    light: float = 0.08


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture under one camera.

    Attributes:
        picture: its index.
        frames: how many frames it lasts, from the middle of one joint to the middle of the next.
        fade: frames of the fade into it; 0 for a cut.
        black: the fade goes through black.
        flash: frames of the flash, and where it begins; no frames for none.
        zoom: how much of the picture's sides is seen at the beginning and the end.
        path: where the part that is seen lies, from 0 to 1: x and y at the beginning, then the end.
        light: amplitude and periods of the changes of the light.
    """

    picture: int
    frames: int
    fade: int
    black: bool
    flash: tuple[int, int]
    zoom: tuple[float, float]
    path: tuple[float, float, float, float]
    light: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Joint:
    """Where one picture gives way to another: ``kind`` is cut, cross-fade or black."""

    time: Fraction
    kind: str


@dataclass(frozen=True, slots=True)
class TrueScene:
    """A stretch of a film that shows one picture, in seconds."""

    start: Fraction
    end: Fraction
    picture: int


def plan_film(pictures: Sequence[int], settings: FilmSettings, seed: int) -> list[Shot]:
    """Draw the shots of a film.

    Args:
        pictures: indices of pictures to show, in their order; as many as there are shots.
        settings: what the film is made of.
        seed: of everything that is drawn.
    """
    rng = np.random.default_rng(seed)
    shots: list[Shot] = []
    waiting = iter(pictures)
    for number in range(settings.shots):
        again = number > 0 and rng.random() < settings.repeats
        picture = shots[-1].picture if again else next(waiting)
        frames = round(RATE * rng.uniform(settings.shortest, settings.longest))
        fade = 0
        if number > 0 and not again and rng.random() < settings.fades:
            fade = round(RATE * rng.uniform(settings.fade_shortest, settings.fade_longest))
            fade = min(fade, frames, shots[-1].frames)
        flash = (0, 0)
        if rng.random() < settings.flashes and frames > 3 * RATE:
            flash = (int(rng.integers(1, 4)), int(rng.integers(frames // 3, 2 * frames // 3)))
        zoom = rng.uniform(0.8, 1.0, 2)
        path = rng.uniform(0.0, 1.0, 4)
        # Where the camera would get to at its full speed; a still one gets nowhere.
        reach = settings.speed * frames / RATE if rng.random() >= settings.still else 0.0
        zoom[1] = zoom[0] + np.clip(zoom[1] - zoom[0], -reach, reach)
        room = reach / max(1e-6, 1.0 - zoom.max())
        path[2:] = path[:2] + np.clip(path[2:] - path[:2], -room, room)
        shots.append(
            Shot(
                picture,
                frames,
                fade,
                bool(rng.random() < settings.black),
                flash,
                (float(zoom[0]), float(zoom[1])),
                tuple(map(float, path)),  # type: ignore[arg-type]
                (float(rng.uniform(0, settings.light)), float(rng.uniform(0.5, 2.0))),
            )
        )
    return shots


def truth(shots: Sequence[Shot]) -> tuple[list[TrueScene], list[Joint]]:
    """Return what a film shows: its scenes, and the joints between them.

    Shots in a row that show one picture are one scene; the middle of a fade is where it changes.
    """
    scenes: list[TrueScene] = []
    joints: list[Joint] = []
    time = 0
    for shot in shots:
        start, end = Fraction(time, RATE), Fraction(time + shot.frames, RATE)
        if scenes and scenes[-1].picture == shot.picture:
            scenes[-1] = TrueScene(scenes[-1].start, end, shot.picture)
        else:
            if scenes:
                kind = "cut" if not shot.fade else "black" if shot.black else "cross-fade"
                joints.append(Joint(start, kind))
            scenes.append(TrueScene(start, end, shot.picture))
        time += shot.frames
    return scenes, joints


class _Camera:
    """Films one shot, frame by frame, before its beginning and after its end too, for fades."""

    def __init__(self, shot: Shot, picture: Picture) -> None:
        self._shot = shot
        self._picture = picture

    def frame(self, number: int) -> NDArray[np.float32]:
        shot = self._shot
        along = number / max(1, shot.frames - 1)
        zoom = float(np.clip(shot.zoom[0] + (shot.zoom[1] - shot.zoom[0]) * along, 0.7, 1.0))
        x, y = (
            float(np.clip(shot.path[i] + (shot.path[i + 2] - shot.path[i]) * along, 0.0, 1.0))
            for i in range(2)
        )
        height, width = self._picture.shape[:2]
        seen = (width * zoom, height * zoom)
        left, top = (width - seen[0]) * x, (height - seen[1]) * y
        matrix = np.array(
            [
                [SIZE[0] / seen[0], 0, -left * SIZE[0] / seen[0]],
                [0, SIZE[1] / seen[1], -top * SIZE[1] / seen[1]],
            ]
        )
        frame = cv2.warpAffine(self._picture, matrix, SIZE, flags=cv2.INTER_LINEAR)
        strength, period = shot.light
        light = 1 + strength * math.sin(2 * math.pi * number / (RATE * period))
        filmed: NDArray[np.float32] = frame.astype(np.float32) * np.float32(light)
        flash, begin = shot.flash
        if begin <= number < begin + flash:
            filmed = filmed * np.float32(0.15) + np.float32(0.85 * 255)
        return filmed


def frames(
    shots: Sequence[Shot], pictures: Sequence[Picture], settings: FilmSettings, seed: int
) -> Iterator[Picture]:
    """Yield the frames of a film, ``(240, 320, 3)`` uint8 RGB.

    Args:
        shots: what :func:`plan_film` drew.
        pictures: what their indices count.
        settings: as there.
        seed: of the noise.
    """
    rng = np.random.default_rng((seed, 1))
    grain = rng.normal(0, settings.noise, (2 * SIZE[1], 2 * SIZE[0], 3)).astype(np.float32)
    cameras = [_Camera(shot, pictures[shot.picture]) for shot in shots]
    for place, shot in enumerate(shots):
        later = shots[place + 1] if place + 1 < len(shots) else None
        for number in range(shot.frames):
            frame = cameras[place].frame(number)
            # A fade of n frames has its middle at the joint: half before it, half behind.
            if shot.fade and number < shot.fade - shot.fade // 2:
                done = (number + shot.fade // 2 + 0.5) / shot.fade
                before = cameras[place - 1].frame(shots[place - 1].frames + number)
                frame = _mixed(before, frame, done, shot.black)
            elif later is not None and later.fade and number >= shot.frames - later.fade // 2:
                done = (number - shot.frames + later.fade // 2 + 0.5) / later.fade
                after = cameras[place + 1].frame(number - shot.frames)
                frame = _mixed(frame, after, done, later.black)
            top, left = (int(rng.integers(0, side)) for side in SIZE[::-1])
            frame = frame + grain[top : top + SIZE[1], left : left + SIZE[0]]
            yield np.clip(np.rint(frame), 0, 255).astype(np.uint8)


def _mixed(
    one: NDArray[np.float32], other: NDArray[np.float32], done: float, black: bool
) -> NDArray[np.float32]:
    if black:
        return one * np.float32(1 - 2 * done) if done < 0.5 else other * np.float32(2 * done - 1)
    return one * np.float32(1 - done) + other * np.float32(done)


@dataclass(frozen=True, slots=True)
class FilmedPicture:
    """One picture under a slow camera, alone.

    Attributes:
        seconds: how long it is filmed.
        sampled: a frame of each second, squashed.
        middle: the frame in the middle, likewise.
    """

    seconds: Fraction
    sampled: list[Picture]
    middle: Picture

    def looks(self, captioner: CheckpointCaptioner) -> list[EncodedCaption]:
        """Look at the sampled frames as every job does."""
        shot = [
            Frame(picture, second, Fraction(second), 0, Fraction(0))
            for second, picture in enumerate(self.sampled)
        ]
        watched = caption_frames(shot, captioner, batch_size=len(shot))
        return [one.encoded for one in watched if one.encoded is not None]


def film_alone(
    pictures: Sequence[CaptionedPicture], size: tuple[int, int], *, seed: int = 0
) -> Iterator[FilmedPicture]:
    """Film each picture for itself, without joints or flashes, and yield its frames.

    Args:
        pictures: what to film.
        size: width and height that frames are squashed to.
        seed: of everything that is drawn.
    """
    settings = FilmSettings(shots=len(pictures), fades=0, repeats=0, flashes=0)
    shots = plan_film(range(len(pictures)), settings, seed)
    for shot, picture in zip(shots, pictures, strict=True):
        film = list(
            frames(
                [replace(shot, picture=0)],
                [read_picture(picture.path)],
                settings,
                seed=1000 * seed + shot.picture,
            )
        )
        yield FilmedPicture(
            Fraction(shot.frames, RATE),
            [resize_stretch(frame, size) for frame in film[RATE // 2 :: RATE]],
            resize_stretch(film[len(film) // 2], size),
        )


def write_film(path: Path, pictures: Iterator[Picture]) -> None:
    """Encode frames as H.264 at 25 a second."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            "libx264", rate=RATE, options={"preset": "veryfast", "crf": "20", "threads": "1"}
        )
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
