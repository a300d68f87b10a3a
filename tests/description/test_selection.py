"""What is worth telling, and in how much detail."""

from __future__ import annotations

from fractions import Fraction as F

import pytest

from vidcap.captioning.caption import Caption
from vidcap.description.risk import measured_risk
from vidcap.description.script import Candidate, Detail
from vidcap.description.selection import candidates_from_scenes, select_greedily, without_repeats
from vidcap.scenes.scene import FrameCaption, Scene


def scene(start: int, text: str, sure: float | None) -> Scene:
    frame = FrameCaption(start, F(start), 0, F(start), Caption(text, -1.0, sure))
    return Scene(F(start), F(start + 5), text, -1.0, (frame,), sure)


def test_what_is_less_sure_is_told_with_less_detail_or_not_at_all() -> None:
    text = "a brown dog is running through the grass"
    scenes = [scene(5 * n, text, sure) for n, sure in enumerate((0.3, 0.29, 0.15, 0.149, None))]
    told, left = candidates_from_scenes(scenes, min_confidence=0.3)
    whole, head = "A brown dog is running through the grass.", "A brown dog."
    assert [(one.scene, one.text, one.detail) for one in told] == [
        (0, whole, Detail.FULL),
        (1, head, Detail.HEAD),
        (2, head, Detail.HEAD),
        (4, whole, Detail.FULL),
    ]
    assert [(one.candidate.scene, one.candidate.text, one.reason) for one in left] == [
        (3, whole, "not sure enough")
    ]
    assert [(one.start_ms, one.end_ms) for one in told][:2] == [(0, 5000), (5000, 10_000)]


def test_a_threshold_of_nothing_tells_everything_that_has_words() -> None:
    told, left = candidates_from_scenes(
        [scene(0, "a dog", 0.0), scene(5, "", 0.9)], min_confidence=0
    )
    assert [one.text for one in told] == ["A dog."]
    assert not left


def test_what_has_no_subject_to_be_told_alone_is_left_out() -> None:
    told, left = candidates_from_scenes([scene(0, "standing in rain", 0.2)], min_confidence=0.3)
    assert not told
    assert [one.reason for one in left] == ["not sure enough"]


def candidate(number: int, text: str, sure: float | None = 0.5) -> Candidate:
    return Candidate(number, 5000 * number, 5000 * number + 5000, text, Detail.FULL, sure)


def test_the_most_telling_comes_first_and_what_was_told_counts_no_more() -> None:
    texts = ["A dog.", "A dog runs on a beach.", "A red kite flies over the beach.", "A dog."]
    order: list[int] = []

    def tell(one: Candidate) -> str:
        assert one.scene is not None
        order.append(one.scene)
        return one.text

    left = select_greedily([candidate(n, text) for n, text in enumerate(texts)], tell)
    assert order == [2, 1]
    assert sorted(str(one.candidate.scene) for one in left) == ["0", "3"]


def test_what_was_not_told_hides_nothing() -> None:
    order: list[str] = []

    def tell(one: Candidate) -> None:
        order.append(one.text)

    texts = ["A dog runs.", "A dog."]
    assert not select_greedily([candidate(n, text) for n, text in enumerate(texts)], tell)
    assert order == texts


def test_after_a_minute_it_is_new_again() -> None:
    near, far = candidate(1, "A dog sleeps."), candidate(13, "A dog sleeps here.")
    told: list[Candidate] = []
    select_greedily([near, far], lambda one: told.append(one) or one.text)  # type: ignore[func-returns-value]
    assert len(told) == 2


@pytest.mark.parametrize("sure", [None, 0.0, 1.0])
def test_any_confidence_has_a_value(sure: float | None) -> None:
    assert not select_greedily([candidate(0, "A dog.", sure)], lambda one: one.text)


def test_of_the_same_the_first_is_told() -> None:
    same = [candidate(n, "A dog runs.") for n in range(3)]
    kept, left = without_repeats(same, lambda one: True)
    assert kept == same[:1]
    assert [one.candidate for one in left] == same[1:]
    kept, left = without_repeats(same, lambda one: one.scene == 2)
    assert kept == same[2:]
    kept, _ = without_repeats(same, lambda one: False)
    assert kept == same[:1]


def test_nothing_is_known_of_how_often_an_unknown_captioner_is_wrong() -> None:
    assert measured_risk("0" * 64, 0.3) == {}
    assert measured_risk(None, 0.3) == {}
