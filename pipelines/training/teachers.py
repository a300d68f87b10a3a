"""Finished captioners as teachers of another one."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from pipelines.training.encoding import encoder_hash
from pipelines.training.learner import Learner
from vidcap.captioning.decoding.vocabulary import Vocabulary
from vidcap.captioning.networks.encoders import EncoderStem, EncoderTail
from vidcap.captioning.networks.model import load_model
from vidcap.errors import DataError

SELF = "self"


def named_file(text: str) -> tuple[str, Path]:
    """Split ``NAME=FILE`` as the command line has it.

    Raises:
        ValueError: it is of another form.
    """
    name, equals, path = text.partition("=")
    if not (name and equals and path):
        raise ValueError(f"{text!r} is not of the form NAME=FILE")
    return name, Path(path)


def checkpoint_of(name: str, named: Mapping[str, Path]) -> Path:
    """Return a teacher's checkpoint.

    Raises:
        DataError: nobody said where it is.
    """
    if name not in named:
        raise DataError(
            f"no checkpoint is known for the teacher {name!r}: give it with --teacher {name}=FILE"
        )
    return named[name]


def load_teachers(
    names: Sequence[str],
    named: Mapping[str, Path],
    *,
    learner: Learner,
    stem: EncoderStem,
    units: int,
    vocabulary: Vocabulary,
) -> list[Learner]:
    """Load teachers that take the same features as a learner behind ``stem``.

    Args:
        names: the teachers' names; ``self`` is a copy of the learner as it is.
        learner: the learner, at the beginning of its stage.
        named: their checkpoints, as training wrote them: an exported one has its encoder folded.
        stem: the frozen part of the learner's encoder.
        units: how many units lie behind it.
        vocabulary: the learner's.

    Raises:
        DataError: there is no such teacher, or it has other words or another frozen part.
        ModelError: a checkpoint cannot be read.
    """
    teachers: list[Learner] = []
    for name in names:
        if name == SELF:
            own = copy.deepcopy(learner)
            teachers.append(Learner(_shared(own.tail, teachers), own.decoder))
            continue
        path = checkpoint_of(name, named)
        model, manifest = load_model(path)
        own_stem, tail = model.encoder.split(units)
        if Vocabulary(manifest.vocabulary).words != vocabulary.words:
            raise DataError(f"{path}: the teacher {name!r} has another vocabulary")
        if encoder_hash(own_stem) != encoder_hash(stem):
            raise DataError(
                f"{path}: the encoder of the teacher {name!r} does not begin with the same frozen "
                f"part; with encoder_units {units} all but the last {units} units must be equal"
            )
        teachers.append(Learner(_shared(tail, teachers), model.decoder))
    return teachers


def _shared(tail: EncoderTail, teachers: Sequence[Learner]) -> EncoderTail:
    """Return the equal tail of another teacher where there is one: it need run but once."""
    state = tail.state_dict()
    for teacher in teachers:
        other = teacher.tail.state_dict()
        if all(torch.equal(tensor, other[name]) for name, tensor in state.items()):
            return teacher.tail
    return tail
