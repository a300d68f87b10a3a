"""Embed sentences as vectors: all-MiniLM-L6-v2, computed with numpy.

Sentences that say the same in other words have vectors that point the same way.  The weights come
with vidcap, their matrices rounded to int8 (``pipelines/sentence_weights.py``), and are multiplied
out when they are read.
The network is BERT (Devlin et al. 2019) with six layers, its outputs averaged (Reimers and Gurevych
2019); one sentence takes a few milliseconds, so it needs no faster run time, and for a search, no
time to start one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vidcap.errors import ModelError
from vidcap.extras import import_extra

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController
    from tokenizers import Tokenizer

Array = NDArray[np.float32]

DIMENSIONS = 384
FOLDER = Path(__file__).parent / "model"
SCALE = ".scale"
_WORDS = "embeddings.word_embeddings.weight"
_LAYERS = 6
_HEADS = 12
# The model was trained on texts of up to 128 tokens.
_MOST_TOKENS = 128


class SentenceEmbedder:
    """Turns sentences into vectors of length 1 with 384 dimensions.

    A sentence has the same vector in whatever company it comes.  Weights are read when the first
    sentence comes.

    Args:
        folder: with ``model.safetensors`` and ``tokenizer.json``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def load(cls) -> SentenceEmbedder:
        """Return an embedder with the weights that come with vidcap.

        Raises:
            MissingExtraError: the extra ``index`` is not.
        """
        import_extra("tokenizers", "index")
        import_extra("threadpoolctl", "index")
        return cls(FOLDER)

    def embed(self, sentences: Sequence[str]) -> Array:
        """Return ``(sentences, 384)`` vectors of length 1.

        Whatever is behind the 126th token of a sentence does not count.

        Raises:
            ModelError: the weights cannot be read.
        """
        # One at a time, without padding: nothing then depends on the others.
        known: dict[str, Array] = {}
        # Matrices as small as these are no faster on two threads, and far slower where other
        # programs keep the processors busy; and on one the numbers are always the same.
        with self._threads.limit(limits=1, user_api="blas"):
            for sentence in sentences:
                if sentence not in known:
                    known[sentence] = self._embed(self._tokens(sentence))
        return np.array([known[sentence] for sentence in sentences], np.float32).reshape(
            -1, DIMENSIONS
        )

    def _tokens(self, sentence: str) -> list[int]:
        # What is no character cannot be a token.
        clean = sentence.encode("utf-8", "replace").decode()
        numbers: list[int] = self._tokenizer.encode(clean).ids
        return numbers

    @cached_property
    def _threads(self) -> ThreadpoolController:
        from threadpoolctl import ThreadpoolController

        return ThreadpoolController()

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        except Exception as error:  # the library raises no kind of its own
            raise ModelError(f"{self._folder}: its tokenizer cannot be read: {error}") from error
        tokenizer.no_padding()
        tokenizer.enable_truncation(_MOST_TOKENS)
        return tokenizer

    @cached_property
    def _weights(self) -> dict[str, Array]:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        path = self._folder / "model.safetensors"
        try:
            stored = load_file(path)
        except (SafetensorError, OSError) as error:
            raise ModelError(f"{path}: cannot be read as safetensors: {error}") from error
        # The words' own rows are half of all, of which a sentence takes a few: see _embed.
        return {
            name: part * stored[name + SCALE][:, None]
            if name != _WORDS and name + SCALE in stored
            else part
            for name, part in stored.items()
        }

    def _embed(self, tokens: Sequence[int]) -> Array:
        part = self._weights
        # All of a sentence is of type 0.
        x = (
            part[_WORDS][list(tokens)] * part[_WORDS + SCALE][list(tokens), None]
            + part["embeddings.position_embeddings.weight"][: len(tokens)]
            + part["embeddings.token_type_embeddings.weight"][0]
        )
        x = self._norm("embeddings.LayerNorm", x)
        for number in range(_LAYERS):
            layer = f"encoder.layer.{number}"
            told = self._attend(f"{layer}.attention.self", x)
            told = self._dense(f"{layer}.attention.output.dense", told)
            x = self._norm(f"{layer}.attention.output.LayerNorm", x + told)
            hidden = _gelu(self._dense(f"{layer}.intermediate.dense", x))
            told = self._dense(f"{layer}.output.dense", hidden)
            x = self._norm(f"{layer}.output.LayerNorm", x + told)
        mean: Array = x.mean(axis=0)
        return mean / np.float32(np.linalg.norm(mean))

    def _attend(self, name: str, x: Array) -> Array:
        """``(tokens, 384)`` to the same: every token takes from all of them, in twelve ways."""
        tokens = len(x)
        query, key, value = (
            self._dense(f"{name}.{kind}", x).reshape(tokens, _HEADS, -1).transpose(1, 0, 2)
            for kind in ("query", "key", "value")
        )
        weights = query @ key.transpose(0, 2, 1) / np.float32(math.sqrt(query.shape[-1]))
        weights = np.exp(weights - weights.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        mixed: Array = (weights @ value).transpose(1, 0, 2).reshape(tokens, -1)
        return mixed

    def _dense(self, name: str, x: Array) -> Array:
        y: Array = x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return y

    def _norm(self, name: str, x: Array) -> Array:
        centred = x - x.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + np.float32(1e-12))
        y: Array = (
            centred / spread * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        )
        return y


# Of Abramowitz and Stegun's formula 7.1.26 for the error function, which is right to 1.5e-7.
_ERF = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)


def _gelu(x: Array) -> Array:
    size = np.abs(x) * np.float32(math.sqrt(0.5))
    t = 1 / (1 + np.float32(0.3275911) * size)
    series = np.zeros_like(t)
    for factor in reversed(_ERF):
        series = (series + np.float32(factor)) * t
    erf = np.copysign(1 - series * np.exp(-size * size), x)
    y: Array = np.float32(0.5) * x * (1 + erf)
    return y
