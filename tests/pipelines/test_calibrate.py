import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tests.captioning.tiny_readers import write_reader
from vidcap.captioning.checkpoint import read_manifest
from vidcap.captioning.networks.model import build_decoder

ROOT = Path(__file__).parents[2]
WORDS = "a wall is red the all some two dogs play black cat sleeps".split()
ALIKE = ("A wall is red .", "The wall is all red .", "A red wall", "Some red wall .")
UNLIKE = ("Two dogs play .", "A black cat sleeps .", "Red", "All is the wall .")


@pytest.fixture
def pictures(tmp_path):
    """Noise, which people agree on or not."""
    rng, entries = np.random.default_rng(0), []
    for number in range(36):
        name = f"{number}.png"
        cv2.imwrite(str(tmp_path / name), rng.integers(0, 256, (64, 64, 3), dtype=np.uint8))
        split = "fit" if number % 3 else "train"
        sentences = UNLIKE if number % 4 else ALIKE
        entries.append({"filename": name, "split": split, "sentences": sentences})
    (tmp_path / "captions.json").write_text(json.dumps({"images": entries}))
    return tmp_path


def calibrate(pictures, source, target, *more):
    done = subprocess.run(
        [
            *(sys.executable, ROOT / "pipelines" / "calibrate.py", source, "--output", target),
            *("--images", pictures, "--captions", pictures / "captions.json", "--split", "fit"),
            *("--threads", "1", *more),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def test_which_pictures_come_out_well_is_learnt_from_the_training_part(pictures):
    torch.manual_seed(3)
    sizes = {"width": 16, "heads": 4, "decoder_layers": 1, "things": 1, "nouns": 2, "classes": 3}
    decoder = build_decoder("transformer", {**sizes, "channels": 1280}, len(WORDS) + 4)
    source = pictures / "reads.safetensors"
    target = pictures / "reads.calibration.json"
    write_reader(source, decoder, WORDS, (("dog", "dogs"), ("cat",)))
    printed, told = calibrate(pictures, source, target)
    assert printed["prospect_known"]
    assert "train: 100%" in told
    single = read_manifest(source).calibration
    assert len(single.prospect) == 16
    assert "prospect" in single.features
    _, told = calibrate(pictures, source, target, "--scenes")
    assert "train" not in told
    assert read_manifest(source).scene_calibration.prospect == single.prospect
    assert read_manifest(source).calibration == single
    printed, _ = calibrate(pictures, source, target, "--prospect-split", "none")
    assert not printed["prospect_known"]
    assert "prospect" not in read_manifest(source).calibration.features
