"""Cuts are found; motion, noise and flashes are none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcap.video.shots import EVERY_FRAME, KEY_FRAMES_ONLY, CutSettings, Thumbnail, label_shots


@dataclass
class Picture:
    ticks: int
    luma: Thumbnail
    leapt: bool = False

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


def cuts(
    thumbnails: list[Thumbnail], settings: CutSettings = EVERY_FRAME, *, rate: int | None = None
) -> list[int]:
    """The first pictures of shots; with a ``rate``, of those behind a gradual transition too."""
    pictures = [Picture(number, luma) for number, luma in enumerate(thumbnails)]
    clock = None if rate is None else lambda ticks: Fraction(ticks, rate)
    labelled = list(label_shots(pictures, settings, clock=clock))
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


def fade(one: Thumbnail, other: Thumbnail, count: int) -> list[Thumbnail]:
    shares = [(number + 0.5) / count for number in range(count)]
    return [(one * (1 - share) + other * share).astype(np.int16) for share in shares]


@pytest.mark.parametrize("rate", [25, 30, 50, 60])
@pytest.mark.parametrize("seconds", [0.2, 0.5, 1.0])
def test_a_cross_fade_parts_two_shots_at_its_middle(rate: int, seconds: float) -> None:
    count = round(rate * seconds)
    one, other = still(1, 3 * rate), still(2, 3 * rate)
    (middle,) = cuts([*one, *fade(one[-1], other[0], count), *other], rate=rate)
    assert abs(middle - (3 * rate + count / 2)) <= max(2, 0.08 * rate)


@pytest.mark.parametrize("shade", [0, 255])
def test_a_fade_through_one_colour_parts_two_shots(shade: int) -> None:
    one, other = still(1, 60), still(2, 60)
    plain = np.full((32, 32), shade, np.int16)
    film = [*one, *fade(one[-1], plain, 12), *fade(plain, other[0], 12), *other]
    (middle,) = cuts(film, rate=25)
    assert abs(middle - 72) <= 3


def test_a_fade_to_black_and_back_is_none() -> None:
    one, plain = still(1, 60), np.zeros((32, 32), np.int16)
    film = [*one, *fade(one[-1], plain, 12), *fade(plain, one[0], 12), *one]
    assert cuts(film, rate=25) == []


@pytest.mark.parametrize("length", [1, 3])
def test_neither_motion_nor_noise_nor_a_flash_is_a_transition(length: int) -> None:
    assert cuts(pan(0, seed=7, count=300), rate=25) == []
    flash = [np.full((32, 32), 255, np.int16)] * length
    assert cuts(still(1, 80) + flash + still(1, 80), rate=25) == []
    base = scene(4)[:32, :32]
    darker = [(base * (1 - step / 100)).astype(np.int16) for step in range(100)]
    assert cuts(darker, rate=25) == []


def test_cuts_are_found_where_they_are_beside_transitions() -> None:
    one, two, three = still(1, 60), still(2, 60), still(3, 60)
    film = [*one, *two, *fade(two[-1], three[0], 20), *three]
    first, second = cuts(film, rate=25)
    assert first == 60
    assert abs(second - 130) <= 2


@given(st.lists(st.integers(1, 90), min_size=1, max_size=30), st.integers(1, 60))
def test_pictures_at_any_times_come_out_in_order_and_whole(steps: list[int], rate: int) -> None:
    random = np.random.default_rng(len(steps))
    ticks = np.cumsum(steps).tolist()
    pictures = [Picture(tick, random.integers(0, 256, (8, 8)).astype(np.int16)) for tick in ticks]
    labelled = list(label_shots(pictures, clock=lambda tick: Fraction(tick, rate)))
    assert [item.picture for item in labelled] == pictures
    assert [item.shot for item in labelled] == sorted(item.shot for item in labelled)
    assert all(item.shot_start <= item.picture.ticks for item in labelled)


def test_few_pictures_are_held_at_a_time() -> None:
    taken = 0

    def film() -> Iterator[Picture]:
        nonlocal taken
        for picture in (Picture(n, luma) for n, luma in enumerate(still(1, 400))):
            taken += 1
            yield picture

    for given_out, _ in enumerate(label_shots(film(), clock=lambda ticks: Fraction(ticks, 25))):
        assert taken - given_out <= 64
