"""The graphs of a checkpoint: how OpenVINO runs it without torch.

``encode`` takes a picture to all that the decoder needs of it, ``step`` reads one word a row and
predicts the next; and where the decoder can, ``score`` reads whole sentences at once.  An exported
checkpoint holds them as OpenVINO IR, as text in tensors of bytes, and their weights are its own: an
offset in a graph counts from the first byte after the file's header.  So no weight is stored twice,
and no graph can be taken for another checkpoint's.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidcap.captioning.checkpoint import GRAPHS, checkpoint_hash
from vidcap.errors import ModelError
from vidcap.extras import import_extra

ENCODE, STEP, SCORE = GRAPHS + "encode", GRAPHS + "step", GRAPHS + "score"
CONSTANTS = GRAPHS + "constants"


@dataclass(frozen=True, slots=True)
class Graphs:
    """The graphs as OpenVINO models, and the memory that their constants lie in.

    ``score`` is None where the decoder reads word by word, or was exported before it could.
    """

    encode: Any
    step: Any
    score: Any
    weights: NDArray[np.uint8]


def cache_folder() -> Path:
    """Return the user's cache folder of vidcap, as the platform has it."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "vidcap"


def _texts(checkpoint: Path) -> dict[str, str]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(checkpoint, framework="numpy") as file:
            return {
                name: file.get_tensor(name).tobytes().decode(errors="replace")
                for name in {ENCODE, STEP, SCORE} & set(file.keys())
            }
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{checkpoint}: cannot be read as safetensors: {error}") from error


def has_graphs(checkpoint: Path) -> bool:
    """Tell whether a checkpoint was exported.

    Raises:
        ModelError: the file cannot be read as safetensors.
    """
    return {ENCODE, STEP} <= set(_texts(checkpoint))


def with_graphs(checkpoint: Path) -> Path:
    """Return a checkpoint that has graphs: itself, or its exported copy in the cache.

    Making the copy needs torch and takes some seconds, once for each checkpoint.

    Raises:
        ModelError: the checkpoint cannot be read or exported.
        MissingExtraError: there is no torch.
        OutputError: the cache folder cannot be written.
    """
    if has_graphs(checkpoint):
        return checkpoint
    name = f"{checkpoint.stem}-{checkpoint_hash(checkpoint)[:12]}.safetensors"
    copy = cache_folder() / "graphs" / name
    if not copy.is_file():
        import_extra("torch", "torch")
        from vidcap.captioning.export import export_checkpoint

        export_checkpoint(checkpoint, copy)
    return copy


def read_graphs(checkpoint: Path) -> Graphs:
    """Read the graphs that are in an exported checkpoint.

    Raises:
        ModelError: the checkpoint holds none, or this OpenVINO cannot read them.
    """
    from vidcap.captioning.runtimes.openvino_graph import read

    texts = _texts(checkpoint)
    if not {ENCODE, STEP} <= set(texts):
        raise ModelError(f"{checkpoint}: holds no graphs; pipelines/export.py makes some")
    with checkpoint.open("rb") as file:
        first = 8 + int.from_bytes(file.read(8), "little")
    # Copy on write: OpenVINO takes no read-only memory, and writes none.
    weights = np.memmap(checkpoint, dtype=np.uint8, mode="c", offset=first)
    try:
        score = read(texts[SCORE], weights) if SCORE in texts else None
        return Graphs(read(texts[ENCODE], weights), read(texts[STEP], weights), score, weights)
    except ModelError as error:
        raise ModelError(f"{checkpoint}: {error}") from error
