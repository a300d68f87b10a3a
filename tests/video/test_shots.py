"""Cuts are found; motion, noise and flashes are none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcap.video.shots import EVERY_FRAME, KEY_FRAMES_ONLY, CutSettings, Thumbnail, label_shots


@dataclass
class Picture:
    ticks: int
    luma: Thumbnail

    def thumbnail(self) -> Thumbnail:
        return self.luma


def scene(seed: int) -> Thumbnail:
    """A picture of soft shapes, unlike those of other seeds."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6))
    return np.kron(coarse, np.ones((8, 8), int)).astype(np.int16)


def pan(number: int, *, seed: int, count: int) -> list[Thumbnail]:
    """A camera that moves by a pixel a picture over one scene."""
    del number
    wide = np.concatenate([scene(seed + 100 * part) for part in range(count // 48 + 2)], axis=1)
    return [wide[:32, step : step + 32] for step in range(count)]


def still(seed: int, count: int) -> list[Thumbnail]:
    """A scene that holds still but for noise."""
    random = np.random.default_rng(seed)
    base = scene(seed)[:32, :32]
    return [
        (base + random.integers(-4, 5, base.shape)).clip(0, 255).astype(np.int16)
        for _ in range(count)
    ]


def cuts(thumbnails: list[Thumbnail], settings: CutSettings = EVERY_FRAME) -> list[int]:
    pictures = [Picture(number, luma) for number, luma in enumerate(thumbnails)]
    labelled = list(label_shots(pictures, settings))
    assert [item.picture for item in labelled] == pictures
    starts = sorted({item.shot_start for item in labelled})
    assert [starts[item.shot] for item in labelled] == [item.shot_start for item in labelled]
    return starts[1:]


def test_a_cut_between_still_scenes_is_found_at_its_frame() -> None:
    assert cuts(still(1, 20) + still(2, 30) + still(3, 7)) == [20, 50]


def test_a_cut_into_and_out_of_motion_is_found() -> None:
    assert cuts(pan(0, seed=5, count=40) + pan(0, seed=9, count=40)) == [40]
    assert cuts(still(5, 30) + pan(0, seed=9, count=40)) == [30]


def test_noise_and_motion_are_no_cuts() -> None:
    assert cuts(still(1, 200)) == []
    assert cuts(pan(0, seed=7, count=300)) == []


@pytest.mark.parametrize("length", [1, 2, 4])
def test_a_flash_is_no_cut(length: int) -> None:
    flash = [np.full((32, 32), 255, np.int16)] * length
    assert cuts(still(1, 20) + flash + still(1, 20)) == []


def test_a_slow_change_of_light_is_no_cut() -> None:
    base = scene(4)[:32, :32]
    assert cuts([(base * (1 - step / 100)).astype(np.int16) for step in range(100)]) == []


def test_a_cut_in_a_dark_film_is_found() -> None:
    dark = [(picture // 5).astype(np.int16) for picture in still(1, 20) + still(2, 20)]
    assert cuts(dark) == [20]


def test_key_frames_are_judged_alone() -> None:
    pictures = [scene(seed)[:32, :32] for seed in (1, 1, 2, 3, 3, 1)]
    assert cuts(pictures, KEY_FRAMES_ONLY) == [2, 3, 5]


@given(st.integers(0, 12), st.integers(0, 3))
def test_short_videos_lose_no_picture(count: int, window: int) -> None:
    assert cuts(still(1, count), CutSettings(window=window)) == []
