"""Stills from files come upright, in 8-bit RGB; resizing is what training saw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests import media
from vidcap.errors import MediaError
from vidcap.video import image as image_module
from vidcap.video.image import read_picture, resize_stretch, upright


def test_an_equal_size_changes_nothing() -> None:
    picture = media.numbered(5)
    assert resize_stretch(picture, (96, 64)) is picture


@pytest.mark.parametrize("size", [(32, 32), (200, 200), (10, 300), (96, 65)])
def test_squash_keeps_the_whole_picture(size: tuple[int, int]) -> None:
    small = resize_stretch(media.numbered(83), size)
    assert small.shape == (size[1], size[0], 3)
    assert small.dtype == np.uint8
    assert media.read_number(small) == 83


def test_shrinking_averages() -> None:
    checks = np.indices((64, 64)).sum(axis=0) % 2 * 200
    picture = np.repeat(checks[:, :, None], 3, axis=2).astype(np.uint8)
    assert np.unique(resize_stretch(picture, (16, 16))).tolist() == [100]


@pytest.mark.parametrize(("mirrored", "rotation"), [(False, 90), (True, 0), (True, 270)])
def test_upright_undoes_what_a_camera_did(mirrored: bool, rotation: int) -> None:
    seen = np.rot90(media.numbered(9), rotation // 90)
    seen = seen[:, ::-1] if mirrored else seen
    np.testing.assert_array_equal(
        upright(seen, mirrored=mirrored, rotation=rotation), media.numbered(9)
    )


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.webp", "a.gif", "a.tiff", "a.jpg"])
def test_formats(name: str, tmp_path: Path) -> None:
    Image.fromarray(media.numbered(77)).save(tmp_path / name)
    picture = read_picture(tmp_path / name)
    assert picture.shape == (64, 96, 3)
    assert picture.dtype == np.uint8
    assert picture.flags.writeable
    assert media.read_number(picture) == 77


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int, tmp_path: Path) -> None:
    turns = {
        1: lambda a: a, 2: lambda a: a[:, ::-1], 3: lambda a: a[::-1, ::-1], 4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2), 6: lambda a: np.rot90(a), 8: lambda a: np.rot90(a, -1),
        7: lambda a: a.transpose(1, 0, 2)[::-1, ::-1],
    }  # fmt: skip
    stored = Image.fromarray(np.ascontiguousarray(turns[orientation](media.numbered(41))))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "a.jpg", exif=exif, quality=95)
    assert media.read_number(read_picture(tmp_path / "a.jpg")) == 41


def test_sixteen_bits_are_scaled_and_grey_gets_three_channels(tmp_path: Path) -> None:
    values = np.array([[0, 65535], [32768, 257]], np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png")[:, :, 1].tolist() == [[0, 255], [128, 1]]
    Image.fromarray(np.array([[0, 255]], np.uint8)).save(tmp_path / "b.png")
    assert read_picture(tmp_path / "b.png").tolist() == [[[0, 0, 0], [255, 255, 255]]]


def test_transparency_is_laid_over_white(tmp_path: Path) -> None:
    rgba = np.array([[[255, 0, 0, 255], [255, 0, 0, 0], [0, 0, 0, 128]]], np.uint8)
    Image.fromarray(rgba).save(tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png").tolist() == [
        [[255, 0, 0], [255, 255, 255], [127, 127, 127]]
    ]


def test_a_palette_with_a_transparent_colour(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putdata([0, 1])
    image.save(tmp_path / "a.png", transparency=0)
    assert read_picture(tmp_path / "a.png").tolist() == [[[255, 255, 255], [0, 0, 255]]]


def test_a_bomb_is_refused_before_it_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(media.numbered(1)).save(tmp_path / "a.png")
    monkeypatch.setattr(image_module, "MAX_PICTURE_PIXELS", 96 * 64 - 1)
    with pytest.raises(MediaError, match="96x64 pixels are more than"):
        read_picture(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("data", "words"),
    [(None, "no such file"), (b"", "empty"), (b"GIF89a not", "picture"), (b"text", "picture")],
)
def test_what_is_no_picture_is_one_clear_sentence(
    data: bytes | None, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(MediaError, match=words) as caught:
        read_picture(path)
    assert "\n" not in str(caught.value)


def test_a_cut_off_picture_is_refused(tmp_path: Path) -> None:
    Image.fromarray(media.numbered(1, (400, 300))).save(tmp_path / "a.jpg")
    media.cut_off(tmp_path / "a.jpg", tmp_path / "b.jpg", keep=0.4)
    with pytest.raises(MediaError, match="cannot be decoded"):
        read_picture(tmp_path / "b.jpg")
