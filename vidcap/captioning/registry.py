"""Captioners by name."""

from __future__ import annotations

import ctypes.util
from dataclasses import dataclass
from pathlib import Path

from vidcap.captioning.beam import BeamSettings
from vidcap.captioning.captioner import Captioner, CheckpointCaptioner
from vidcap.captioning.checkpoint import read_manifest
from vidcap.errors import ModelError, UsageError

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
        "show-attend-tell",
        _FOLDER / "show-attend-tell.safetensors",
        "EfficientNet-Lite2, LSTM with soft attention, trained on Flickr8k",
    ),
)
DEFAULT = "show-attend-tell"


def shipped_captioners() -> tuple[Shipped, ...]:
    """Return the captioners that come with vidcap; the default's name is ``DEFAULT``."""
    return _SHIPPED


def _checkpoint(name: str) -> Path:
    wanted = DEFAULT if name == "default" else name
    for shipped in _SHIPPED:
        if shipped.name == wanted:
            return shipped.file
    if name.endswith(".safetensors"):
        return Path(name)
    known = ", ".join(shipped.name for shipped in _SHIPPED)
    raise ModelError(
        f"no captioner is named {name!r}; choose one of {known}, or a .safetensors checkpoint"
    )


def cuda_is_ready() -> bool:
    """Tell whether torch can use a CUDA device; torch is imported only where a driver is."""
    if not (ctypes.util.find_library("cuda") or ctypes.util.find_library("nvcuda")):
        return False
    import torch

    return torch.cuda.is_available()


def load_captioner(
    name: str = "default", *, device: str = "auto", threads: int = 0, batch_size: int = 16
) -> Captioner:
    """Load a captioner.

    Args:
        name: ``default``, the name of a shipped captioner, or the path of a ``.safetensors``
            checkpoint of vidcap.
        device: ``cpu`` (OpenVINO), ``cuda`` (torch), or ``auto``: CUDA where there is one.
        threads: processor threads; 0 for all.
        batch_size: pictures decoded together on CUDA.  On the CPU this number is fixed, so that
            results do not depend on it.

    Raises:
        UsageError: ``device``, ``threads`` or ``batch_size`` cannot be used.
        ModelError: there is no such captioner or device, or its files are damaged.
    """
    if device not in DEVICES:
        raise UsageError(f"device {device!r} is not one of {', '.join(DEVICES)}")
    if threads < 0:
        raise UsageError(f"threads {threads} is below 0")
    if batch_size < 1:
        raise UsageError(f"batch size {batch_size} is below 1")
    checkpoint = _checkpoint(name)
    manifest = read_manifest(checkpoint)
    beam = BeamSettings(**manifest.beam)
    shown = DEFAULT if name == "default" else name
    if device == "cuda" and not cuda_is_ready():
        raise ModelError("device 'cuda': no CUDA device that torch can use; try --device cpu")
    if device == "cuda" or (device == "auto" and cuda_is_ready()):
        from vidcap.captioning.model import load_model
        from vidcap.captioning.torch_runtime import TorchRuntime

        model, _ = load_model(checkpoint)
        gpu = TorchRuntime(model, device="cuda", group=batch_size, threads=threads)
        return CheckpointCaptioner(shown, checkpoint, manifest, gpu, beam)
    from vidcap.captioning.graphs import read_graphs, with_graphs
    from vidcap.captioning.openvino_runtime import OpenVinoRuntime

    cpu = OpenVinoRuntime(
        read_graphs(with_graphs(checkpoint)),
        picture_size=manifest.picture_size,
        group=_CPU_GROUP,
        beams=beam.size,
        threads=threads,
    )
    return CheckpointCaptioner(shown, checkpoint, manifest, cpu, beam)
