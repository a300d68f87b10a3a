"""Read and write a captioner as one safetensors file with a JSON header.

The header alone (:func:`read_manifest`) tells everything that is not a weight and needs no torch.
How sure captions are may stand in a file beside it instead (:func:`calibration_path`), so that
calibrating anew leaves the checkpoint and its hash as they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidcap.captioning.confidence import FACT_FEATURES, Calibration
from vidcap.captioning.decoding.beam_search import BeamSettings
from vidcap.captioning.decoding.constraints import PARTS
from vidcap.captioning.decoding.vocabulary import Vocabulary
from vidcap.errors import ModelError
from vidcap.files import replacing, write_atomically

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = 1
# Prefix of the tensors that hold graphs, not weights: see vidcap/captioning/runtimes/graphs.py
GRAPHS = "graphs."
SCALE = ".scale"
CALIBRATION_SUFFIX = ".calibration.json"
_CALIBRATIONS = ("calibration", "scene_calibration")
_DAMAGES = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
_KINDS: Mapping[str, type] = {
    "encoder": str,
    "decoder": str,
    "decoder_config": dict,
    "picture_size": int,
    "beam": dict,
    "training": dict,
    "versions": dict,
    "phrases": str,
}
_MOST_LAYERS, _WIDEST = 64, 16_384
# The most is far beyond what is of use: it keeps a damaged header from asking for all memory.
_BEAM: Mapping[str, tuple[int, int]] = {
    "size": (1, 64),
    "max_words": (1, 256),
    "min_words": (0, 256),
    "length_penalty": (0, 10),
    "no_repeat": (0, 256),
}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a checkpoint says of itself.

    Attributes:
        encoder: name of the encoder (:func:`vidcap.captioning.networks.encoders.encoder_names`).
        decoder: name of the decoder's architecture.
        decoder_config: the decoder's sizes.
        vocabulary: the words, without the special ones.
        picture_size: side in pixels of the squashed pictures the encoder was trained on.
        beam: search settings the scores were measured with.
        training: how it was trained: data, schedule, scores.
        versions: software it was made with.
        calibration: how sure its captions are; None where nobody has worked that out.
        scene_calibration: how sure the sentences are that it tells several pictures in; None where
            nobody has worked that out.
        things: for each everyday noun that it recognises the words that name it, the noun itself
            first; empty where it reads no recognised things.
        phrases: a letter a word, its part in noun phrases
            (:mod:`vidcap.captioning.decoding.constraints`); empty where nobody has worked that out.
    """

    encoder: str
    decoder: str
    decoder_config: Mapping[str, Any]
    vocabulary: tuple[str, ...]
    picture_size: int
    beam: Mapping[str, Any]
    training: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    calibration: Calibration | None = None
    scene_calibration: Calibration | None = None
    things: tuple[tuple[str, ...], ...] = ()
    phrases: str = ""

    def to_json(self) -> str:
        """Return the manifest as it stands in the file's header."""
        values: dict[str, Any] = {"format": FORMAT}
        values.update({name: getattr(self, name) for name in self.__dataclass_fields__})
        for name in _CALIBRATIONS:
            fitted = values.pop(name)
            if fitted:
                values[name] = fitted.to_mapping()
        for name in ("things", "phrases"):
            if not values[name]:
                del values[name]
        return json.dumps(values, sort_keys=True, ensure_ascii=False)


def _check_calibrations(manifest: Manifest) -> None:
    """Make sure that calibrations find what they stand on.

    Raises:
        ValueError: saying what is not there.
    """
    for calibration in filter(None, (manifest.calibration, manifest.scene_calibration)):
        if not manifest.things and not FACT_FEATURES.isdisjoint(calibration.features):
            raise ValueError("calibration: there are no things for it to stand on")
        parts, width = len(calibration.prospect), manifest.decoder_config.get("width")
        if parts and parts != width:
            raise ValueError(
                f"calibration: prospect has {parts} parts, but directions have {width}"
            )


def _parse(path: Path, text: str | None) -> Manifest:
    if text is None:
        raise ModelError(f"{path}: not a vidcap checkpoint: its header holds no 'vidcap' entry")
    try:
        values = json.loads(text)
        written = values.pop("format")
        if written != FORMAT:
            raise ModelError(
                f"{path}: checkpoint format {written}, but this vidcap reads format {FORMAT}; "
                "use a matching version of vidcap"
            )
        words = values.pop("vocabulary")
        if not all(isinstance(word, str) for word in words):
            raise ValueError("a word of the vocabulary is not text")
        size = len(Vocabulary(words))
        for name in _CALIBRATIONS:
            if name in values:
                values[name] = Calibration.from_mapping(values[name], vocabulary_size=size)
        values["things"] = tuple(tuple(map(str, forms)) for forms in values.get("things", ()))
        manifest = Manifest(vocabulary=tuple(words), **values)
        _check_kinds(manifest)
        if not 1 <= int(manifest.picture_size) <= 4096:
            raise ValueError(f"picture_size {manifest.picture_size} is not from 1 to 4096")
        _check_calibrations(manifest)
        if manifest.phrases and len(manifest.phrases) != len(words):
            raise ValueError(f"phrases: {len(manifest.phrases)} letters for {len(words)} words")
        if not set(manifest.phrases) <= set(PARTS):
            raise ValueError(f"phrases: holds other letters than {PARTS}")
    except _DAMAGES as error:
        raise ModelError(f"{path}: the checkpoint's header is damaged: {error}") from error
    return manifest


