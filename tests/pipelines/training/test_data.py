import json

import numpy as np
import pytest

from pipelines.training.augmentation import view
from pipelines.training.data import load_captions
from vidcap.errors import DataError


@pytest.fixture
def folder(tmp_path):
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def write(folder, images):
    path = folder / "captions.json"
    path.write_text(json.dumps({"images": images}), encoding="utf-8")
    return path


def test_plain_and_karpathy_sentences_are_read_alike(folder):
    path = write(
        folder,
        [
            {"filename": "a.jpg", "split": "train", "sentences": ["A dog .", "Dogs"]},
            {"filename": "b.jpg", "split": "val", "sentences": [{"raw": "A cat", "tokens": ["a"]}]},
        ],
    )
    train, val = load_captions(folder, path)
    assert (train.path, train.sentences, train.split) == (
        folder / "a.jpg",
        ("A dog .", "Dogs"),
        "train",
    )
    assert val.sentences == ("A cat",)
    assert load_captions(folder, path, split="val") == [val]


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ([{"filename": "a.jpg", "split": "test", "sentences": ["x"]}], "no picture has the split"),
        ([{"filename": "c.jpg", "split": "train", "sentences": ["x"]}], "no such picture"),
        ([{"filename": "a.jpg", "split": "train", "sentences": []}], "a.jpg has no caption"),
        ([{"split": "train", "sentences": ["x"]}], "not a caption file"),
        ([5], "not a caption file"),
    ],
)
def test_a_bad_caption_file_is_named_with_what_is_wrong(folder, images, message):
    path = write(folder, images)
    with pytest.raises(DataError, match=message):
        load_captions(folder, path, split="train")


def test_a_missing_caption_file_is_named(folder):
    with pytest.raises(DataError, match=r"none\.json: cannot be read"):
        load_captions(folder, folder / "none.json")


def picture():
    return np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)


def test_views_are_the_same_every_time_and_differ_from_each_other():
    views = [view(picture(), number=number, key=7, seed=1) for number in range(5)]
    again = [view(picture(), number=number, key=7, seed=1) for number in range(5)]
    assert all(np.array_equal(a, b) for a, b in zip(views, again, strict=True))
    assert all(v.shape == (40, 50, 3) and v.dtype == np.uint8 for v in views)
    assert len({v.tobytes() for v in views}) == 5
    assert not np.array_equal(views[2], view(picture(), number=2, key=8, seed=1))
    assert not np.array_equal(views[2], view(picture(), number=2, key=7, seed=2))


def test_the_first_two_views_are_the_picture_and_its_mirror_image():
    assert np.array_equal(view(picture(), number=0, key=0, seed=0), picture())
    assert np.array_equal(view(picture(), number=1, key=0, seed=0), picture()[:, ::-1])
