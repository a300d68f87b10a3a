import json
import struct
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from vidcap.captioning.checkpoint import (
    Manifest,
    checkpoint_hash,
    read_manifest,
    read_weights,
    write_checkpoint,
)
from vidcap.captioning.networks.model import CaptionModel, build_decoder, load_model
from vidcap.errors import ModelError

MANIFEST = Manifest(
    encoder="efficientnet-lite0",
    decoder="show-attend-tell",
    decoder_config={"channels": 1280, "width": 16, "attention_width": 8},
    vocabulary=("dog", "läuft", "'s"),
    picture_size=224,
    beam={"size": 2},
    training={"note": "none"},
    versions={"torch": "x"},
)


@pytest.fixture(scope="module")
def model():
    from vidcap.captioning.networks.encoders import build_encoder

    torch.manual_seed(0)
    decoder = build_decoder("show-attend-tell", dict(MANIFEST.decoder_config), 7)
    return CaptionModel(build_encoder("efficientnet-lite0"), decoder).eval()


@pytest.fixture(scope="module")
def checkpoint(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("checkpoint") / "tiny.safetensors"
    write_checkpoint(path, MANIFEST, model.state_dict())
    return path


def test_everything_comes_back(checkpoint, model):
    loaded, manifest = load_model(checkpoint)
    assert manifest == MANIFEST
    for name, tensor in model.state_dict().items():
        stored = tensor.half().float() if tensor.is_floating_point() else tensor
        assert torch.equal(loaded.state_dict()[name], stored)


def test_the_encoder_and_its_buffers_are_in_the_file(checkpoint):
    weights = read_weights(checkpoint)
    assert "encoder.backbone.bn0.running_var" in weights
    assert "encoder.mean" in weights


def test_the_same_model_is_the_same_file(checkpoint, model, tmp_path):
    again = tmp_path / "again.safetensors"
    write_checkpoint(again, MANIFEST, model.state_dict())
    assert checkpoint_hash(again) == checkpoint_hash(checkpoint)


def test_a_rewritten_file_gets_a_new_hash(model, tmp_path):
    path = tmp_path / "x.safetensors"
    write_checkpoint(path, MANIFEST, model.state_dict())
    first = checkpoint_hash(path)
    write_checkpoint(path, replace(MANIFEST, picture_size=200), model.state_dict())
    assert checkpoint_hash(path) != first


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"gone\.safetensors: there is no such checkpoint"):
        read_manifest(tmp_path / "gone.safetensors")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x04\x95",
        b"PK\x03\x04 a zip as torch.save writes it",
        struct.pack("<Q", 2**62) + b"{}",
        struct.pack("<Q", 4) + b"{..}",
    ],
)
def test_other_files_are_refused(tmp_path, data):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(data)
    with pytest.raises(ModelError, match="cannot be read as safetensors"):
        read_manifest(path)
    with pytest.raises(ModelError, match="cannot be read as safetensors"):
        read_weights(path)


def _with_header(path, text):
    metadata = None if text is None else {"vidcap": text}
    save_file({"x": torch.zeros(1)}, path, metadata=metadata)
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "not a vidcap checkpoint"),
        ("[]", "header is damaged"),
        ("{", "header is damaged"),
        ("{}", "header is damaged"),
        (json.dumps({"format": 99}), "reads format 1"),
        (json.dumps({**json.loads(MANIFEST.to_json()), "vocabulary": [1]}), "not text"),
        (json.dumps({**json.loads(MANIFEST.to_json()), "picture_size": -5}), "picture_size"),
        (json.dumps({**json.loads(MANIFEST.to_json()), "extra": 5}), "header is damaged"),
        (json.dumps({**json.loads(MANIFEST.to_json()), "phrases": 5}), "phrases"),
        (json.dumps({**json.loads(MANIFEST.to_json()), "phrases": "a"}), "phrases: 1 letters for"),
        (json.dumps({**json.loads(MANIFEST.to_json()), "phrases": "axn"}), "other letters"),
    ],
)
def test_damaged_headers_are_refused(tmp_path, text, message):
    with pytest.raises(ModelError, match=message):
        read_manifest(_with_header(tmp_path / "odd.safetensors", text))


def test_weights_that_do_not_fit_their_header_are_refused(model, tmp_path):
    path = tmp_path / "odd.safetensors"
    wrong = replace(MANIFEST, vocabulary=("dog",))
    write_checkpoint(path, wrong, model.state_dict())
    with pytest.raises(ModelError, match="do not belong together"):
        load_model(path)


@pytest.mark.parametrize(
    "change", [{"decoder": "gru"}, {"decoder_config": {"depth": 3}}, {"encoder": "vgg"}]
)
def test_unknown_architectures_are_refused(model, tmp_path, change):
    path = tmp_path / "odd.safetensors"
    write_checkpoint(path, replace(MANIFEST, **change), model.state_dict())
    with pytest.raises(ModelError):
        load_model(path)
