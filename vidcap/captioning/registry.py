"""Captioners by name."""

from __future__ import annotations

import ctypes.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vidcap.captioning.captioner import Captioner, CheckpointCaptioner
from vidcap.captioning.checkpoint import read_manifest
from vidcap.captioning.decoding.beam_search import BeamSettings
from vidcap.captioning.decoding.vocabulary import Vocabulary
from vidcap.errors import MissingExtraError, ModelError, UsageError
from vidcap.extras import import_extra

DEVICES = ("auto", "cpu", "cuda")
_FOLDER = Path(__file__).parent / "models"
# Pictures decoded together on the CPU, always: results must not depend on a batch size.
_CPU_GROUP = 16


@dataclass(frozen=True, slots=True)
class Shipped:
    """A captioner that comes with vidcap."""

    name: str
    file: Path
    about: str


_SHIPPED = (
    Shipped(
        "transformer",
        _FOLDER / "transformer.safetensors",
        "EfficientNet-Lite2, Transformer over its regions, trained on Flickr8k",
    ),
    Shipped(
        "show-attend-tell",
        _FOLDER / "show-attend-tell.safetensors",
        "EfficientNet-Lite2, LSTM with soft attention, trained on Flickr8k",
    ),
    Shipped(
        "fast",
        _FOLDER / "fast.safetensors",
        "EfficientNet-Lite0, smaller Transformer, int8: a third of the time, 0.92 of the score",
    ),
)
DEFAULT = "transformer"


def shipped_captioners() -> tuple[Shipped, ...]:
    """Return the captioners that come with vidcap; the default's name is ``DEFAULT``."""
    return _SHIPPED


def checkpoint_path(name: str) -> Path:
    """Return the file of one of vidcap's own captioners, by its name or its path.

    Raises:
        ModelError: there is no such captioner.
    """
    wanted = DEFAULT if name == "default" else name
    for shipped in _SHIPPED:
        if shipped.name == wanted:
            return shipped.file
    if name.endswith(".safetensors"):
        return Path(name)
    known = ", ".join(shipped.name for shipped in _SHIPPED)
    raise ModelError(
        f"no captioner is named {name!r}; choose one of {known}, a .safetensors checkpoint, "
        "hf:NAME_OR_FOLDER or openai:URL#MODEL"
    )


def cuda_is_ready() -> bool:
    """Tell whether torch is there and can use CUDA; it is imported only where a driver is."""
    if not (ctypes.util.find_library("cuda") or ctypes.util.find_library("nvcuda")):
        return False
    try:
        torch = import_extra("torch", "torch")
    except MissingExtraError:
        return False
    return bool(torch.cuda.is_available())


def uses_cuda(device: str) -> bool:
    """Tell whether a captioner that is loaded for a device, one of ``DEVICES``, runs on CUDA."""
    return device == "cuda" or (device == "auto" and cuda_is_ready())


def load_captioner(
    name: str = "default",
    *,
    device: str = "auto",
    threads: int = 0,
    batch_size: int = 16,
    prompt: str | None = None,
    downloaded: Callable[[int, int], None] | None = None,
    sized: Callable[[tuple[int, int]], None] | None = None,
) -> Captioner:
    """Load a captioner.

    Args:
        name: ``default``, the name of a shipped captioner, the path of a ``.safetensors``
            checkpoint of vidcap, ``hf:`` with the folder or name of a Hugging Face model, or
            ``openai:URL#MODEL`` for a model behind a server that speaks OpenAI's protocol.
        device: ``cpu`` (OpenVINO; torch for ``hf:``), ``cuda`` (torch), or ``auto``: CUDA where
            there is one.  A server computes where it wants.
        threads: processor threads; 0 for all.
        batch_size: pictures decoded together on CUDA, and by ``hf:`` everywhere; a batch that is
            not full is filled up.  vidcap's own captioners have a number of their own on the CPU,
            so that results do not depend on this one.
        prompt: what to ask the model, or how its sentence begins, for ``hf:`` and ``openai:``.
        downloaded: called while a model is downloaded with the bytes that are there and the bytes
            that are wanted, as far as they are known; where nobody listens bars are drawn.
        sized: called with the captioner's ``picture_size`` if that is known some time before the
            captioner is loaded, so that a film can be opened meanwhile.

    Raises:
        UsageError: ``device``, ``threads``, ``batch_size`` or ``prompt`` cannot be used.
        ModelError: there is no such captioner or device, or its files are damaged.
        MissingExtraError: ``hf:``, ``cuda`` or a checkpoint without graphs needs an extra that is
            not installed.
    """
    if device not in DEVICES:
        raise UsageError(f"device {device!r} is not one of {', '.join(DEVICES)}")
    if threads < 0:
        raise UsageError(f"threads {threads} is below 0")
    if batch_size < 1:
        raise UsageError(f"batch size {batch_size} is below 1")
    if prompt is not None and not prompt.strip():
        raise UsageError("prompt is empty; say what to ask the model, or leave it out")
    if name.startswith("openai:"):
        from vidcap.captioning.adapters.openai import load_openai

        return load_openai(name, batch_size=batch_size, prompt=prompt)
    if device == "cuda":
        import_extra("torch", "torch")
    if device == "cuda" and not cuda_is_ready():
        raise ModelError("device 'cuda': no CUDA device that torch can use; try --device cpu")
    if name.startswith("hf:"):
        from vidcap.captioning.adapters.huggingface import load_huggingface

        place = "cuda" if uses_cuda(device) else "cpu"
        return load_huggingface(
            name,
            device=place,
            threads=threads,
            batch_size=batch_size,
            prompt=prompt,
            downloaded=downloaded,
        )
    if prompt is not None:
        raise UsageError(
            f"captioner {name!r} takes no prompt; leave --prompt out, or use one of "
            "hf:NAME_OR_FOLDER and openai:URL#MODEL"
        )
    checkpoint = checkpoint_path(name)
    manifest = read_manifest(checkpoint)
    if sized is not None:
        sized((manifest.picture_size, manifest.picture_size))
    beam = BeamSettings(**manifest.beam)
    shown = DEFAULT if name == "default" else name
    if uses_cuda(device):
        from vidcap.captioning.networks.model import load_model
        from vidcap.captioning.runtimes.torch import TorchRuntime

        model, _ = load_model(checkpoint)
        gpu = TorchRuntime(model, device="cuda", group=batch_size, threads=threads)
        return CheckpointCaptioner(shown, checkpoint, manifest, gpu, beam)
    from vidcap.captioning.runtimes.graphs import read_graphs, with_graphs
    from vidcap.captioning.runtimes.openvino import OpenVinoRuntime

    graphs = read_graphs(with_graphs(checkpoint))
    known = len(Vocabulary(manifest.vocabulary))
    for graph in (graphs.step, graphs.score):
        told = None if graph is None else graph.output(0).get_partial_shape()[-1]
        if told is not None and told.is_static and told.get_length() != known:
            raise ModelError(
                f"{checkpoint}: its graphs know {told.get_length()} words and its header {known}; "
                "they do not belong together"
            )
    cpu = OpenVinoRuntime(
        graphs,
        picture_size=manifest.picture_size,
        group=_CPU_GROUP,
        beams=beam.size,
        threads=threads,
    )
    return CheckpointCaptioner(shown, checkpoint, manifest, cpu, beam)
