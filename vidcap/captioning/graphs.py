"""The graph files of a checkpoint: where they lie, and making them.

A checkpoint has two graphs: ``encode`` takes a picture to all that the decoder needs of it, and
``step`` reads one word a row and predicts the next.  They bear the first letters of a
hash of its weights and architecture in their names, so that the graphs of another version are never
taken for its own, and a calibration fitted later leaves them valid.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from vidcap.captioning.checkpoint import network_hash
from vidcap.errors import ModelError, OutputError


@dataclass(frozen=True, slots=True)
class GraphFiles:
    """The two ``.xml`` files; the weights lie beside them as ``.bin``."""

    encode: Path
    step: Path

    def complete(self) -> bool:
        """Tell whether all four files are there."""
        return all(
            file.is_file()
            for path in (self.encode, self.step)
            for file in (path, path.with_suffix(".bin"))
        )


def _names(folder: Path, checkpoint: Path) -> GraphFiles:
    stem = f"{checkpoint.stem}-{network_hash(checkpoint)[:12]}"
    return GraphFiles(folder / f"{stem}-encode.xml", folder / f"{stem}-step.xml")


def cache_folder() -> Path:
    """Return the user's cache folder of vidcap, as the platform has it."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "vidcap"


def graph_files(checkpoint: Path) -> GraphFiles:
    """Return a checkpoint's graphs: those beside it, else those in the cache, made if need be.

    Making them needs torch and takes some seconds, once for each checkpoint.

    Raises:
        ModelError: the checkpoint cannot be read.
        OutputError: the cache folder cannot be written.
    """
    beside = _names(checkpoint.parent, checkpoint)
    if beside.complete():
        return beside
    folder = cache_folder() / "graphs"
    cached = _names(folder, checkpoint)
    if not cached.complete():
        build_graphs(checkpoint, folder)
    return cached


def build_graphs(checkpoint: Path, folder: Path) -> GraphFiles:
    """Make the graphs of a checkpoint in a folder.

    Raises:
        ModelError: the checkpoint cannot be read or converted.
        OutputError: the folder cannot be written.
    """
    import torch

    from vidcap.captioning import openvino
    from vidcap.captioning.model import Stepping, load_model

    model, manifest = load_model(checkpoint)
    size = manifest.picture_size
    # Two pictures with three rows each: sizes that coincide could be taken for one another.
    pictures = torch.zeros(2, size, size, 3, dtype=torch.uint8)
    kept = model.decoder.memory_count
    with torch.no_grad():
        prepared = model(pictures)
    inputs = (
        torch.zeros(6, dtype=torch.long),
        *prepared[:kept],
        *(part.repeat_interleave(3, 0) for part in prepared[kept:]),
    )
    files = _names(folder, checkpoint)
    try:
        encode = openvino.convert(model, [pictures], [[-1, *pictures.shape[1:]]])
        step = openvino.convert(
            Stepping(model.decoder), inputs, [[-1, *part.shape[1:]] for part in inputs]
        )
    except RuntimeError as error:
        raise ModelError(f"{checkpoint}: cannot be turned into graphs: {error}") from error
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".vidcap-") as scratch:
            # Converting folds BatchNorm into the convolutions: rounded to float16 again, these
            # weights changed 1.5 % of the captions.  The step's weights are the checkpoint's.
            for graph, target, half in ((encode, files.encode, False), (step, files.step, True)):
                made = Path(scratch) / target.name
                openvino.save(graph, made, half=half)
                # The .xml goes last: where it is, its weights are.
                shutil.move(made.with_suffix(".bin"), target.with_suffix(".bin"))
                shutil.move(made, target)
    except OSError as error:
        raise OutputError(f"{folder}: graphs cannot be written: {error.strerror}") from error
    return files
