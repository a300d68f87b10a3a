"""Reading by leaps finds what reading everything finds, and decodes less."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests import media
from vidcap.video.aligned_difference import SIDE, aligned_change
from vidcap.video.backends import reader_class
from vidcap.video.backends.base import Plan
from vidcap.video.probe import probe
from vidcap.video.shots import label_shots

RATE = 25
HEIGHT, WIDTH = 96, 128


def landscape(seed: int) -> NDArray[np.uint8]:
    """A wide picture of soft shapes, unlike those of other seeds."""
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 24, 3), dtype=np.uint8)
    return cv2.resize(coarse, (16 * 24, 16 * 8), interpolation=cv2.INTER_CUBIC)


def shot(seed: int, count: int) -> list[NDArray[np.uint8]]:
    """A camera that moves by five pixels a second."""
    wide = landscape(seed)
    return [wide[20 : 20 + HEIGHT, k // 5 : k // 5 + WIDTH] for k in range(count)]


def faded(one: Sequence[Any], other: Sequence[Any], length: int) -> list[NDArray[np.uint8]]:
    """The end of one shot turns to the beginning of the other."""
    mixed = [
        (a * (1 - (k + 0.5) / length) + b * ((k + 0.5) / length)).astype(np.uint8)
        for k, (a, b) in enumerate(zip(one[-length:], other[:length], strict=True))
    ]
    return [*one[:-length], *mixed, *other[length:]]


def written(path: Path, pictures: Sequence[NDArray[np.uint8]], **options: str) -> Path:
    codec = options.pop("codec", "libx264")
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    return media.write_video(
        path, pictures=pictures, rate=RATE, codec=codec, pix_fmt=pix_fmt, options=options
    )


def read(path: Path, *, leap: bool) -> tuple[dict[Fraction, Fraction], Any]:
    """The shot's start by the time of every picture that came, and the reader's tally."""
    info = probe(path)
    ticks = info.ticks_at(Fraction(1)) - info.ticks_at(Fraction(0))
    reader = reader_class("pyav")(info, Plan(leap=ticks if leap else None))
    found = {
        info.player_time(item.picture.ticks): info.player_time(item.shot_start)
        for item in label_shots(reader.pictures(), clock=info.player_time)
    }
    reader.close()
    return found, reader.tally


# Pictures, and the seconds at which a new shot begins.
FILMS = {
    "cuts": ([*shot(1, 130), *shot(2, 61), *shot(3, 99)], [5.2, 7.64]),
    "a cut at a key frame": ([*shot(1, 100), *shot(2, 100)], [4.0]),
    "a cut just behind a key frame": ([*shot(1, 101), *shot(2, 100)], [4.04]),
    "a cut just before a key frame": ([*shot(1, 99), *shot(2, 100)], [3.96]),
    "a cross-fade": (faded(shot(4, 140), shot(5, 150), 20), [5.2]),
    "a long cross-fade": (faded(shot(4, 140), shot(5, 150), 25), [5.1]),
    "one shot": (shot(6, 260), []),
}


@pytest.mark.parametrize("name", FILMS)
@pytest.mark.parametrize("bf", ["0", "3"])
def test_shots_begin_where_they_do_and_little_is_decoded(
    name: str, bf: str, tmp_path: Path
) -> None:
    pictures, joints = FILMS[name]
    path = written(tmp_path / "film.mp4", pictures, g="25", bf=bf, sc_threshold="0")
    found, tally = read(path, leap=True)
    starts = sorted(set(found.values()))
    assert starts == pytest.approx([0.0, *joints], abs=0.1 if "fade" in name else 1e-9)
    assert set(starts) <= set(found)  # each begins with a picture that was decoded
    assert tally.decoded < len(pictures) / 2
    everything, whole = read(path, leap=False)
    assert set(found) <= set(everything)
    assert (tally.packets, tally.last, tally.failures) == (whole.packets, whole.last, 0)


def test_a_calm_shot_gives_its_key_frames_alone(tmp_path: Path) -> None:
    path = written(tmp_path / "film.mp4", FILMS["one shot"][0], g="25", sc_threshold="0")
    leapt, _ = read(path, leap=True)
    calm = [time for time in leapt if time < 10]
    assert calm == list(range(10))


def test_too_few_key_frames_have_all_read(tmp_path: Path) -> None:
    path = written(tmp_path / "film.mp4", FILMS["cuts"][0], g="60", sc_threshold="0")
    assert read(path, leap=True)[0] == read(path, leap=False)[0]


def test_an_open_group_has_all_read_from_there(tmp_path: Path) -> None:
    """Its first pictures lean on the group before, and are shown before its key frame."""
    options = {"g": "25", "bf": "3", "sc_threshold": "0", "x264-params": "open-gop=1"}
    path = written(tmp_path / "film.mp4", FILMS["cuts"][0], **options)
    found, _ = read(path, leap=True)
    assert set(found.values()) == {0, Fraction("5.2"), Fraction("7.64")}
    assert all(Fraction(number, RATE) in found for number in range(3 * RATE, 290))


def test_pictures_that_are_all_key_frames_are_leapt_over_too(tmp_path: Path) -> None:
    path = written(tmp_path / "film.avi", FILMS["cuts"][0], codec="mjpeg")
    everything, _ = read(path, leap=False)
    leapt, tally = read(path, leap=True)
    assert set(leapt.values()) == set(everything.values())
    assert tally.decoded < len(everything) / 2


def test_damage_is_read_around(tmp_path: Path) -> None:
    whole = written(tmp_path / "film.mp4", FILMS["cuts"][0], g="25", sc_threshold="0")
    path = media.damage(whole, tmp_path / "damaged.mp4", packets=[50, 51, 52, 140])
    leapt, tally = read(path, leap=True)
    assert max(leapt) > 11
    assert tally.packets == len(FILMS["cuts"][0])


def test_pictures_are_laid_over_each_other_before_they_are_compared() -> None:
    wide = landscape(9)[..., 0].astype(np.float32)
    one, moved = wide[10 : 10 + SIDE, 20 : 20 + SIDE], wide[16 : 16 + SIDE, 30 : 30 + SIDE]
    kept = one.copy()
    assert aligned_change(one, moved) < 0.05
    assert aligned_change(one, one) == 0
    other = landscape(8)[:SIDE, :SIDE, 0].astype(np.float32)
    assert aligned_change(one, other) > 0.6
    np.testing.assert_array_equal(one, kept)
