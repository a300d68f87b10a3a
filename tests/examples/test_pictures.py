"""The bundled pictures: captioned, of known origin, and made again by the script."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.training.data import load_captions
from vidcap.text.tokens import tokenize

EXAMPLES = Path(__file__).parents[2] / "examples"
PICTURES = EXAMPLES / "pictures"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("make_pictures", EXAMPLES / "make_pictures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_picture_has_five_captions_of_its_own_and_every_caption_its_picture():
    pictures = load_captions(PICTURES, PICTURES / "captions.json")
    assert sorted(picture.path for picture in pictures) == sorted(PICTURES.glob("*.jpg"))
    for picture in pictures:
        wordings = {tuple(tokenize(sentence)) for sentence in picture.sentences}
        assert len(wordings) == len(picture.sentences) == 5
        assert all(sentence.endswith(".") for sentence in picture.sentences)
    sentences = [sentence for picture in pictures for sentence in picture.sentences]
    assert len(set(sentences)) == len(sentences)
    assert {picture.split for picture in pictures} == {"train", "val"}


def test_the_set_is_small():
    files = list(PICTURES.iterdir())
    assert sum(file.stat().st_size for file in files) < 1_000_000
    for file in PICTURES.glob("*.jpg"):
        with Image.open(file) as picture:
            assert max(picture.size) <= 320


def test_every_photograph_is_named_beside_its_terms():
    terms = (EXAMPLES / "LICENSES.md").read_text(encoding="utf-8")
    for entry in json.loads((PICTURES / "captions.json").read_text())["images"]:
        stem = Path(entry["filename"]).stem
        if not stem.startswith("drawn_"):
            assert f"`{stem}`" in terms, stem


def test_the_script_makes_the_pictures_whose_sources_are_at_hand(script):
    made = dict(script.drawings()) | dict(script.scikit_image_photographs())
    assert len(made) == len(script.DRAWN) + len(script.SCIKIT_IMAGE)
    for name, picture in made.items():
        picture.thumbnail((script.LONGER_SIDE, script.LONGER_SIDE), Image.Resampling.LANCZOS)
        with Image.open(PICTURES / f"{name}.jpg") as kept:
            assert kept.size == picture.size, name
            difference = np.abs(np.asarray(kept, dtype=float) - np.asarray(picture, dtype=float))
        assert difference.mean() < 6, name  # what JPEG costs


def test_the_script_refuses_other_sources(script, tmp_path):
    (tmp_path / "explore_farm_animals.rcc").write_bytes(b"qres, but another one")
    with pytest.raises(SystemExit, match=r"explore_farm_animals\.rcc: not the file of"):
        next(script.gcompris_photographs(tmp_path))
    with pytest.raises(SystemExit, match="there is no such file"):
        next(script.gcompris_photographs(tmp_path / "missing"))
