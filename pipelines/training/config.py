"""The settings of a training, from YAML, every key checked and documented here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from vidcap.errors import DataError
from vidcap.plain_yaml import read_yaml

OBJECTIVES = ("cross-entropy", "self-critical")


def _at_least(config: Any, least: int, *names: str) -> None:
    for name in names:
        if not getattr(config, name) >= least:
            raise DataError(f"{name}: {getattr(config, name)} is below {least}")


def _above_zero(config: Any, *names: str) -> None:
    for name in names:
        if not getattr(config, name) > 0:
            raise DataError(f"{name}: {getattr(config, name)} is not above 0")


@dataclass(frozen=True, slots=True)
class StageConfig:
    """One stage of a training; each goes on from the best epoch of the one before.

    Attributes:
        name: what its folder in the run is called.
        objective: ``cross-entropy`` with the human captions, or ``self-critical``: sampled
            sentences are rewarded with CIDEr-D (Rennie et al., "Self-critical Sequence Training
            for Image Captioning", CVPR 2017).
        epochs: passes over the training pictures.
        patience: stop after so many epochs without a better free-running CIDEr-D; 0 never stops.
        learning_rate: peak of AdamW's rate; linear warm-up, then a cosine down to a hundredth.
        warmup_steps: steps of the warm-up.
        weight_decay: AdamW's, on matrices only.
        batch_pictures: pictures a step, each with all of its captions.
        label_smoothing: share of each target spread over all words.
        doubly_stochastic: weight of the penalty on regions never or always looked at (Xu et al.
            2015, equation 14, as a mean over regions).
        clip: largest gradient norm.
        ema: decay a step of the moving average of the weights, which is what gets evaluated and
            shipped; 0 turns it off.
        encoder_units: how many of the encoder's last units (head, then residual blocks) learn as
            well; 0 keeps it frozen.
        encoder_learning_rate: the peak of their rate.
        samples: self-critical only: sentences sampled a picture; the mean reward of the others is
            each one's baseline (Luo, "A Better Variant of Self-Critical Sequence Training", 2020).
        anchor: self-critical only: weight of the cross-entropy with the human captions that is
            added to hold the sentences to the language.
        teachers: names of captioners whose mean distribution a word is learnt beside the human
            captions (Hinton et al., "Distilling the Knowledge in a Neural Network", 2015); their
            encoders must begin with the same frozen part.  ``self`` is the learner as it was when
            the stage began.
        distillation: share of the teachers in the cross-entropy.
        text: groups of sentences without a picture that stand beside each picture of a batch, for
            a decoder that reads things (:mod:`pipelines.training.batch_augmentation`).
        thing_drop: chance that nothing is recognised on a picture.
        thing_corrupt: chance that a thing is recognised that is not there.
        thing_hint: chance that a noun of a picture's captions is recognised for sure.
        swap: chance that a noun of a picture's captions is put in another's place, in them and in
            what is recognised.
    """

    name: str = "words"
    objective: str = "cross-entropy"
    epochs: int = 12
    patience: int = 0
    learning_rate: float = 6e-4
    warmup_steps: int = 300
    weight_decay: float = 0.01
    batch_pictures: int = 32
    label_smoothing: float = 0.1
    doubly_stochastic: float = 0.0
    clip: float = 1.0
    ema: float = 0.999
    encoder_units: int = 0
    encoder_learning_rate: float = 5e-5
    samples: int = 5
    anchor: float = 0.2
    teachers: Sequence[str] = ()
    distillation: float = 0.5
    text: float = 0.0
    thing_drop: float = 0.15
    thing_corrupt: float = 0.15
    thing_hint: float = 0.2
    swap: float = 0.0

    def __post_init__(self) -> None:
        if not self.name or not all(c.isalnum() or c in "-_" for c in self.name):
            raise DataError(f"stage name {self.name!r}: only letters, digits, - and _ may be in it")
        if self.objective not in OBJECTIVES:
            raise DataError(
                f"stage {self.name}: objective {self.objective!r} is not one of "
                f"{', '.join(OBJECTIVES)}"
            )
        _at_least(self, 1, "epochs", "batch_pictures")
        _at_least(self, 0, "patience", "warmup_steps", "encoder_units")
        _at_least(self, 0, "weight_decay", "doubly_stochastic", "anchor", "text")
        _at_least(self, 2, "samples")
        _above_zero(self, "learning_rate", "encoder_learning_rate", "clip")
        shares = ("label_smoothing", "ema", "distillation", "thing_drop", "thing_corrupt")
        for name in (*shares, "thing_hint", "swap"):
            if not 0 <= getattr(self, name) < 1:
                raise DataError(f"{name}: {getattr(self, name)} is not from 0 up to 1")
        if self.objective != "cross-entropy" and (self.text or self.swap):
            raise DataError(f"stage {self.name}: text and swap go with cross-entropy only")


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """One training, from pictures to checkpoint.

    Attributes:
        name: what the checkpoint is called.
        encoder: encoder name; it begins with its ImageNet weights.
        decoder: decoder architecture.
        decoder_config: sizes and dropout of the decoder, without ``channels``.
        picture_size: side in pixels that pictures are squashed to before the encoder.
        views: how many views of each training picture (:mod:`pipelines.training.augmentation`);
            each epoch draws one a picture.
        minimum_count: a word must be seen so often in the training captions to be known.
        text_minimum_count: in so many sentences without a picture, if it is in no more captions.
        max_words: longer training captions are cut after so many words, without an end.
        precision: ``bfloat16`` computes products in half the bits where the device is faster at it
            (weights and sums stay float32), ``float32`` never.
        choice_pictures: the first so many validation pictures choose the epoch, by free-running
            CIDEr-D; the others are never used for a choice.
        beam: search settings (:class:`vidcap.captioning.decoding.beam_search.BeamSettings`).
        seed: of everything random.
        stages: what is done, in order.
    """

    name: str
    encoder: str = "efficientnet-lite2"
    decoder: str = "show-attend-tell"
    decoder_config: Mapping[str, Any] = field(default_factory=dict)
    picture_size: int = 224
    views: int = 4
    minimum_count: int = 4
    text_minimum_count: int = 10
    max_words: int = 20
    precision: str = "bfloat16"
    choice_pictures: int = 500
    beam: Mapping[str, Any] = field(default_factory=lambda: {"size": 3})
    seed: int = 1
    stages: Sequence[StageConfig] = (StageConfig(),)

    def __post_init__(self) -> None:
        _at_least(self, 1, "picture_size", "views", "minimum_count", "max_words")
        _at_least(self, 1, "text_minimum_count")
        _at_least(self, 1, "choice_pictures")
        if self.precision not in ("bfloat16", "float32"):
            raise DataError(f"precision: {self.precision!r} is neither bfloat16 nor float32")
        names = [stage.name for stage in self.stages]
        if not names or len(set(names)) < len(names):
            raise DataError(f"stages: {', '.join(names) or 'none'}; name at least one, none twice")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as they would stand in a YAML file."""
        return {**asdict(self), "stages": [asdict(stage) for stage in self.stages]}


_Config = TypeVar("_Config", StageConfig, TrainingConfig)
_KINDS: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "int": int,
    "float": (int, float),
    "Mapping[str, Any]": dict,
    "Sequence[str]": (list, tuple),
    "Sequence[StageConfig]": list,
}


