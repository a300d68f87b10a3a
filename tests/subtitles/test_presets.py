from __future__ import annotations

from fractions import Fraction as F
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcap.errors import DataError, UsageError
from vidcap.subtitles import Preset, load_preset, preset_names

NETFLIX = """\
name: mine
line_length: 42
lines: 2
reading_speed: 20
shortest: 5/6
longest: 7
gap_frames: 2
open_gap: 0.5
"""


def test_the_netflix_figures() -> None:
    assert load_preset("netflix") == Preset(
        name="netflix",
        line_length=42,
        lines=2,
        reading_speed=F(20),
        shortest=F(5, 6),
        longest=F(7),
        gap_frames=2,
        open_gap=F(1, 2),
    )


def test_every_shipped_preset_loads_under_its_own_name() -> None:
    assert preset_names() == ("bbc", "netflix", "netflix-children", "vertical")
    assert [load_preset(name).name for name in preset_names()] == list(preset_names())


def test_milliseconds_are_rounded_to_the_legal_side() -> None:
    preset = load_preset("netflix")
    assert (preset.shortest_ms, preset.longest_ms, preset.open_gap_ms) == (834, 7000, 500)
    assert preset.reading_ms(("a" * 20, "b" * 20)) == 2050
    assert load_preset("bbc").reading_ms(("a dog runs", "fast")) == 1334


@pytest.mark.parametrize(
    ("rate", "gap"),
    [
        (F(25), 80),
        (F(24000, 1001), 84),
        (F(240), 9),
        (None, 80),
        (F(0), 80),
        (F(1, 10), 500),  # a slide show: two frames would be twenty seconds
    ],
)
def test_the_gap_counts_frames_of_the_video(rate: F | None, gap: int) -> None:
    assert load_preset("netflix").gap_ms(rate) == gap


def test_a_preset_of_your_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(NETFLIX.replace("42", "25"), encoding="utf-8")
    assert load_preset(path).line_length == 25
    assert load_preset(str(path)).name == "mine"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("lines: 2", "lines: two", "lines is 'two'; it must be a whole number"),
        ("lines: 2", "lines: true", "lines is True"),
        ("lines: 2", "lines: 0", "lines is 0; it must be 1 or more"),
        ("longest: 7", "longest: .nan", "longest is nan"),
        ("longest: 7", "longest: 1/0", "longest is '1/0'"),
        ("longest: 7", "longest: 0.5", "longest is 1/2 s, but shortest is 5/6 s"),
        ("reading_speed: 20", "reading_speed: -1", "reading_speed is -1"),
        ("reading_speed: 20\n", "", "neither reading_speed nor word_time is there"),
        ("reading_speed: 20", "word_time: 0", "word_time is 0; it must be more than 0"),
        ("open_gap: 0.5", "open_gap: [1]", r"open_gap is \[1\]"),
        ("name: mine", "name: 7", "name is 7; it must be a word"),
        ("lines: 2\n", "", "key 'lines' is missing"),
        ("lines: 2", "lines: 2\ncolour: red", "unknown key 'colour'; the keys are name, line_l"),
        ("name: mine", "- name", "is not YAML"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(NETFLIX.replace(old, new), encoding="utf-8")
    with pytest.raises(DataError, match=message) as caught:
        load_preset(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_no_presets(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    with pytest.raises(UsageError, match="cannot be read"):
        load_preset(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="UTF-8"):
        load_preset(path)
    path.write_text("just words", encoding="utf-8")
    with pytest.raises(DataError, match="no mapping"):
        load_preset(path)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"no preset 'netflicks'; name one of .*netflix"):
        load_preset("netflicks")


@given(
    seconds=st.fractions(0, 20, max_denominator=1000),
    name=st.sampled_from(preset_names()),
    rate=st.sampled_from([None, F(24), F(30000, 1001)]),
)
def test_a_sentence_within_the_budget_can_be_read_in_the_scene(
    seconds: F, name: str, rate: F | None
) -> None:
    preset = load_preset(name)
    budget = preset.budget(seconds, rate)
    time = min(preset.longest_ms, seconds * 1000 - preset.gap_ms(rate))
    for size in range(1, 12):
        words = ["ab"] * size
        text = " ".join(words)
        if budget.holds(text) and size > 1:
            assert preset.reading_ms([text + "."]) <= time + 1
    assert not budget.holds(" ".join("a" * 400))
