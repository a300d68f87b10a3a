"""Hugging Face models: what is read, what is refused, and that nothing is fetched unasked."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("transformers", reason="the extra hf runs these")

import huggingface_hub
import torch
from huggingface_hub import constants
from huggingface_hub.errors import LocalEntryNotFoundError, RepositoryNotFoundError
from huggingface_hub.utils.tqdm import _create_progress_bar, hf_thread_map

from tests.captioning.tiny_models import MODELS
from vidcap.captioning.adapters.hub import find_model, hub_offline
from vidcap.captioning.adapters.huggingface import load_huggingface
from vidcap.captioning.registry import load_captioner
from vidcap.errors import MissingExtraError, ModelError, UsageError

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def blip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return MODELS["blip"](tmp_path_factory.mktemp("blip"))


@pytest.fixture
def own(blip: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    for file in blip.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def load(folder: Path | str, **options: object) -> object:
    return load_captioner(f"hf:{folder}", device="cpu", threads=1, **options)  # type: ignore[arg-type]


def test_a_folder_is_read_without_opening_a_connection(tmp_path: Path) -> None:
    folders = [MODELS[model](tmp_path / model) for model in ("blip", "smolvlm")]
    for folder in folders:
        # What fetches unasked: an adapter's base model named in the folder, and missing files.
        (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "some/where"}')
    program = f"""
import socket
def refuse(*arguments, **options):
    raise SystemExit("a connection was tried")
socket.socket.connect = refuse
socket.socket.connect_ex = refuse
socket.create_connection = refuse
socket.getaddrinfo = refuse
import numpy as np
from vidcap.captioning.registry import load_captioner
for folder in {[str(folder) for folder in folders]!r}:
    captioner = load_captioner(f"hf:{{folder}}", device="cpu", threads=1, batch_size=1)
    print(captioner.caption([np.zeros((32, 32, 3), dtype=np.uint8)])[0].text)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert all(line.strip() for line in done.stdout.splitlines())
    assert len(done.stdout.splitlines()) == 2
    assert done.stderr == ""


def test_loading_turns_telemetry_off_and_leaves_the_hub_as_it_was(blip: Path) -> None:
    before = constants.HF_HUB_OFFLINE
    load(blip)
    assert constants.HF_HUB_DISABLE_TELEMETRY is True
    assert before == constants.HF_HUB_OFFLINE
    with hub_offline():
        assert constants.HF_HUB_OFFLINE is True


def test_provenance_names_the_very_files(blip: Path, own: Path) -> None:
    first, second = find_model(str(blip)), find_model(str(own))
    assert first.checkpoint == second.checkpoint
    (own / "generation_config.json").write_text("{}")
    assert find_model(str(own)).checkpoint != first.checkpoint
    provenance = load(blip, batch_size=2).provenance  # type: ignore[attr-defined]
    assert provenance["checkpoint"] == first.checkpoint
    assert (provenance["model"], provenance["beam_size"], provenance["batch_size"]) == (
        "blip",
        3,
        2,
    )


def test_pickled_weights_are_refused(own: Path) -> None:
    (own / "model.safetensors").rename(own / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"pickle \(pytorch_model.bin\).*never read"):
        load(own)


def test_code_of_a_model_s_own_is_not_run(own: Path) -> None:
    config = json.loads((own / "config.json").read_text())
    config |= {"model_type": "unheard-of", "auto_map": {"AutoConfig": "evil.Config"}}
    (own / "config.json").write_text(json.dumps(config))
    (own / "evil.py").write_text("raise SystemExit('run')")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load(own)


def spoil_config(folder: Path) -> None:
    (folder / "config.json").write_text("{")


def another_kind(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "bert"}')


def cut_weights(folder: Path) -> None:
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[: len(data) // 2])


def other_weights(folder: Path) -> None:
    import torch
    from safetensors.torch import save_file

    save_file({"x": torch.zeros(3)}, folder / "model.safetensors", metadata={"format": "pt"})


def no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def lost_shard(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def no_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (spoil_config, "cannot be loaded"),
        (another_kind, "cannot be loaded"),
        (cut_weights, "cannot be loaded"),
        (other_weights, "weights are missing"),
        (no_weights, "model.safetensors is missing"),
        (lost_shard, "model-00001-of-00002.safetensors is missing"),
        (no_config, "holds no config.json"),
        (no_tokenizer, "hf:"),
    ],
)
def test_a_damaged_folder_is_one_line(own: Path, spoil: object, words: str) -> None:
    spoil(own)  # type: ignore[operator]
    with pytest.raises(ModelError, match=words) as error:
        load(own)
    assert str(error.value).startswith(f"hf:{own}: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "name", ["/no/such/folder", "./nothing", "blip", "", "../x/y/z", "~/nothing"]
)
def test_a_missing_folder_is_not_looked_for_elsewhere(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda **_: pytest.fail("asked"))
    with pytest.raises(ModelError, match="there is no such folder"):
        load(name)


