"""Exporting a checkpoint: folded, its weights in fewer bits where asked, its graphs inside.

int8 follows Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", CVPR 2018: symmetric weights with a scale for each output
channel; for activations, ranges measured on sample pictures.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vidcap.captioning.checkpoint import SCALE, checkpoint_hash, unpack, write_checkpoint
from vidcap.captioning.networks.encoders import fold_batch_norm
from vidcap.captioning.networks.model import CaptionModel, Scoring, Stepping, load_model
from vidcap.captioning.runtimes import openvino_graph
from vidcap.captioning.runtimes.graphs import CONSTANTS, ENCODE, SCORE, STEP
from vidcap.errors import ModelError
from vidcap.extras import import_extra

# Smaller constants are stored as the graphs have them.
_WORTH_SHARING = 1024


def export_checkpoint(
    source: Path,
    target: Path,
    *,
    precision: str = "exact",
    pictures: Sequence[NDArray[np.uint8]] = (),
) -> None:
    """Write a checkpoint with its graphs inside, which runs without torch and without the cache.

    BatchNorm is folded into the convolutions.  Then weights are kept ``exact``, with float16 where
    it loses nothing; or rounded to ``float16``; or matrices to ``int8``, and the encoder's
    activations too.

    Args:
        source: a checkpoint.
        target: where to; the source itself is allowed.
        precision: ``exact``, ``float16`` or ``int8``.
        pictures: for ``int8``, squashed pictures of the kind it is to describe, a few hundred.

    Raises:
        ModelError: the checkpoint cannot be read or turned into graphs.
        MissingExtraError: int8 needs the packages of the ``export`` extra.
        OutputError: the target cannot be written.
    """
    if precision == "int8" and not pictures:
        raise ModelError("int8 needs pictures to measure the ranges of activations on")
    model, manifest = load_model(source)
    with torch.no_grad():
        fold_batch_norm(model.encoder)
    stored = _stored(model, precision)
    model.load_state_dict(unpack(stored))
    try:
        graphs = _convert(model, manifest.picture_size)
        if precision == "int8":
            graphs[ENCODE] = _quantise(graphs[ENCODE], pictures)
    except RuntimeError as error:
        raise ModelError(f"{source}: cannot be turned into graphs: {error}") from error
    for graph in graphs.values():
        _share(graph, stored)
    written = {
        "precision": precision,
        "source": checkpoint_hash(source),
        **({"pictures": len(pictures)} if precision == "int8" else {}),
    }
    manifest = replace(manifest, training={**manifest.training, "export": written})
    tensors = _embed(stored, graphs)
    write_checkpoint(target, manifest, tensors, half=False)


def _stored(model: CaptionModel, precision: str) -> dict[str, Tensor]:
    """Return the model's tensors in the types that the file is to hold."""
    matrices = {name for name, part in model.named_parameters() if part.dim() > 1}
    stored: dict[str, Tensor] = {}
    for name, tensor in model.state_dict().items():
        if not tensor.is_floating_point():
            stored[name] = tensor.clone()
            continue
        half = tensor.half()
        if precision == "int8" and name in matrices:
            largest = tensor.abs().flatten(1).amax(1)
            # nncf's rule for channels that are all but dead; by another it would round anew.
            scale = largest.clamp(min=max(8e-5, 0.01 * float(largest.max()))) / 127
            stored[name + SCALE] = scale
            stored[name] = (tensor / scale.view(-1, *[1] * (tensor.dim() - 1))).round().char()
        elif precision != "exact" or torch.equal(half.float(), tensor):
            stored[name] = half
        else:
            stored[name] = tensor.clone()
    return stored