def _build(kind: type[_Config], values: Any, path: Path) -> _Config:
    if not isinstance(values, dict):
        raise DataError(f"{path}: {values!r:.40} is not a mapping of settings")
    known = {entry.name: str(entry.type) for entry in fields(kind)}
    for name, value in values.items():
        if name not in known:
            raise DataError(f"{path}: unknown setting {name!r:.40}; known are {', '.join(known)}")
        if not isinstance(value, _KINDS[known[name]]) or isinstance(value, bool):
            raise DataError(f"{path}: {name}: {value!r:.40} is no {known[name]}")
    frozen: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }
    try:
        return kind(**frozen)
    except TypeError as error:
        raise DataError(f"{path}: {error}") from error
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def stage_from(values: Any, path: Path) -> StageConfig:
    """Return a stage from plain values, as a YAML file gives them.

    Raises:
        DataError: an unknown key, or a value of the wrong kind or out of its range.
    """
    return _build(StageConfig, values, path)


def load_config(path: Path) -> TrainingConfig:
    """Read a YAML file.

    Raises:
        DataError: the file cannot be read, has an unknown key, or a value of the wrong kind.
    """
    try:
        values = read_yaml(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    if isinstance(values, dict) and isinstance(values.get("stages"), list):
        values["stages"] = [stage_from(stage, path) for stage in values["stages"]]
    return _build(TrainingConfig, values, path)
