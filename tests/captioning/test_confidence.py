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
    read_manifest,
    read_weights,
    with_calibration,
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


def test_a_checkpoint_carries_its_calibration_and_keeps_its_weights(checkpoint, tmp_path):
    target = tmp_path / "calibrated.safetensors"
    with_calibration(checkpoint, target, CALIBRATION)
    assert read_manifest(target) == replace(MANIFEST, calibration=CALIBRATION)
    before, after = read_weights(checkpoint), read_weights(target)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    again = tmp_path / "again.safetensors"
    with_calibration(target, again, CALIBRATION)
    assert again.read_bytes() == target.read_bytes()


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