def example_inputs(model: CaptionModel, picture_size: int) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Return inputs to trace with: two pictures, and those of a step with three rows a picture.

    Sizes that coincide could be taken for one another.
    """
    pictures = torch.zeros(2, picture_size, picture_size, 3, dtype=torch.uint8)
    kept = model.decoder.memory_count
    with torch.no_grad():
        # Copies: of a view torch.export would remember what it is a view of.
        prepared = [part.clone(memory_format=torch.contiguous_format) for part in model(pictures)]
    moving = prepared[kept : kept + model.decoder.state_count]
    state = (part.repeat_interleave(3, 0) for part in moving)
    return pictures, (torch.zeros(6, dtype=torch.long), *prepared[:kept], *state)


def _convert(model: CaptionModel, picture_size: int) -> dict[str, Any]:
    pictures, inputs = example_inputs(model, picture_size)
    shapes = [[-1, *part.shape[1:]] for part in inputs]
    graphs = {
        ENCODE: openvino_graph.convert(model, [pictures], [[-1, *pictures.shape[1:]]]),
        STEP: openvino_graph.convert(Stepping(model.decoder), inputs, shapes),
    }
    if model.decoder.reads_whole:
        memory = 1 + model.decoder.memory_count
        given = torch.zeros(5, dtype=torch.long), torch.arange(5), torch.ones(5, 5).tril().bool()
        graphs[SCORE] = openvino_graph.convert(
            Scoring(model.decoder),
            [*given, *inputs[1:memory]],
            [[-1], [-1], [-1, -1], *shapes[1:memory]],
        )
    return graphs


def _quantise(encode: Any, pictures: Sequence[NDArray[np.uint8]]) -> Any:
    """Give the encoder int8 activations, whose ranges are those on the pictures."""
    openvino_graph.import_openvino()  # so that nncf finds no telemetry either
    nncf = import_extra("nncf", "export")
    nncf.set_log_level(40)
    with contextlib.redirect_stdout(sys.stderr):  # for its progress
        return nncf.quantize(
            encode,
            nncf.Dataset([picture[None] for picture in pictures]),
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=len(pictures),
        )


def _share(graph: Any, stored: Mapping[str, Tensor]) -> None:
    """Replace a graph's float32 weights by the stored ones and what makes float32 of them."""
    openvino_graph.import_openvino()
    from openvino import opset13 as operations

    known = {value.numpy().tobytes(): name for name, value in unpack(stored).items()}
    for node in graph.get_ordered_ops():
        if node.get_type_name() != "Constant" or node.get_byte_size() < _WORTH_SHARING:
            continue
        name = known.get(np.ascontiguousarray(node.data).tobytes())
        if name is None or stored[name].dtype not in (torch.float16, torch.int8):
            continue
        shape = list(node.shape)
        new = operations.convert(operations.constant(stored[name].numpy().reshape(shape)), "f32")
        if name + SCALE in stored:
            scale = stored[name + SCALE].numpy().reshape(-1, *[1] * (len(shape) - 1))
            new = operations.multiply(new, operations.constant(scale))
        node.output(0).replace(new.output(0))


def _embed(stored: Mapping[str, Tensor], graphs: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return the file's tensors: weights, the graphs, whose offsets point to them, and the rest."""
    from safetensors.torch import save

    own = {tensor.contiguous().numpy().tobytes(): name for name, tensor in stored.items()}
    trees: dict[str, ElementTree.Element] = {}
    places: list[tuple[ElementTree.Element, str, int]] = []  # entry, tensor, offset in it
    rest = bytearray()
    seen: dict[bytes, int] = {}
    for key, graph in graphs.items():
        trees[key], constants = _serialise(graph)
        for entry, value in constants:
            name = own.get(value) if len(value) >= _WORTH_SHARING else None
            if name is None and value not in seen:
                seen[value] = len(rest)
                rest += value + bytes(-len(value) % 8)
            places.append((entry, name or CONSTANTS, 0 if name else seen[value]))
    # As int64, so that safetensors aligns it as the graphs' own int64 constants need it.
    tensors = {**stored, CONSTANTS: torch.frombuffer(rest, dtype=torch.int64)}
    file = save({name: tensor.contiguous() for name, tensor in tensors.items()})
    layout = json.loads(file[8 : 8 + int.from_bytes(file[:8], "little")])
    for entry, name, offset in places:
        entry.set("offset", str(layout[name]["data_offsets"][0] + offset))
    for key, tree in trees.items():
        text = b'<?xml version="1.0"?>' + ElementTree.tostring(tree)
        # Bytes come last in a safetensors file: the offsets above stay right.
        tensors[key] = torch.frombuffer(bytearray(text), dtype=torch.uint8)
    return tensors


def _serialise(graph: Any) -> tuple[ElementTree.Element, list[tuple[ElementTree.Element, bytes]]]:
    """Return a graph as IR, and each entry that names a constant with the constant's bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.xml"
        openvino_graph.import_openvino().save_model(graph, path, compress_to_fp16=False)
        tree = ElementTree.parse(path).getroot()  # noqa: S314 - OpenVINO has just written it
        weights = path.with_suffix(".bin").read_bytes()
    # How it was converted, with paths of this machine, and names that count what this process
    # converted before: the same checkpoint is to give the same bytes.
    for story in tree.findall("rt_info"):
        tree.remove(story)
    tree.set("name", "graph")
    for layer in tree.iterfind("layers/layer"):
        layer.set("name", layer.get("type", "") + layer.get("id", ""))
        for port in layer.iterfind("output/port"):
            port.attrib.pop("names", None)
        for about in layer.iterfind("rt_info"):
            for attribute in about.findall("attribute[@name='fused_names']"):
                about.remove(attribute)
    constants = []
    for entry in tree.iterfind("layers/layer[@type='Const']/data"):
        offset, size = int(entry.get("offset", 0)), int(entry.get("size", 0))
        constants.append((entry, weights[offset : offset + size]))
    return tree, constants
