import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from pipelines.training.batches import batches, encode_captions, make_batch
from pipelines.training.data import CaptionedPicture
from vidcap.captioning.decoding.vocabulary import END, PAD, START, UNKNOWN, Vocabulary

captions_of_pictures = st.lists(
    st.lists(
        st.lists(st.integers(4, 30), min_size=1, max_size=9).map(lambda w: [START, *w, END]),
        min_size=1,
        max_size=4,
    ),
    min_size=1,
    max_size=5,
)


@given(captions_of_pictures)
def test_targets_are_the_words_that_follow(captions):
    batch = make_batch(torch.zeros(len(captions), 1, 1), captions)
    targets = iter(batch.targets.tolist())
    for row, own in enumerate(captions):
        assert (batch.lengths[row, len(own) :] == 0).all()
        for column, caption in enumerate(own):
            length = int(batch.lengths[row, column])
            assert batch.words[row, column, :length].tolist() == caption[:-1]
            assert (batch.words[row, column, length:] == PAD).all()
            assert [next(targets) for _ in range(length)] == caption[1:]
    assert next(targets, None) is None


def test_long_captions_are_cut_without_an_end(tmp_path):
    vocabulary = Vocabulary(["a", "dog"])
    picture = CaptionedPicture(tmp_path / "x.jpg", ("A dog, a cat!", "a a a a a", "..."), "train")
    assert encode_captions([picture], vocabulary, max_words=4) == [
        [[START, 4, 5, 4, UNKNOWN, END], [START, 4, 4, 4, 4]]
    ]


def test_an_epoch_shows_every_picture_once_and_is_drawn_by_seed_and_number():
    views = [np.full((6, 1, 1), view, dtype=np.float16) for view in range(3)]
    for view in views:
        view += np.arange(6).reshape(6, 1, 1) * 10
    captions = [[[START, 4 + index, END]] for index in range(6)]

    def seen(number, seed=1):
        return [
            (int(batch.words[row, 0, 1]) - 4, float(batch.features[row]))
            for batch, places in batches(views, captions, size=2, seed=seed, epoch=number)
            for row in range(len(places))
        ]

    first = seen(0)
    assert sorted(index for index, _ in first) == list(range(6))
    assert all(int(value) // 10 == index for index, value in first)
    assert seen(0) == first
    assert seen(1) != first
    assert seen(0, seed=2) != first


def test_several_processes_share_every_batch():
    views = [np.zeros((8, 1, 1), dtype=np.float16)]
    captions = [[[START, 4 + index, END]] for index in range(8)]

    def places(part):
        return [
            chosen for _, chosen in batches(views, captions, size=4, seed=1, epoch=0, part=part)
        ]

    whole, first, second = places((0, 1)), places((0, 2)), places((1, 2))
    for all_of_it, one, other in zip(whole, first, second, strict=True):
        assert len(one) == len(other) == 2
        assert sorted(one + other) == sorted(all_of_it)
