import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcap.captioning.attention import EVERYWHERE, attention_maps, place
from vidcap.errors import ModelError


def test_regions_become_rows_from_the_top_and_sum_to_one():
    maps = attention_maps(np.arange(18, dtype=np.float32).reshape(2, 9))
    assert maps.shape == (2, 3, 3)
    assert maps.dtype == np.float32
    np.testing.assert_allclose(maps[0], np.arange(9).reshape(3, 3) / 36, rtol=1e-6)
    np.testing.assert_allclose(maps.sum((1, 2)), 1, rtol=1e-6)


def test_no_word_is_no_map():
    assert attention_maps(np.zeros((0, 4), np.float32)).shape == (0, 2, 2)


def test_regions_that_make_no_square_are_refused():
    with pytest.raises(ModelError, match="8 regions do not make a square"):
        attention_maps(np.ones((1, 8), np.float32))


@pytest.mark.parametrize("side", [3, 7, 8, 9, 10])
@pytest.mark.parametrize(
    ("row", "column", "name"),
    [
        (0, 0, "upper left"),
        (0, -1, "upper right"),
        (-1, 0, "lower left"),
        (-1, -1, "lower right"),
        (None, None, "centre"),
        (0, None, "upper middle"),
        (None, -1, "middle right"),
    ],
)
def test_a_single_bright_region_lies_where_it_is(side, row, column, name):
    attention = np.zeros((side, side), np.float32)
    attention[side // 2 if row is None else row, side // 2 if column is None else column] = 1
    assert place(attention) == (name, 1.0)


@given(st.integers(1, 12))
def test_what_is_even_is_everywhere(side):
    assert place(np.full((side, side), 1 / side**2, np.float32)) == (EVERYWHERE, 1.0)