def _check_kinds(manifest: Manifest) -> None:
    """Make sure that a header's values are of the kinds that its readers take them for.

    Raises:
        ValueError, TypeError: naming the one that is not.
    """
    for name, kind in _KINDS.items():
        if not isinstance(getattr(manifest, name), kind):
            raise ValueError(f"{name} is {getattr(manifest, name)!r:.60}")
    for name, value in manifest.decoder_config.items():
        most = _MOST_LAYERS if name.endswith("layers") else _WIDEST
        if isinstance(value, int | float) and not 0 <= value <= most:
            raise ValueError(f"decoder_config {name} is {value!r:.60}, not from 0 to {most}")
    beam = BeamSettings(**manifest.beam)
    for name, (least, most) in _BEAM.items():
        value = getattr(beam, name)
        whole = name == "length_penalty" or isinstance(value, int)
        if not isinstance(value, int | float) or not whole or not least <= value <= most:
            raise ValueError(f"beam {name} is {value!r:.60}, not from {least} to {most}")
    if not isinstance(beam.once, bool):
        raise ValueError(f"beam once is {beam.once!r:.60}, neither true nor false")


def read_manifest(path: Path) -> Manifest:
    """Read a checkpoint's header; calibrations in a file beside it stand for the header's.

    Raises:
        ModelError: the file is missing, not safetensors, or not a vidcap checkpoint, or its
            calibration is damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            text = (file.metadata() or {}).get("vidcap")
        return _calibrated(path, _parse(path, text))
    except FileNotFoundError as error:
        raise ModelError(f"{path}: there is no such checkpoint") from error
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: cannot be read as safetensors: {error}") from error


def calibration_path(checkpoint: Path) -> Path:
    """Return the file beside a checkpoint that holds its calibrations, if there is one."""
    return checkpoint.with_suffix(CALIBRATION_SUFFIX)


def _calibrated(path: Path, manifest: Manifest) -> Manifest:
    """Return a manifest with the calibrations of the file beside the checkpoint, if it is there."""
    beside = calibration_path(path)
    try:
        text = beside.read_bytes()
    except FileNotFoundError:
        return manifest
    except OSError as error:
        raise ModelError(f"{beside}: cannot be read: {error.strerror or error}") from error
    try:
        values = json.loads(text)
        written = values.pop("format")
        if written != FORMAT:
            raise ModelError(
                f"{beside}: calibration format {written}, but this vidcap reads format {FORMAT}; "
                "use a matching version of vidcap"
            )
        size = len(Vocabulary(manifest.vocabulary))
        fitted = {
            name: Calibration.from_mapping(values.pop(name), vocabulary_size=size)
            for name in _CALIBRATIONS
            if name in values
        }
        if values:
            raise ValueError(f"there is no {next(iter(values))!r:.60} in a calibration")
        manifest = replace(
            manifest,
            calibration=fitted.get("calibration"),
            scene_calibration=fitted.get("scene_calibration"),
        )
        _check_calibrations(manifest)
    except _DAMAGES as error:
        raise ModelError(f"{beside}: the calibration is damaged: {error}") from error
    return manifest


def write_calibration(path: Path, manifest: Manifest) -> None:
    """Write a manifest's calibrations, those of captions and of scenes, as JSON.

    Args:
        path: where to; beside its checkpoint it is ``calibration_path(checkpoint)``.
        manifest: what holds them.

    Raises:
        OutputError: the file cannot be written.
    """
    values: dict[str, Any] = {"format": FORMAT}
    for name in _CALIBRATIONS:
        fitted: Calibration | None = getattr(manifest, name)
        if fitted:
            values[name] = fitted.to_mapping()
    write_atomically(path, json.dumps(values, sort_keys=True, ensure_ascii=False) + "\n")


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a checkpoint's tensors as float32 torch tensors; int8 ones are multiplied out.

    Raises:
        ModelError: the file cannot be read as safetensors, or its int8 weights have no scales.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        state = load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: cannot be read as safetensors: {error}") from error
    try:
        return unpack({name: part for name, part in state.items() if not name.startswith(GRAPHS)})
    except (KeyError, RuntimeError) as error:
        raise ModelError(f"{path}: the scales of its int8 weights are damaged: {error}") from error


def unpack(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return stored weights as a model takes them, in float32.

    An int8 weight ``NAME`` has one scale for each slice of its first axis, in ``NAME.scale``.
    """
    import torch

    weights: dict[str, Tensor] = {}
    for name, tensor in stored.items():
        if tensor.dtype == torch.int8:
            scale = stored[name + SCALE].float()
            weights[name] = tensor.float() * scale.view(-1, *[1] * (tensor.dim() - 1))
        elif not (name.endswith(SCALE) and name.removesuffix(SCALE) in stored):
            weights[name] = tensor.float() if tensor.is_floating_point() else tensor
    return weights


def write_checkpoint(
    path: Path,
    manifest: Manifest,
    weights: Mapping[str, Tensor],
    *,
    half: bool = True,
) -> None:
    """Write a checkpoint, wholly or not at all.

    A calibration file beside it is removed: it was of the checkpoint that lay there before.

    Args:
        path: where to.
        manifest: what it says of itself.
        weights: its tensors by name.
        half: round floats to float16; without, every tensor keeps its type.

    Raises:
        OutputError: the file cannot be written.
    """
    from safetensors.torch import save_file

    tensors = {
        name: (tensor.half() if half and tensor.is_floating_point() else tensor).contiguous()
        for name, tensor in weights.items()
    }
    with replacing(path) as scratch:
        save_file(tensors, scratch, metadata={"vidcap": manifest.to_json()})
        calibration_path(path).unlink(missing_ok=True)


@lru_cache(maxsize=8)
def _hash(path: Path, size: int, modified: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checkpoint_hash(path: Path) -> str:
    """Return the SHA-256 of a checkpoint file, in hexadecimal."""
    stat = path.stat()
    return _hash(path, stat.st_size, stat.st_mtime_ns)
