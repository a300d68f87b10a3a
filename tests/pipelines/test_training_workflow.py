"""The whole way of a captioner: pictures, training, checkpoint, graphs, scores."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from vidcap.captioning.checkpoint import read_manifest
from vidcap.captioning.networks.encoders import build_encoder

PIPELINES = Path(__file__).parents[2] / "pipelines"
COLOURS = {"red": (0, 0, 255), "green": (0, 255, 0), "blue": (255, 0, 0), "white": (255,) * 3}
CONFIG = """
name: tiny
encoder: efficientnet-lite0
{decoder}
views: 1
minimum_count: 1
choice_pictures: 4
stages:
  - {{name: words, batch_pictures: 4, epochs: 2, learning_rate: 0.01, warmup_steps: 1, ema: 0.1}}
  - {{name: encoder, batch_pictures: 4, epochs: 1, encoder_units: 2, warmup_steps: 1}}
  - {{name: reward, objective: self-critical, batch_pictures: 4, epochs: 1, warmup_steps: 1}}
beam: {{size: 2}}
"""
DECODERS = {
    "show-attend-tell": "decoder_config: {width: 32, attention_width: 16}",
    "transformer": "decoder: transformer\ndecoder_config: {width: 32, heads: 4, decoder_layers: 2}",
}


def call(script, *arguments):
    return subprocess.run(
        [sys.executable, str(PIPELINES / script), *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=PIPELINES.parent,
    )


@pytest.fixture(scope="module", params=sorted(DECODERS))
def workshop(request, tmp_path_factory):
    """Captioned pictures of one colour each, an encoder with random weights, and a training."""
    folder = tmp_path_factory.mktemp("workshop")
    images = folder / "images"
    images.mkdir()
    entries = []
    for split in ("train", "val"):
        for colour, value in COLOURS.items():
            name = f"{split} {colour}.png"
            cv2.imwrite(str(images / name), np.full((30, 40, 3), value, dtype=np.uint8))
            sentences = [f"A wall is {colour} .", f"The wall is all {colour} ."]
            entries.append({"filename": name, "split": split, "sentences": sentences})
    (folder / "captions.json").write_text(json.dumps({"images": entries}))
    (folder / "tiny.yaml").write_text(CONFIG.format(decoder=DECODERS[request.param]))
    torch.manual_seed(0)
    original = build_encoder("efficientnet-lite0").backbone.state_dict()
    # As the packages publish them, every name begins with an underscore.
    published = {
        "_" + re.sub(r"\.(?=bn|expand|depthwise|project)", "._", name): tensor
        for name, tensor in original.items()
    }
    save_file(published, folder / "lite0.safetensors")
    done = call(
        "train.py",
        folder / "tiny.yaml",
        *("--images", images, "--captions", folder / "captions.json"),
        *("--run", folder / "run", "--encoder-weights", folder / "lite0.safetensors"),
    )
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def test_training_writes_a_checkpoint_that_tells_its_story(workshop):
    folder, printed = workshop
    checkpoint = folder / "run" / "tiny.safetensors"
    assert printed["checkpoint"] == str(checkpoint)
    manifest = read_manifest(checkpoint)
    assert set(COLOURS) <= set(manifest.vocabulary)
    assert [stage["epochs"] for stage in manifest.training["config"]["stages"]] == [2, 1, 1]
    history = manifest.training["history"]
    assert [len(history[stage]) for stage in ("words", "encoder", "reward")] == [2, 1, 1]


def test_the_graphs_say_what_torch_says(workshop):
    folder, _ = workshop
    done = call(
        "export.py",
        folder / "run" / "tiny.safetensors",
        *("--images", folder / "images", "--captions", folder / "captions.json"),
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed["pictures"] == 8
    assert printed["identical"] == 1.0
    assert printed["largest_score_difference"] < 1e-3
    assert printed["cider_d"]["torch"] == printed["cider_d"]["graphs"]


@pytest.mark.slow
def test_other_formats_are_written_and_give_the_same_numbers(workshop, tmp_path):
    pytest.importorskip("onnx", reason="the export extra writes ONNX")
    folder, _ = workshop
    done = call(
        "export.py",
        folder / "run" / "tiny.safetensors",
        *("--output", tmp_path / "out.safetensors", "--onnx", tmp_path / "onnx"),
        *("--torch-export", tmp_path / "pt2"),
        *("--images", folder / "images", "--captions", folder / "captions.json"),
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    for kind, suffix in (("onnx", ".onnx"), ("torch_export", ".pt2")):
        files = [Path(file) for file in printed[kind]["files"]]
        assert [file.name for file in files] == [f"out-encode{suffix}", f"out-step{suffix}"]
        assert printed[kind]["bytes"] == sum(file.stat().st_size for file in files)
        assert max(printed[kind]["largest_differences"].values()) < 1e-3
        assert printed[kind]["identical"] == 1.0


@pytest.mark.slow
def test_int8_is_written_and_compared_in_one_command(workshop, tmp_path):
    pytest.importorskip("nncf", reason="the export extra puts encoders into int8")
    folder, _ = workshop
    checkpoint = folder / "run" / "tiny.safetensors"
    done = call(
        "export.py",
        *(checkpoint, "--int8", "--output", tmp_path / "int8.safetensors"),
        *("--images", folder / "images", "--captions", folder / "captions.json"),
        *("--split", "val"),
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed["precision"] == "int8"
    assert printed["pictures"] == 4
    assert printed["bytes"] < 0.75 * checkpoint.stat().st_size
    assert set(printed["cider_d"]) == {"torch", "graphs"}
    assert read_manifest(tmp_path / "int8.safetensors").training["export"]["pictures"] == 4


def test_int8_without_pictures_is_refused(workshop):
    folder, _ = workshop
    done = call("export.py", folder / "run" / "tiny.safetensors", "--int8")
    assert done.returncode == 2
    assert "--images" in done.stderr


def test_a_checkpoint_is_evaluated_on_the_part_that_was_asked(workshop):
    folder, _ = workshop
    done = call(
        "evaluate.py",
        *("--images", folder / "images", "--captions", folder / "captions.json"),
        *("--split", "val", "--part", "1:", "--no-meteor"),
        *("--captioner", folder / "run" / "tiny.safetensors"),
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed["pictures"] == 3
    (scores,) = printed["captioners"]
    assert 0 <= scores["bleu4"] <= scores["bleu1"] <= 1
    assert scores["cider_d_95"][0] <= scores["cider_d"] <= scores["cider_d_95"][1]


def test_an_evaluation_sets_captioners_beside_people_and_each_other(workshop):
    folder, _ = workshop
    checkpoint = folder / "run" / "tiny.safetensors"
    again = folder / "again.safetensors"
    for path in (folder / "run").glob("tiny.*"):
        if path.is_file():
            shutil.copy(path, folder / path.name.replace("tiny", "again"))
    page, sentences = folder / "page.html", folder / "sentences.jsonl"
    done = call(
        "evaluate.py",
        *("--images", folder / "images", "--captions", folder / "captions.json"),
        *("--captioner", checkpoint, "--captioner", again, "--no-meteor", "--human"),
        *("--html", page, "--cases", "2", "--sentences", sentences),
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed["data"] == {"form": "karpathy", "split": None, "splits_from": "captions"}
    first, second = printed["captioners"]
    assert second["name"] == str(again)
    assert {"bleu4_95", "rouge_l_95", "words", "repeated_trigrams"} <= set(first)
    (beside,) = printed["differences"]
    assert (beside["less"], beside["cider_d"]) == (str(checkpoint), 0)
    human = printed["human"]
    assert (human["held_out"], human["references"]) == (2, 1)
    assert len(human["captioners"]) == 2
    assert {"bleu4", "rouge_l_95"} <= set(human["human"])
    for line in ("one human", "bleu4", f"{again} less {checkpoint}", "repeated_trigrams"):
        assert line in done.stderr
    lines = [json.loads(line) for line in sentences.read_text().splitlines()]
    assert len(lines) == 16
    assert sum(line["cider_d"] for line in lines[:8]) / 8 == pytest.approx(
        first["cider_d"], abs=1e-4
    )
    text = page.read_text(encoding="utf-8")
    assert text.count("<img ") == 2 * 3 * 2
    assert "A wall is red ." in text


def test_an_empty_part_is_refused(workshop):
    folder, _ = workshop
    done = call(
        "evaluate.py",
        *("--images", folder / "images", "--captions", folder / "captions.json"),
        *("--part", "100:"),
    )
    assert done.returncode == 8
    assert done.stderr == "evaluate: --part: there are only 8 pictures\n"


def test_a_checkpoint_learns_how_sure_it_is(workshop):
    """On pictures of five colours more, some of which it has no word for."""
    folder, _ = workshop
    source, target = folder / "run" / "tiny.safetensors", folder / "sure" / "tiny.calibration.json"
    copied = target.with_name("tiny.safetensors")
    entries = json.loads((folder / "captions.json").read_text())["images"]
    for number in range(24):
        name = f"fit {number}.png"
        value = tuple(50 * (number // step % 3) for step in (1, 3, 9))
        cv2.imwrite(str(folder / "images" / name), np.full((30, 40, 3), value, dtype=np.uint8))
        own = ("A wall is red .", "The wall is all red .", "A red wall", "Some red wall .")
        other = ("Two dogs play .", "A black cat sleeps .", "Men run far .", "One old car .")
        sentences = own if number % 3 else other
        entries.append({"filename": name, "split": "fit", "sentences": sentences})
    captions = folder / "more.json"
    captions.write_text(json.dumps({"images": entries}))
    common = ("--images", folder / "images", "--captions", captions, "--split", "fit")
    done = call("calibrate.py", source, *common, "--output", target, "--views", "--threads", "1")
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed["pictures"] == 24
    assert 0 < printed["base_rate"] < 1
    assert printed["information_from"] == "train"
    assert 0 <= printed["calibration_error"] <= 1
    assert len(printed["reliability"]) == 5
    assert printed["risk_coverage"][0]["cider_d"] == printed["cider_d"]
    assert set(printed["with_views"]) == {"view_agreement", "view_log_probability"}
    shutil.copy(source, copied)
    manifest = read_manifest(copied)
    assert manifest.calibration.record["split"] == "fit"
    assert manifest.calibration.weights == tuple(printed["weights"].values())
    for chart in ("reliability", "coverage"):
        assert (target.parent / f"tiny-{chart}.svg").read_text().startswith("<svg")
    before = {path.name: path.read_bytes() for path in target.parent.iterdir()}
    again = call("calibrate.py", source, *common, "--output", target, "--threads", "1")
    assert again.returncode == 0, again.stderr
    assert {path.name: path.read_bytes() for path in target.parent.iterdir()} == before
    judged = call("calibrate.py", copied, *common, "--judge", "--threads", "1")
    assert judged.returncode == 0, judged.stderr
    assert json.loads(judged.stdout)["base_rate"] == printed["base_rate"]
    refused = call("calibrate.py", source, *common, "--judge")
    assert refused.returncode == 2
    assert "holds no calibration" in refused.stderr
    refused = call("calibrate.py", source, *common, "--output", copied)
    assert refused.returncode == 2
    assert "name it NAME.calibration.json" in refused.stderr


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("train.py", ["none.yaml", "--images", ".", "--captions", "none.json", "--run", "x"]),
        ("evaluate.py", ["--images", ".", "--captions", "none.json"]),
        ("export.py", ["none.safetensors"]),
        ("calibrate.py", ["none.safetensors", "--images", ".", "--captions", "none.json"]),
    ],
)
def test_a_missing_file_is_one_line_and_an_exit_code(script, arguments):
    done = call(script, *arguments)
    assert done.returncode > 1
    assert len(done.stderr.splitlines()) == 1
    assert "none." in done.stderr
