"""Exported checkpoints are held to the ones they were made from, on tiny models."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from vidcap.captioning.captioner import CheckpointCaptioner
from vidcap.captioning.checkpoint import Manifest, read_manifest, write_checkpoint
from vidcap.captioning.decoding.beam_search import BeamSettings
from vidcap.captioning.decoding.rescoring import score_sequential
from vidcap.captioning.decoding.vocabulary import Vocabulary
from vidcap.captioning.export import export_checkpoint
from vidcap.captioning.networks.encoders import build_encoder
from vidcap.captioning.networks.model import CaptionModel, build_decoder, load_model
from vidcap.captioning.onnx import largest_differences
from vidcap.captioning.registry import load_captioner
from vidcap.captioning.runtimes.graphs import (
    CONSTANTS,
    ENCODE,
    SCORE,
    STEP,
    has_graphs,
    read_graphs,
    with_graphs,
)
from vidcap.captioning.runtimes.openvino import OpenVinoRuntime
from vidcap.captioning.runtimes.torch import TorchRuntime
from vidcap.errors import ModelError

CONFIGS = {
    "show-attend-tell": {"channels": 1280, "width": 32, "attention_width": 16},
    "transformer": {"channels": 1280, "width": 32, "heads": 4, "decoder_layers": 2},
}
WORDS = tuple(f"word{number}" for number in range(40))


def pictures(count, seed=0):
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)
    return [np.kron(one, np.ones((28, 28, 1), dtype=np.uint8)) for one in coarse]


@pytest.fixture(scope="module", params=sorted(CONFIGS))
def checkpoint(request, tmp_path_factory):
    torch.manual_seed(0)
    config = CONFIGS[request.param]
    decoder = build_decoder(request.param, config, len(Vocabulary(WORDS)))
    model = CaptionModel(build_encoder("efficientnet-lite0"), decoder).eval()
    manifest = Manifest(
        encoder="efficientnet-lite0",
        decoder=request.param,
        decoder_config=config,
        vocabulary=WORDS,
        picture_size=224,
        beam={"size": 2, "max_words": 8},
    )
    path = tmp_path_factory.mktemp("source") / f"{request.param}.safetensors"
    write_checkpoint(path, manifest, model.state_dict())
    return path


@pytest.fixture(scope="module")
def exported(checkpoint, tmp_path_factory):
    path = tmp_path_factory.mktemp("exported") / "exact.safetensors"
    export_checkpoint(checkpoint, path)
    return path


@pytest.fixture(scope="module")
def eight_bit(checkpoint, tmp_path_factory):
    pytest.importorskip("nncf", reason="the export extra puts encoders into int8")
    path = tmp_path_factory.mktemp("exported") / "int8.safetensors"
    export_checkpoint(checkpoint, path, precision="int8", pictures=pictures(8))
    return path


def on_torch(checkpoint):
    return TorchRuntime(load_model(checkpoint)[0], device="cpu", group=16)


def on_openvino(checkpoint):
    beams = read_manifest(checkpoint).beam["size"]
    graphs = read_graphs(checkpoint)
    return OpenVinoRuntime(graphs, picture_size=224, group=16, beams=beams, threads=1)


def captions(checkpoint, runtime, given):
    manifest = read_manifest(checkpoint)
    beam = BeamSettings(**manifest.beam)
    return CheckpointCaptioner("x", checkpoint, manifest, runtime, beam).caption(given)


def test_the_graphs_say_what_torch_says(checkpoint, exported):
    given = pictures(18)
    expected = captions(checkpoint, on_torch(checkpoint), given)
    found = captions(exported, on_openvino(exported), given)
    assert [caption.text for caption in found] == [caption.text for caption in expected]
    assert max(abs(a.score - b.score) for a, b in zip(expected, found, strict=True)) < 1e-4


SENTENCES = [(4, 5, 6), (4, 5, 7, 8, 9, 9), (20,), (4, 5, 6)]


def test_sentences_are_worth_the_same_however_they_are_read(checkpoint, exported):
    """Word by word, and at once where the decoder can, by torch and by graphs."""
    torchs, graphs = on_torch(checkpoint), on_openvino(exported)
    for count in (1, 3):
        prepared = list(torchs.encode(pictures(count)))
        step = torchs.steps(prepared, beams=len(SENTENCES))
        expected = score_sequential(step, SENTENCES, group=count)
        for runtime in (torchs, graphs):
            found = runtime.likelihoods(prepared, SENTENCES)
            np.testing.assert_allclose(found.logs, expected.logs, atol=1e-4)
            for row, sentence in enumerate(SENTENCES):
                own = np.s_[:, row, : len(sentence) + 1]
                np.testing.assert_allclose(found.looks[own], expected.looks[own], atol=1e-4)


def test_torch_reads_the_exported_checkpoint(checkpoint, exported):
    apart = largest_differences(on_torch(checkpoint), on_torch(exported), pictures(2), beams=2)
    assert max(apart.values()) < 1e-3


def test_no_weight_is_stored_twice(exported):
    tensors = load_file(exported)
    assert tensors[CONSTANTS].nbytes < 0.02 * sum(tensor.nbytes for tensor in tensors.values())


def test_an_exported_checkpoint_can_be_exported_again(exported, tmp_path):
    """As when a graph format is to be renewed and the source is gone."""
    again = tmp_path / "again.safetensors"
    export_checkpoint(exported, again)
    apart = largest_differences(on_openvino(exported), on_openvino(again), pictures(2), beams=2)
    assert max(apart.values()) == 0


def test_a_longer_header_leaves_the_graphs_right(exported, tmp_path):
    """As when a calibration is written into it: offsets count from behind the header."""
    manifest = read_manifest(exported)
    longer = replace(manifest, training={**manifest.training, "note": "long " * 999})
    path = tmp_path / "longer.safetensors"
    save_file(load_file(exported), path, metadata={"vidcap": longer.to_json()})
    apart = largest_differences(on_openvino(exported), on_openvino(path), pictures(2), beams=2)
    assert max(apart.values()) == 0


def test_it_tells_where_it_comes_from(checkpoint, exported):
    record = read_manifest(exported).training["export"]
    assert record["precision"] == "exact"
    assert len(record["source"]) == 64
    assert "export" not in read_manifest(checkpoint).training


def test_a_plain_checkpoint_is_exported_into_the_cache_once(
    checkpoint, exported, monkeypatch, tmp_path
):
    monkeypatch.setattr("vidcap.captioning.runtimes.graphs.cache_folder", lambda: tmp_path)
    assert not has_graphs(checkpoint)
    copy = with_graphs(checkpoint)
    assert list((tmp_path / "graphs").iterdir()) == [copy]
    assert copy.read_bytes() == exported.read_bytes()  # the same checkpoint, the same bytes
    made = copy.stat().st_mtime_ns
    assert with_graphs(checkpoint) == copy
    assert copy.stat().st_mtime_ns == made
    assert with_graphs(copy) == copy
    captioner = load_captioner(str(checkpoint), device="cpu", threads=1)
    assert (
        captioner.provenance["checkpoint"]
        != load_captioner(str(copy), device="cpu", threads=1).provenance["checkpoint"]
    )


def test_the_copy_of_another_checkpoint_is_never_taken(checkpoint, monkeypatch, tmp_path):
    monkeypatch.setattr("vidcap.captioning.runtimes.graphs.cache_folder", lambda: tmp_path)
    monkeypatch.setattr(
        "vidcap.captioning.export.export_checkpoint", lambda source, copy: copy.touch()
    )
    other = tmp_path / checkpoint.name
    other.write_bytes(checkpoint.read_bytes()[:-2] + b"\0\0")
    (tmp_path / "graphs").mkdir()
    assert with_graphs(other) != with_graphs(checkpoint)


def test_half_is_smaller_and_close(checkpoint, exported, tmp_path):
    half = tmp_path / "half.safetensors"
    export_checkpoint(checkpoint, half, precision="float16")
    assert half.stat().st_size < 0.65 * exported.stat().st_size
    apart = largest_differences(on_torch(half), on_openvino(half), pictures(2), beams=2)
    assert max(apart.values()) < 1e-3


def test_int8_is_small_and_runs_on_both(checkpoint, eight_bit):
    tensors = load_file(eight_bit)
    texts = {ENCODE, STEP, SCORE}  # which weigh the same in any precision
    weights = sum(tensor.nbytes for name, tensor in tensors.items() if name not in texts)
    assert weights < 0.6 * checkpoint.stat().st_size
    assert tensors["encoder.backbone.conv_head.weight"].dtype == torch.int8
    assert tensors[CONSTANTS].nbytes < 0.1 * checkpoint.stat().st_size
    near = largest_differences(on_torch(checkpoint), on_torch(eight_bit), pictures(2), beams=2)
    assert 0 < near["log_probabilities"] < 0.5
    apart = largest_differences(on_torch(eight_bit), on_openvino(eight_bit), pictures(2), beams=2)
    assert 0 < apart["log_probabilities"] < 0.5


def test_in_int8_too_company_and_order_change_nothing(eight_bit):
    given = pictures(19, seed=1)
    runtime = on_openvino(eight_bit)
    together = captions(eight_bit, runtime, given)
    assert captions(eight_bit, runtime, given[::-1]) == together[::-1]
    assert captions(eight_bit, runtime, given[:1]) == together[:1]


def test_int8_needs_pictures(checkpoint, tmp_path):
    with pytest.raises(ModelError, match="needs pictures"):
        export_checkpoint(checkpoint, tmp_path / "x.safetensors", precision="int8")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[: len(text) // 2], "cannot be read by OpenVINO"),
        (lambda text: "ir_version: 8", "no OpenVINO IR"),
        (lambda text: text.replace('offset="', 'offset="99999999'), "cannot be read by OpenVINO"),
    ],
    ids=["cut", "another format", "beyond the file"],
)
def test_damaged_graphs_are_refused(exported, tmp_path, change, message):
    tensors = load_file(exported)
    text = change(tensors[STEP].numpy().tobytes().decode())
    tensors[STEP] = torch.frombuffer(bytearray(text.encode()), dtype=torch.uint8)
    path = tmp_path / "damaged.safetensors"
    save_file(tensors, path, metadata={"vidcap": read_manifest(exported).to_json()})
    with pytest.raises(ModelError, match=message) as raised:
        read_graphs(path)
    assert str(path) in str(raised.value)


def test_scales_that_are_missing_are_named(eight_bit, tmp_path):
    tensors = load_file(eight_bit)
    del tensors["decoder.project.weight.scale"]
    path = tmp_path / "damaged.safetensors"
    save_file(tensors, path, metadata={"vidcap": read_manifest(eight_bit).to_json()})
    with pytest.raises(ModelError, match="scales of its int8 weights"):
        load_model(path)


def test_a_checkpoint_without_graphs_says_so(checkpoint):
    with pytest.raises(ModelError, match="holds no graphs"):
        read_graphs(checkpoint)


def test_the_file_holds_no_path_of_this_machine(exported):
    data = exported.read_bytes()
    assert b"/tmp/" not in data
    assert b"site-packages" not in data
