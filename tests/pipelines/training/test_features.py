import cv2
import numpy as np
import pytest

from pipelines.training.data import CaptionedPicture
from pipelines.training.features import cached_features


@pytest.fixture
def pictures(tmp_path):
    found = []
    for index in range(250):
        path = tmp_path / f"{index}.png"
        cv2.imwrite(str(path), np.full((4, 4, 3), index, dtype=np.uint8))
        found.append(CaptionedPicture(path, ("x",), "train"))
    return found


def extract(pictures, folder, *, fail_after=None, **changes):
    counted = []

    def encode(items):
        for item in items:
            if fail_after is not None and len(counted) == fail_after:
                raise KeyboardInterrupt
            counted.append(item)
            yield np.full((2, 3), item.mean(), dtype=np.float32)

    options = {
        "encode": encode,
        "encoder_hash": "e",
        "shape": (2, 3),
        "picture_size": 4,
        "view_number": 0,
        "seed": 1,
        "folder": folder,
    }
    return cached_features(pictures, **{**options, **changes}), len(counted)


def test_every_picture_has_its_row(pictures, tmp_path):
    features, counted = extract(pictures, tmp_path / "f")
    assert counted == 250
    assert features.shape == (250, 2, 3)
    assert features.dtype == np.float16
    np.testing.assert_array_equal(features[:, 0, 0], np.arange(250))


def test_nothing_is_computed_twice(pictures, tmp_path):
    first, _ = extract(pictures, tmp_path / "f")
    second, counted = extract(pictures, tmp_path / "f")
    assert counted == 0
    np.testing.assert_array_equal(first, second)


def test_a_stopped_extraction_goes_on(pictures, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        extract(pictures, tmp_path / "f", fail_after=150)
    features, counted = extract(pictures, tmp_path / "f")
    assert counted == 150  # the first hundred were safe
    np.testing.assert_array_equal(features[:, 1, 2], np.arange(250))


@pytest.mark.parametrize("change", [{"encoder_hash": "other"}, {"seed": 2}, {"view_number": 1}])
def test_features_of_other_settings_are_not_taken(pictures, tmp_path, change):
    extract(pictures, tmp_path / "f")
    _, counted = extract(pictures, tmp_path / "f", **change)
    assert counted == 250
