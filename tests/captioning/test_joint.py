"""Several pictures that speak with one voice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.captioning.test_beam import bigram_step, random_tables
from vidcap.captioning.beam import BeamSettings, beam_search
from vidcap.captioning.joint import joint_step


def together(tables, sizes, settings, *, group=None):
    """Search scenes made of the pictures that ``tables`` speak for, and idle ones."""
    group = group or len(tables)
    idle = random_tables(99, group - len(tables)) if group > len(tables) else tables[:0]
    step = bigram_step(np.concatenate([tables, idle]))
    step = joint_step(step, sizes, group=group, beams=settings.size)
    return beam_search(step, pictures=len(sizes), settings=settings)


@given(seed=st.integers(0, 10_000), size=st.integers(1, 4), group=st.integers(4, 7))
def test_scenes_of_one_picture_are_pictures(seed, size, group):
    tables, settings = random_tables(seed, 4), BeamSettings(size=size, max_words=6)
    alone = beam_search(bigram_step(tables), pictures=4, settings=settings)
    found = together(tables, [1, 1, 1, 1], settings, group=group)
    for one, other in zip(found, alone, strict=True):
        assert [h.words for h in one] == [h.words for h in other]
        for a, b in zip(one, other, strict=True):
            assert a.rank == pytest.approx(b.rank)
            np.testing.assert_array_equal(a.attention, b.attention)


@given(seed=st.integers(0, 10_000), size=st.integers(1, 4))
def test_a_scene_is_searched_by_the_mean_of_its_pictures(seed, size):
    tables, settings = random_tables(seed, 5), BeamSettings(size=size, max_words=6)
    means = np.stack([tables[:2].mean(0), tables[2:].mean(0)])
    means -= np.log(np.exp(means).sum(-1, keepdims=True))
    expected = beam_search(bigram_step(means), pictures=2, settings=settings)
    found = together(tables, [2, 3], settings, group=8)
    for one, other in zip(found, expected, strict=True):
        # Sentences of the same pairs of words are equals here: only their ranks are sure.
        assert [h.rank for h in one] == pytest.approx([h.rank for h in other])


@given(seed=st.integers(0, 10_000), copies=st.integers(1, 4))
def test_the_same_picture_many_times_says_what_it_says_once(seed, copies):
    table, settings = random_tables(seed), BeamSettings(size=3, max_words=6)
    (once,) = beam_search(bigram_step(table), pictures=1, settings=settings)
    (often,) = together(np.repeat(table, copies, axis=0), [copies], settings)
    assert [h.rank for h in often] == pytest.approx([h.rank for h in once])
