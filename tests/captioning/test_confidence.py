import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from vidcap.captioning.checkpoint import (
    Manifest,
    calibration_path,
    checkpoint_hash,
    read_manifest,
    read_weights,
    write_calibration,
    write_checkpoint,
)
from vidcap.captioning.confidence import (
    FACT_FEATURES,
    FEATURES,
    Calibration,
    Confidence,
    describe,
    entropy,
)
from vidcap.captioning.decoding.beam_search import Hypothesis
from vidcap.captioning.registry import shipped_captioners
from vidcap.errors import ModelError

MANIFEST = Manifest(
    encoder="efficientnet-lite0",
    decoder="show-attend-tell",
    decoder_config={"channels": 1280},
    vocabulary=("dog", "cat", "runs"),
    picture_size=224,
    beam={"size": 2},
)
INFORMATION = (0.0, 0.0, 0.0, 0.0, 2.0, 3.0, 1.0)
OF_THE_SEARCH = tuple(name for name in FEATURES if name not in FACT_FEATURES)
CALIBRATION = Calibration(
    features=OF_THE_SEARCH,
    means=(-1.0, -1.2, 0.1, 0.8, 0.9, 1.4, 10.0),
    scales=(0.2, 0.3, 0.1, 0.1, 0.02, 0.3, 3.0),
    weights=(0.5, 0.25, 0.1, 0.1, -0.1, 0.3, -0.2),
    bias=-0.8,
    information=INFORMATION,
    record={"pictures": 3},
)
numbers = st.floats(-1e9, 1e9)
facts = st.fixed_dictionaries(dict.fromkeys(FEATURES, numbers))


def hypothesis(words, logs, attention=None, rank=None):
    logs = np.array(logs, dtype=np.float64)
    if attention is None:
        attention = np.full((len(words), 4), 0.25, dtype=np.float32)
    total = float(logs.sum())
    return Hypothesis(
        tuple(words), total, len(logs), total if rank is None else rank, logs, attention
    )


def test_what_is_said_of_a_search_is_what_the_words_mean():
    best = hypothesis([4, 6], [-0.5, -1.0, -0.3], np.eye(4, dtype=np.float32)[:2], rank=-1.0)
    other = hypothesis([5, 6], [-1.0, -1.0, -0.1], rank=-1.5)
    told = describe([best, other], np.array(INFORMATION))
    assert told == pytest.approx(
        {
            "log_probability": -0.6,
            "informed_log_probability": (4 * -0.5 + 1 * -1.0) / 5,
            "margin": 0.5,
            "agreement": 2 * 1.0 / (3.0 + 4.0),  # "runs" of two sentences
            "attention_entropy": 0.0,
            "information": 1.5,
            "words": 2.0,
        }
    )
    assert set(told) == set(OF_THE_SEARCH)


def test_one_sentence_alone_and_words_that_tell_nothing_are_no_error():
    told = describe([hypothesis([4], [-0.5, -0.1])], np.zeros(7))
    assert (told["margin"], told["agreement"]) == (0.0, 1.0)
    assert told["informed_log_probability"] == told["log_probability"] == pytest.approx(-0.3)
    assert told["attention_entropy"] == pytest.approx(1.0)


def test_entropy_is_a_share_of_the_largest():
    rows = np.array([[0.25] * 4, [0.5, 0.5, 0, 0], [1, 0, 0, 0]])
    np.testing.assert_allclose(entropy(rows), [1, 0.5, 0], atol=1e-9)


@given(facts)
def test_a_chance_is_a_chance_whatever_comes(values):
    assert 0 < CALIBRATION.chance(values) < 1


@given(
    facts,
    st.sampled_from([name for name, way in FEATURES.items() if way and name in OF_THE_SEARCH]),
    numbers,
)
def test_a_chance_moves_the_way_it_ought_to(values, name, other):
    low, high = sorted((values[name], other))
    below, above = (CALIBRATION.chance({**values, name: value}) for value in (low, high))
    assert (above - below) * FEATURES[name] >= 0


def test_the_chance_is_the_formula():
    average = dict(zip(CALIBRATION.features, CALIBRATION.means, strict=True))
    assert CALIBRATION.chance(average) == pytest.approx(1 / (1 + math.exp(0.8)))
    surer = {**average, "log_probability": -0.9}
    assert CALIBRATION.chance(surer) == pytest.approx(1 / (1 + math.exp(0.8 - 0.25)))
    far, further = ({**average, "log_probability": value} for value in (-0.3, 0.0))
    assert CALIBRATION.chance(far) == CALIBRATION.chance(further)


