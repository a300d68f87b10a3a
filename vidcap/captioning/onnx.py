"""A captioner's two halves in other programs' files: ONNX, and torch.export's for the GPU.

Both halves take any number of pictures and rows; see the decoder's ``prepare`` and ``step`` for
what goes in and out.  vidcap itself reads neither kind of file when it captions.
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from vidcap.captioning.decoding.beam_search import Step
from vidcap.captioning.decoding.vocabulary import START
from vidcap.captioning.export import example_inputs
from vidcap.captioning.networks.model import CaptionModel, Stepping, load_model
from vidcap.captioning.runtimes.base import EncodedImage, Runtime, stepping
from vidcap.errors import ModelError
from vidcap.extras import import_extra
from vidcap.files import replacing

Half = Callable[..., Sequence[NDArray[Any]]]


def _programs(model: CaptionModel, picture_size: int) -> tuple[Any, Any]:
    """Trace both halves for any number of pictures and of rows."""
    pictures, inputs = example_inputs(model, picture_size)
    free = {0: torch.export.Dim.DYNAMIC}  # a fresh size for each; tracing finds which are equal
    encode = torch.export.export(model, (pictures,), dynamic_shapes=(free,))
    shapes = (free, tuple(free for _ in inputs[1:]))
    step = torch.export.export(Stepping(model.decoder).eval(), inputs, dynamic_shapes=shapes)
    return encode, step


def _export(checkpoint: Path, folder: Path, suffix: str) -> tuple[Path, Path, CaptionModel, Any]:
    model, manifest = load_model(checkpoint)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what tracing makes constant
            programs = _programs(model, manifest.picture_size)
    except Exception as error:  # torch's exporters raise all sorts
        raise ModelError(f"{checkpoint}: cannot be traced: {error}") from error
    encode, step = (folder / f"{checkpoint.stem}-{half}{suffix}" for half in ("encode", "step"))
    return encode, step, model, programs


def write_torch_export(checkpoint: Path, folder: Path) -> tuple[Path, Path]:
    """Write both halves as torch.export programs (``.pt2``), in float32.

    Load such files only if you made them: unlike a checkpoint they can hold code.

    Raises:
        ModelError: the checkpoint cannot be read or traced.
        OutputError: the folder cannot be written.
    """
    encode, step, _, programs = _export(checkpoint, folder, ".pt2")
    for path, program in zip((encode, step), programs, strict=True):
        with replacing(path) as scratch:
            torch.export.save(program, scratch)
    return encode, step


def write_onnx(checkpoint: Path, folder: Path) -> tuple[Path, Path]:
    """Write both halves as ONNX, in float32; needs the ``export`` extra.

    Inputs and outputs are called ``pictures``, ``words``, ``memory_0``..., ``state_0``...,
    ``log_probabilities``, ``attention``; the state that a step leaves, ``next_0``...; facts of
    pictures that no step takes, ``facts_0``.

    Raises:
        ModelError: the checkpoint cannot be read or turned into ONNX.
        MissingExtraError: a package is missing.
        OutputError: the folder cannot be written.
    """
    for module in ("onnx", "onnxscript"):
        import_extra(module, "export")
    encode, step, model, programs = _export(checkpoint, folder, ".onnx")
    kept, state = model.decoder.memory_count, model.decoder.state_count
    facts = [
        f"facts_{i}" for i in range(len(programs[0].graph_signature.user_outputs) - kept - state)
    ]
    held = [f"memory_{i}" for i in range(kept)] + [f"state_{i}" for i in range(state)]
    after = [f"next_{i}" for i in range(state)]
    names = (
        (["pictures"], [*held, *facts]),
        (["words", *held], ["log_probabilities", *after, "attention"]),
    )
    for path, program, (inputs, outputs) in zip((encode, step), programs, names, strict=True):
        try:
            with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
                warnings.simplefilter("ignore")
                made = torch.onnx.export(
                    program, dynamo=True, input_names=inputs, output_names=outputs, verbose=False
                )
        except Exception as error:  # as above
            raise ModelError(f"{checkpoint}: cannot be turned into ONNX: {error}") from error
        assert made is not None
        with replacing(path) as scratch:
            made.save(scratch)
    return encode, step


def _onnx_half(path: Path, threads: int) -> Half:
    onnxruntime = import_extra("onnxruntime", "export")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [entry.name for entry in session.get_inputs()]

    def run(*inputs: NDArray[Any]) -> Sequence[NDArray[Any]]:
        outputs: Sequence[NDArray[Any]] = session.run(None, dict(zip(names, inputs, strict=True)))
        return outputs

    return run


def _torch_half(path: Path) -> Half:
    module: nn.Module = torch.export.load(path).module()

    def run(*inputs: NDArray[Any]) -> Sequence[NDArray[Any]]:
        with torch.inference_mode():
            return [part.numpy() for part in module(*map(torch.from_numpy, inputs))]

    return run


class HalvesRuntime:
    """Runs two exported halves as a run time, to hold them to the checkpoint they came from."""

    def __init__(
        self, name: str, encode: Half, step: Half, *, memory_count: int, state_count: int
    ) -> None:
        self.name = name
        self.group = 16
        self._encode = encode
        self._step = step
        self._memory_count = memory_count
        self._state_count = state_count

    def encode(self, pictures: Iterable[NDArray[np.uint8]]) -> Iterator[EncodedImage]:
        """Encode pictures in batches of ``group``."""
        waiting = iter(pictures)
        while batch := list(islice(waiting, self.group)):
            arrays = self._encode(np.stack(batch))
            for index in range(len(batch)):
                outputs = [array[index] for array in arrays]
                yield EncodedImage.from_outputs(outputs, self._memory_count, self._state_count)

    def steps(self, images: Sequence[EncodedImage], *, beams: int) -> Step:
        """Begin to decode encoded pictures together; any number of rows will do."""
        return stepping(self._step, images)


def load_onnx(
    encode: Path, step: Path, *, memory_count: int, state_count: int, threads: int = 0
) -> HalvesRuntime:
    """Load what :func:`write_onnx` wrote; ``threads`` 0 leaves their number to onnxruntime."""
    halves = _onnx_half(encode, threads), _onnx_half(step, threads)
    return HalvesRuntime("onnxruntime", *halves, memory_count=memory_count, state_count=state_count)


def load_torch_export(
    encode: Path, step: Path, *, memory_count: int, state_count: int
) -> HalvesRuntime:
    """Load what :func:`write_torch_export` wrote; only files that you made yourself."""
    halves = _torch_half(encode), _torch_half(step)
    return HalvesRuntime(
        "torch.export", *halves, memory_count=memory_count, state_count=state_count
    )


def largest_differences(
    reference: Runtime,
    other: Runtime,
    pictures: Sequence[NDArray[np.uint8]],
    *,
    beams: int = 3,
    steps: int = 6,
) -> dict[str, float]:
    """Run two run times over the same pictures and words, and return how far they are apart.

    The words are the reference's likeliest, a different rank for each row.

    Returns:
        the largest absolute differences of what ``encode`` gives, of the ``log_probabilities``
        and of the ``attention`` weights over so many steps.
    """
    count = min(reference.group, other.group)
    given = list(pictures[:count]) + [pictures[0]] * (count - len(pictures))
    both = [list(runtime.encode(given)) for runtime in (reference, other)]
    found = {
        "encode": max(
            float(np.abs(a - b).max())
            for one, two in zip(*both, strict=True)
            for a, b in zip((*one.memory, *one.state), (*two.memory, *two.state), strict=True)
        ),
        "log_probabilities": 0.0,
        "attention": 0.0,
    }
    moves = [
        runtime.steps(prepared, beams=beams)
        for runtime, prepared in zip((reference, other), both, strict=True)
    ]
    rows = np.repeat(np.arange(count), beams)
    words = np.full(len(rows), START, dtype=np.int64)
    for _ in range(steps):
        outputs = [move(words, rows) for move in moves]
        for name, a, b in zip(("log_probabilities", "attention"), *outputs, strict=True):
            found[name] = max(found[name], float(np.abs(a - b).max()))
        rows = np.arange(len(rows))
        ranked = np.argsort(-outputs[0][0], axis=1)
        words = ranked[rows, rows % beams].astype(np.int64)
    return found
