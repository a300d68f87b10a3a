"""The frame at which one thing gives way to another."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import media
from vidcap.video.change_point import find_change, step_place


@given(
    before=st.integers(1, 20),
    after=st.integers(1, 20),
    seed=st.integers(0, 1000),
    noise=st.floats(0, 0.2),
)
def test_a_step_is_found_among_noise(before, after, seed, noise):
    rng = np.random.default_rng(seed)
    old, new = np.zeros(64), np.ones(64)
    pictures = np.array([old] * before + [new] * after) + rng.normal(0, noise, (before + after, 64))
    assert step_place(pictures.astype(np.float32)) == before


def test_a_fade_is_found_at_its_middle():
    along = np.r_[np.zeros(5), np.linspace(0.1, 0.9, 9), np.ones(8)]
    place = step_place(np.outer(along, np.arange(16)).astype(np.float32))
    assert place == 9  # the first picture that is at least half way


def test_nothing_changes_in_equal_pictures():
    assert step_place(np.ones((4, 9), np.float32)) == 0


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Three seconds of dark and three of light, ten frames a second."""
    pictures = [np.full((64, 96, 3), level, np.uint8) for level in (20, 200) for _ in range(30)]
    return media.write_video(
        tmp_path_factory.mktemp("films") / "film.mp4", pictures=pictures, rate=10
    )


def test_the_change_is_found_to_the_frame(film):
    assert find_change(str(film), Fraction(1), Fraction(5)) == 3
    assert find_change(str(film), Fraction(29, 10), Fraction(3)) == 3


def test_where_nothing_changes_there_is_nothing_to_find(film):
    assert find_change(str(film), Fraction(1), Fraction(1)) is None
    assert find_change(str(film), Fraction(0), Fraction(61)) is None


def test_a_file_that_is_gone_is_no_error(tmp_path):
    assert find_change(str(tmp_path / "gone.mp4"), Fraction(1), Fraction(2)) is None
