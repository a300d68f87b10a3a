import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from vidcap.captioning.vocabulary import END, PAD, START, UNKNOWN, Vocabulary
from vidcap.training.batches import batches, encode_captions, make_batch
from vidcap.training.data import CaptionedPicture

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
    assert batch.lengths == sorted(batch.lengths, reverse=True)
    place, rebuilt = 0, [[START] for _ in batch.lengths]
    for step in range(batch.lengths[0]):
        for row in range(sum(length > step for length in batch.lengths)):
            assert batch.words[row, step] == rebuilt[row][-1]
            rebuilt[row].append(int(batch.targets[place]))
            place += 1
    assert place == len(batch.targets)
    given_pairs = sorted((n, c) for n, own in enumerate(captions) for c in own)
    assert sorted(zip(batch.rows.tolist(), rebuilt, strict=True)) == given_pairs
    assert all((batch.words[row, length:] == PAD).all() for row, length in enumerate(batch.lengths))


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
            (int(batch.targets[index]) - 4, float(batch.features[batch.rows[index]]))
            for batch in batches(views, captions, size=2, seed=seed, epoch=number)
            for index in range(len(batch.rows))
        ]

    first = seen(0)
    assert sorted(index for index, _ in first) == list(range(6))
    assert all(int(value) // 10 == index for index, value in first)
    assert seen(0) == first
    assert seen(1) != first
    assert seen(0, seed=2) != first
