from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from vidcap.captioning.caption import Caption
from vidcap.scenes.consensus import Consensus, likeness

_WORDS = ["a", "dog", "cat", "man", "runs", "sits", "red", "grass", "water", "in", "the"]
texts = st.lists(st.sampled_from(_WORDS), max_size=6).map(" ".join)
captions = st.builds(Caption, texts, st.floats(-8, 0).map(lambda score: round(score, 3)))


def test_a_paraphrase_is_alike_and_another_scene_is_not() -> None:
    assert likeness("a dog runs through the grass", "the dog is running through grass") == 1
    assert likeness("a dog runs through the grass", "two girls play soccer") == 0


def test_captions_without_any_word_are_the_same_only_to_the_letter() -> None:
    assert likeness("", "") == 1
    assert likeness("\U0001f415", "\U0001f415") == 1
    assert likeness("", "a dog") == 0


def test_the_caption_in_the_middle_wins_over_a_surer_outlier() -> None:
    vote = Consensus(
        [
            Caption("a man rides a bike", -0.1),
            Caption("a brown dog runs", -0.6),
            Caption("a brown dog runs in the grass", -0.6),
            Caption("a dog runs in the grass", -0.6),
        ]
    )
    assert vote.winner.text == "a brown dog runs in the grass"


def test_one_sure_caption_outvotes_two_doubtful_ones() -> None:
    doubtful = Caption("a man rides a bike", -4.0)
    assert Consensus([doubtful, doubtful, Caption("a dog runs", -0.2)]).winner.text == "a dog runs"


def test_equals_are_decided_by_the_score_and_then_by_who_came_first() -> None:
    first, second = Caption("a dog runs", -1.0), Caption("a cat sits", -1.0)
    assert Consensus([first, second]).winner == first
    assert Consensus([second, first]).winner == second
    assert Consensus([first, Caption("a cat sits", -0.9)]).winner.text == "a cat sits"


def test_the_winner_is_the_surest_caption_with_its_text() -> None:
    assert Consensus([Caption("a dog", -2.0), Caption("a dog", -0.5)]).winner.score == -0.5


def test_silence_wins_only_where_nobody_speaks() -> None:
    silent = Caption("", -0.1)
    assert Consensus([silent, silent, Caption("a dog", -3.0)]).winner.text == "a dog"
    assert Consensus([silent, silent]).winner.text == ""


def test_scores_that_are_no_numbers_do_not_vote() -> None:
    odd = [Caption("a cat", score) for score in (math.nan, -math.inf)]
    assert Consensus([*odd, Caption("a dog", -5.0)]).winner.text == "a dog"


@given(st.lists(captions, min_size=1, max_size=12))
def test_the_running_vote_is_the_vote_of_all(all_captions: list[Caption]) -> None:
    def agreement(caption: Caption) -> float:
        return sum(
            math.exp(other.score) * likeness(caption.text, other.text) for other in all_captions
        )

    speaking = [caption for caption in all_captions if caption.text] or all_captions
    best = max(map(agreement, speaking))
    winner = Consensus(all_captions).winner
    assert winner in speaking
    assert math.isclose(agreement(winner), best, abs_tol=1e-6)


def test_ever_new_captions_take_bounded_room() -> None:
    vote = Consensus(Caption(f"thing{number} moves", -1.0) for number in range(200))
    assert len(vote._candidates) <= 64
    assert vote.winner.text == "thing0 moves"
