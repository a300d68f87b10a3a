"""The settings of a training, from YAML, every key checked and documented here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from vidcap.errors import DataError


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """One training, from pictures to checkpoint.

    Attributes:
        name: what the checkpoint is called.
        encoder: encoder name; its weights are frozen.
        decoder: decoder architecture.
        decoder_config: sizes and dropout of the decoder, without ``channels``.
        picture_size: side in pixels that pictures are squashed to before the encoder.
        views: how many views of each training picture (:mod:`vidcap.training.views`); each epoch
            draws one a picture.
        minimum_count: a word must be seen so often in the training captions to be known.
        max_words: longer training captions are cut after so many words, without an end.
        batch_pictures: pictures a step, each with all of its captions.
        epochs: passes over the training pictures.
        learning_rate: peak of AdamW's rate; linear warm-up, then a cosine down to a hundredth.
        warmup_steps: steps of the warm-up.
        weight_decay: AdamW's, on matrices only.
        label_smoothing: share of each target spread over all words.
        doubly_stochastic: weight of the penalty on regions never or always looked at (Xu et al.
            2015, equation 14, as a mean over regions).
        clip: largest gradient norm.
        ema: decay a step of the moving average of the weights, which is what gets evaluated and
            shipped; 0 turns it off.
        choice_pictures: the first so many validation pictures choose the epoch, by free-running
            CIDEr-D; the others are never used for a choice.
        beam: search settings (:class:`vidcap.captioning.beam.BeamSettings`).
        seed: of everything random.
    """

    name: str
    encoder: str = "efficientnet-lite2"
    decoder: str = "show-attend-tell"
    decoder_config: Mapping[str, Any] = field(default_factory=dict)
    picture_size: int = 224
    views: int = 4
    minimum_count: int = 4
    max_words: int = 20
    batch_pictures: int = 32
    epochs: int = 12
    learning_rate: float = 8e-4
    warmup_steps: int = 300
    weight_decay: float = 0.01
    label_smoothing: float = 0.1
    doubly_stochastic: float = 1.0
    clip: float = 2.0
    ema: float = 0.999
    choice_pictures: int = 500
    beam: Mapping[str, Any] = field(default_factory=lambda: {"size": 3})
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("picture_size", "views", "batch_pictures", "epochs", "max_words"):
            if getattr(self, name) < 1:
                raise DataError(f"{name}: {getattr(self, name)} is below 1")
        for name in ("learning_rate", "clip"):
            if not getattr(self, name) > 0:
                raise DataError(f"{name}: {getattr(self, name)} is not above 0")
        for name in ("label_smoothing", "ema"):
            if not 0 <= getattr(self, name) < 1:
                raise DataError(f"{name}: {getattr(self, name)} is not from 0 up to 1")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as they would stand in a YAML file."""
        return asdict(self)


def load_config(path: Path) -> TrainingConfig:
    """Read a YAML file.

    Raises:
        DataError: the file cannot be read, has an unknown key, or a value of the wrong kind.
    """
    import yaml

    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise DataError(f"{path}: cannot be read as YAML: {error}") from error
    if not isinstance(values, dict):
        raise DataError(f"{path}: not a mapping of settings")
    known = {entry.name: entry for entry in fields(TrainingConfig)}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise DataError(f"{path}: unknown setting {unknown[0]!r}; known are {', '.join(known)}")
    kinds: dict[str, type | tuple[type, ...]] = {
        "int": int,
        "float": (int, float),
        "str": str,
        "Mapping[str, Any]": dict,
    }
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, kinds[str(known[name].type)]):
            raise DataError(f"{path}: {name}: {value!r} is not of type {known[name].type}")
    try:
        return TrainingConfig(**values)
    except TypeError as error:
        raise DataError(f"{path}: {error}") from error
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