def test_confidence_is_the_chance_of_the_first_hypothesis():
    found = [hypothesis([4, 6], [-0.5, -1.0, -0.3]), hypothesis([5], [-1.0, -0.4])]
    expected = CALIBRATION.chance(describe(found, np.array(INFORMATION)))
    assert Confidence(CALIBRATION)(found) == expected


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "plain.safetensors"
    write_checkpoint(path, MANIFEST, {"x": torch.arange(6.0).reshape(2, 3), "n": torch.ones(1)})
    return path


def test_a_calibration_beside_a_checkpoint_stands_for_the_headers(checkpoint, tmp_path):
    """As old checkpoints have it in the header, and a fresh one is fitted."""
    old = tmp_path / "old.safetensors"
    both = replace(MANIFEST, calibration=CALIBRATION, scene_calibration=CALIBRATION)
    write_checkpoint(old, both, read_weights(checkpoint))
    assert read_manifest(old) == both
    whole, fingerprint = old.read_bytes(), checkpoint_hash(old)
    fresh = replace(MANIFEST, calibration=replace(CALIBRATION, bias=0.25))
    write_calibration(calibration_path(old), fresh)
    assert calibration_path(old).name == "old.calibration.json"
    assert read_manifest(old) == fresh
    assert (old.read_bytes(), checkpoint_hash(old)) == (whole, fingerprint)
    write_checkpoint(old, both, read_weights(checkpoint))
    assert read_manifest(old) == both  # what lay beside was of the checkpoint before


@pytest.mark.parametrize("shipped", shipped_captioners(), ids=lambda shipped: shipped.name)
def test_what_ships_is_calibrated_beside_its_checkpoint(shipped, tmp_path):
    assert calibration_path(shipped.file).is_file()
    manifest = read_manifest(shipped.file)
    write_calibration(tmp_path / "again.json", manifest)
    assert (tmp_path / "again.json").read_bytes() == calibration_path(shipped.file).read_bytes()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "calibration is damaged"),
        ("[1]", "calibration is damaged"),
        ("{}", "calibration is damaged: 'format'"),
        ("[" * 100_000, "calibration is damaged"),
        ('{"format": 2}', "format 2, but this vidcap reads format 1"),
        ('{"format": 1, "calibration": {}}', "calibration is damaged"),
        ('{"format": 1, "luck": 7}', "there is no 'luck'"),
    ],
    ids=lambda value: value[:20],
)
def test_a_damaged_calibration_file_is_refused(checkpoint, text, message):
    calibration_path(checkpoint).write_text(text)
    with pytest.raises(ModelError, match=rf"plain\.calibration\.json: .*{message}"):
        read_manifest(checkpoint)


def test_a_calibration_file_that_cannot_be_read_is_refused(checkpoint):
    calibration_path(checkpoint).mkdir()
    with pytest.raises(ModelError, match=r"plain\.calibration\.json: cannot be read"):
        read_manifest(checkpoint)


def test_a_checkpoint_without_one_has_none_and_no_trace_of_it(checkpoint):
    assert read_manifest(checkpoint).calibration is None
    assert "calibration" not in MANIFEST.to_json()


@pytest.mark.parametrize(
    "damage",
    [
        5,
        [],
        {},
        {"bias": None},
        {"bias": "high"},
        {"bias": 1e30},
        {"bias": float("nan")},
        {"means": [0.0]},
        {"means": "1234567"},
        {"scales": [0.2, 0.3, 0.1, 0.1, 0.0, 0.3, 3.0]},
        {"scales": [10**400] * 7},
        {"features": ["luck", *OF_THE_SEARCH[1:]]},
        {"features": [OF_THE_SEARCH[0]] * 7},
        {"weights": [-0.5, 0.25, 0.1, 0.1, -0.1, 0.3, -0.2]},
        {"weights": [0.5, 0.25, 0.1, 0.1, 0.1, 0.3, -0.2]},
        {"information": [1.0]},
        {"information": [0.0] * 6 + [-1.0]},
        {"information": None},
        {"record": 3},
        {"prospect": "12"},
        {"prospect": [float("inf")]},
        {"prospect": [0.5]},
    ],
    ids=str,
)
def test_a_damaged_calibration_is_refused(tmp_path, damage):
    header = json.loads(MANIFEST.to_json())
    whole = json.loads(json.dumps(CALIBRATION.to_mapping()))
    header["calibration"] = {**whole, **damage} if isinstance(damage, dict) and damage else damage
    path = tmp_path / "odd.safetensors"
    save_file({"x": torch.zeros(1)}, path, metadata={"vidcap": json.dumps(header)})
    with pytest.raises(ModelError, match=r"odd\.safetensors: the checkpoint's header is damaged"):
        read_manifest(path)
