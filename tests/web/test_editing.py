from __future__ import annotations

from fractions import Fraction

import pytest

from vidcap.captioning.caption import Caption
from vidcap.errors import UsageError
from vidcap.scenes import FrameCaption, Scene
from vidcap.subtitles import Document
from vidcap.web.editing import edited


def scene(start: str, end: str, text: str) -> Scene:
    frame = FrameCaption(0, Fraction(start), 0, Fraction(start), Caption(text, -0.5))
    return Scene(Fraction(start), Fraction(end), text, -0.5, (frame,), 0.5)


DOCUMENT = Document(
    (),
    (scene("0", "4", "a dog"), scene("4", "8", "a cat"), scene("8", "12", "a bird")),
    video={"frame_rate": "25"},
    settings={"preset": "netflix"},
)


def spans(document: Document) -> list[tuple[float, float, str]]:
    return [(float(one.start), float(one.end), one.text) for one in document.scenes]


def test_new_words_are_in_the_cues() -> None:
    made = edited(DOCUMENT, 1, start=4, end=8, text="  two\n cats ")
    assert [cue.lines for cue in made.cues] == [("A dog.",), ("Two cats.",), ("A bird.",)]
    assert made.scenes[1].confidence is None
    assert made.made_by["edited"] is True
    assert not any(cue.breaks for cue in made.cues)


def test_a_scene_that_grows_takes_from_its_neighbours() -> None:
    made = edited(DOCUMENT, 1, start=3, end=9.5, text="a cat")
    assert spans(made) == [(0, 3, "a dog"), (3, 9.5, "a cat"), (9.5, 12, "a bird")]


def test_a_scene_that_shrinks_leaves_silence() -> None:
    made = edited(DOCUMENT, 1, start=5, end=7, text="a cat")
    assert spans(made)[1:4] == [(4, 5, ""), (5, 7, "a cat"), (7, 8, "")]
    assert len(made.cues) == 3


def test_broken_rules_are_told() -> None:
    made = edited(DOCUMENT, 1, start=7.9, end=8, text="a very long sentence about a small cat")
    assert {one.rule for cue in made.cues for one in cue.breaks} >= {"reading_speed", "shortest"}


@pytest.mark.parametrize(
    ("index", "start", "end"),
    [(1, 8, 4), (1, 0, 8), (1, 4, 12), (1, 4, 13), (3, 0, 1), (-1, 0, 1), (1, float("nan"), 8)],
)
def test_times_that_cannot_be_are_refused(index: int, start: float, end: float) -> None:
    with pytest.raises(UsageError):
        edited(DOCUMENT, index, start=start, end=end, text="a cat")


def test_a_book_is_no_sentence() -> None:
    with pytest.raises(UsageError, match="501 characters"):
        edited(DOCUMENT, 1, start=4, end=8, text="x" * 501)
