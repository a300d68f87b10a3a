"""The figures of the scene benchmark, held against others that are simpler and slower."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]


def load(name: str):
    spec = importlib.util.spec_from_file_location(name, ROOT / "pipelines" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


scores = load("scene_scores")

moments = st.lists(st.integers(0, 40).map(lambda tenth: tenth / 4), max_size=5).map(sorted)


@given(moments, moments, st.sampled_from([0.2, 0.5, 1.0]))
def test_as_many_moments_are_paired_as_can_be(found, true, tolerance):
    pairs = scores.match_moments(found, true, tolerance)
    assert len({a for a, _ in pairs}) == len({b for _, b in pairs}) == len(pairs)
    assert all(abs(found[a] - true[b]) <= tolerance for a, b in pairs)
    smaller, larger = sorted([found, true], key=len)
    most = max(
        sum(abs(a - b) <= tolerance for a, b in zip(smaller, chosen, strict=True))
        for chosen in itertools.permutations(larger, len(smaller))
    )
    assert len(pairs) == most


def test_moments_away_from_all_joints_are_wrong_and_those_at_others_are_not_counted() -> None:
    true, cuts = [1.0, 2.0, 3.0], [True, False, True]
    found = scores.boundaries([1.0, 2.1, 3.3, 7.0], true, 0.2, counted=cuts)
    # Found: the cut at 1; a fade, which is not asked for; a cut too late; and nothing at 7.
    assert (found.hits, found.true, found.found) == (1, 2, 3)
    assert found.f1 == pytest.approx(0.4)
    everything = scores.boundaries([1.0, 2.1, 3.3, 7.0], true, 0.5, counted=[True] * 3)
    assert (everything.hits, everything.true, everything.found) == (3, 3, 4)


def test_overlaps_are_shares_of_what_both_cover() -> None:
    found = scores.overlaps([(0.0, 2.0), (2.0, 4.0)], [(0.0, 4.0), (4.0, 5.0)])
    np.testing.assert_allclose(found, [[0.5, 0.0], [0.5, 0.0]])
    assert scores.overlaps([], [(0.0, 1.0)]).shape == (0, 1)


@given(st.integers(0, 4), st.integers(0, 4), st.integers(0, 1000))
def test_soda_takes_the_best_pairing_that_keeps_the_order(told, true, seed):
    gains = np.random.default_rng(seed).uniform(size=(told, true))
    best = max(
        (
            sum(gains[a, b] for a, b in zip(rows, columns, strict=True))
            for count in range(min(told, true) + 1)
            for rows in itertools.combinations(range(told), count)
            for columns in itertools.combinations(range(true), count)
        ),
        default=0.0,
    )
    expected = 2 * best / (told + true) if told and true else float(told == true)
    assert scores.soda_c(gains) == pytest.approx(expected)


def test_a_story_told_rightly_has_one() -> None:
    assert scores.soda_c(np.eye(3)) == pytest.approx(1.0)


def test_changes_count_where_nothing_new_is_seen():
    starts = [0.0, 5.0, 9.0]
    steady = [(0.0, "a"), (1.0, "a"), (5.0, "b"), (9.0, "c")]
    assert scores.changes_within(steady, starts, slack=0.0) == 0
    flickering = [(0.0, "a"), (1.0, "b"), (2.0, "a"), (5.5, "c"), (6.0, "d")]
    assert scores.changes_within(flickering, starts, slack=0.0) == 3
    # A change a little before or after a start belongs to it.
    assert scores.changes_within([(0.0, "a"), (4.7, "b")], starts, slack=0.5) == 0
    assert scores.changes_within([(0.0, "a"), (4.7, "b")], starts, slack=0.0) == 1
    assert scores.changes_within([(0.0, "a"), (3.0, "b")], starts, slack=0.5) == 1