def test_a_name_is_downloaded_once_with_a_word_of_it(
    blip: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[bool] = []

    def download(*, local_files_only: bool = False, **options: object) -> str:
        calls.append(local_files_only)
        assert (options["repo_id"], options["revision"]) == ("owner/tiny", "v2")
        assert "*.bin" not in options["allow_patterns"]  # type: ignore[operator]
        if local_files_only and len(calls) == 1:
            raise LocalEntryNotFoundError("not here")
        return str(blip)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with caplog.at_level(logging.WARNING, "vidcap"):
        assert find_model("owner/tiny@v2").revision == blip.name
        assert calls == [True, False]
        assert "downloading it from the Hugging Face Hub (https://" in caplog.text
        caplog.clear()
        find_model("owner/tiny@v2")
    assert calls == [True, False, True]
    assert caplog.text == ""


@pytest.mark.parametrize("offline", [True, False])
def test_a_name_that_cannot_be_had_is_one_line(
    offline: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(*, local_files_only: bool = False, **options: object) -> str:
        if local_files_only:
            raise LocalEntryNotFoundError("not here")
        raise ConnectionError("name resolution failed\nfor huggingface.co")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", offline)
    words = "HF_HUB_OFFLINE forbids" if offline else "name resolution failed for huggingface.co"
    with pytest.raises(ModelError, match=words) as error:
        find_model("owner/tiny")
    assert "hf download owner/tiny --local-dir FOLDER" in str(error.value)


def test_a_name_that_the_hub_does_not_know_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unknown(RepositoryNotFoundError):
        def __init__(self) -> None:
            Exception.__init__(self, "404")

    def download(*, local_files_only: bool = False, **options: object) -> str:
        raise LocalEntryNotFoundError("not here") if local_files_only else Unknown()

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with pytest.raises(ModelError, match="neither a folder here nor a model"):
        find_model("owner/tiny")


def test_without_transformers_the_pip_line_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'vidcap\[hf\]'"):
        load("anything")


@pytest.mark.parametrize("model", ["blip", "git"])
def test_a_prompt_is_how_the_sentence_begins(model: str, tmp_path: Path) -> None:
    picture = np.zeros((32, 32, 3), np.uint8)
    captioner: Any = load(MODELS[model](tmp_path), prompt="two white cat", batch_size=1)
    assert captioner.caption([picture])[0].text.startswith("two white cat")
    assert captioner.provenance["prompt"] == "two white cat"
    if model == "git":  # BLIP takes the end away by itself
        tokens = captioner._inputs([picture])["input_ids"][0].tolist()
        assert captioner._tokenizer.sep_token_id not in tokens


def test_a_prompt_where_none_is_taken_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="takes no prompt"):
        load(MODELS["vit-gpt2"](tmp_path), prompt="what is it")
    with pytest.raises(UsageError, match="takes no prompt"):
        load_captioner("default", prompt="what is it")
    with pytest.raises(UsageError, match="prompt is empty"):
        load_captioner("default", prompt=" ")


def test_a_prompt_that_a_model_cannot_use_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="prompt '<image>' cannot be used"):
        load(MODELS["smolvlm"](tmp_path), prompt="<image>")


@pytest.mark.parametrize("beams", [1, 3])
def test_scores_are_the_mean_log_probability_of_a_token(beams: int, tmp_path: Path) -> None:
    """Worked out by another way: all tokens at once, each given those before it."""
    folder = MODELS["vit-gpt2"](tmp_path)
    captioner: Any = load_huggingface(
        f"hf:{folder}", device="cpu", threads=1, batch_size=3, prompt=None, beams=beams
    )
    assert captioner.provenance["beam_size"] == beams
    decoded: list[Any] = []
    decode = captioner._tokenizer.batch_decode
    captioner._tokenizer.batch_decode = lambda tokens, **options: (
        decoded.append(tokens),
        decode(tokens, **options),
    )[1]
    pictures = [np.full((32, 32, 3), value, np.uint8) for value in (0, 90, 180)]
    found = captioner.caption(pictures)
    (tokens,) = decoded
    with torch.inference_mode():
        logs = captioner._model(
            **captioner._inputs(pictures), decoder_input_ids=tokens[:, :-1]
        ).logits.log_softmax(-1)
    end = captioner._tokenizer.eos_token_id
    for caption, row, said in zip(found, logs, tokens[:, 1:].tolist(), strict=True):
        length = said.index(end) + 1 if end in said else len(said)
        total = sum(float(row[place, word]) for place, word in enumerate(said[:length]))
        assert caption.score == pytest.approx(total / length, abs=2e-4)


def test_a_download_tells_how_far_it_is(
    blip: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As huggingface_hub's own snapshot_download uses its bars."""

    def download(*, local_files_only: bool = False, **options: Any) -> str:
        if local_files_only:
            raise LocalEntryNotFoundError("not here")
        bar = options["tqdm_class"]
        line, disk = (
            _create_progress_bar(cls=bar, log_level=30, total=0, initial=0, unit="B")
            for _ in range(2)
        )

        def fetch(size: int) -> None:
            disk.total += size
            line.update(size // 3)
            disk.update(size)
            disk.refresh()

        hf_thread_map(fetch, [100, 300], max_workers=1, tqdm_class=bar)
        return str(blip)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    told: list[tuple[int, int]] = []
    find_model("owner/tiny", downloaded=lambda *share: told.append(share))
    assert told == [(100, 100), (400, 400)]
    assert capsys.readouterr().err == ""
