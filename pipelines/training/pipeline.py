"""A whole training: pretrained encoder and captioned pictures in, stage after stage, model out."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pipelines.training import distributed
from pipelines.training.batch_augmentation import Mixer
from pipelines.training.classifier_refit import fit_classifier, fit_familiar, parts_of
from pipelines.training.concepts import NounSwapper, group_of_classes, load_nouns, word_numbers
from pipelines.training.config import TrainingConfig
from pipelines.training.data import CaptionedPicture
from pipelines.training.encoding import encode_with, encoder_hash, feature_shape
from pipelines.training.features import Features, cached_features
from pipelines.training.learner import Learner
from pipelines.training.loop import Report, Run, TrainingData
from pipelines.training.state import StageFolder, is_finished
from pipelines.training.teachers import SELF, checkpoint_of, load_teachers
from pipelines.training.text import frequent_words, read_sentences, text_groups
from pipelines.training.warm_start import grown, like_words
from vidcap.captioning.checkpoint import Manifest, checkpoint_hash
from vidcap.captioning.decoding.beam_search import BeamSettings
from vidcap.captioning.decoding.vocabulary import Vocabulary
from vidcap.captioning.networks.encoders import Encoder, EncoderStem
from vidcap.captioning.networks.model import build_decoder, load_model
from vidcap.errors import DataError
from vidcap.text.tokens import tokenize

Progress = Callable[[str, int, int], None]

_CLASSIFIER_VIEWS = 2


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training made.

    Attributes:
        manifest: the header of its checkpoint.
        weights: the tensors of its checkpoint.
    """

    manifest: Manifest
    weights: dict[str, Tensor]


def train(
    config: TrainingConfig,
    encoder: Encoder,
    train_pictures: Sequence[CaptionedPicture],
    choice_pictures: Sequence[CaptionedPicture],
    folder: Path,
    *,
    features: Path | None = None,
    teachers: Mapping[str, Path] | None = None,
    device: str = "cpu",
    threads: int = 0,
    report: Report = print,
    progress: Progress = lambda what, done, total: None,
    part: tuple[int, int] = (0, 1),
    start: Path | None = None,
    text: Sequence[Path] = (),
    classifier: tuple[Tensor, Tensor] | None = None,
) -> Trained:
    """Train every stage of a configuration that is not done yet.

    Args:
        config: the settings.
        encoder: the encoder with its pretrained weights, rounded to float16; stages that train a
            part of it change it in place.
        train_pictures: what is learnt from.
        choice_pictures: what chooses the epoch.
        folder: the run's.  A stage has its folder in that of the stage it goes on from.
        features: folder of encoder features, which several runs may share [folder/features].
        teachers: checkpoints of the teachers that stages name.
        device: ``cpu`` or ``cuda``.
        threads: processor threads; 0 for all.
        report: is told a line from time to time.
        progress: is told which features are computed, how many are done, and how many there are.
        part: this process's number and how many share the work.
        start: a finished captioner whose encoder and decoder go on learning.
        text: corpora of sentences without pictures (:mod:`pipelines.training.text`).
        classifier: weight and bias of the classifier that the pretrained encoder came with, for a
            decoder that reads things.

    Raises:
        DataError: the folder holds a run with other settings, or the data do not suffice.
        ModelError: the settings do not fit the encoder or decoder.
    """
    vocabulary = Vocabulary.from_sentences(
        (tokenize(sentence) for picture in train_pictures for sentence in picture.sentences),
        minimum_count=config.minimum_count,
    )
    pretrained, finished = encoder, None
    if start is not None:
        finished, found = load_model(start)
        encoder, vocabulary = finished.encoder, Vocabulary(found.vocabulary)
    known = len(vocabulary)
    clips = read_sentences(text)
    nouns = load_nouns()
    reads_things = bool(config.decoder_config.get("things"))
    sizes: dict[str, Any] = {"channels": encoder.channels}
    if reads_things:
        more = [*frequent_words(clips, config.text_minimum_count), *nouns.words()]
        vocabulary = Vocabulary(list(dict.fromkeys([*vocabulary.to_list(), *more])))
        sizes["nouns"] = len(nouns.names)
    torch.manual_seed(config.seed)
    decoder = build_decoder(config.decoder, {**config.decoder_config, **sizes}, len(vocabulary))
    if finished is not None:
        told = [tokenize(one) for picture in train_pictures for one in picture.sentences]
        told += [sentence for clip in clips for sentence in clip]
        grown(decoder, finished.decoder, known, like_words(vocabulary, known, told))
    chosen = choice_pictures[: config.choice_pictures]
    make = partial(
        _Features,
        config,
        folder=features or folder / "features",
        device=device,
        threads=threads,
        progress=progress,
        part=part,
    )
    if reads_things:
        if classifier is None:
            raise DataError("decoder_config: things: the encoder's classifier is not known")
        views = range(min(_CLASSIFIER_VIEWS, config.views))
        trained, untouched = (
            make(stem=own.split(0)[0])(train_pictures, "train", views)
            for own in (encoder, pretrained)
        )
        if finished is not None:
            classifier = fit_classifier(parts_of(trained), parts_of(untouched), classifier)
        decoder.recogniser.load_state_dict(
            {
                "classifier.weight": classifier[0],
                "classifier.bias": classifier[1],
                "group": group_of_classes(nouns, len(classifier[1])),
                "words": word_numbers(nouns, vocabulary),
            }
        )
        decoder.familiar.load_state_dict(fit_familiar(trained, decoder.familiar.count))
    finder = NounSwapper(nouns, vocabulary)
    groups = text_groups(clips, vocabulary, finder)
    histories: dict[str, Any] = {}
    for stage in config.stages:
        folder = folder / stage.name
        place = StageFolder(folder, config, stage)
        stem, tail = encoder.split(stage.encoder_units)
        learner = Learner(tail, decoder)
        if is_finished(place.history(), stage):
            learner.load_state_dict(place.load_best(), strict=False)
        else:
            extract = make(stem=stem)
            mix = None
            if reads_things and stage.objective == "cross-entropy":
                mix = Mixer(finder, groups, stage, _recognising(learner))
            data = TrainingData(
                train_pictures,
                extract(train_pictures, "train", range(config.views)),
                chosen,
                extract(chosen, "choice", range(1))[0],
                vocabulary,
            )
            Run(
                place.path,
                config,
                stage,
                data,
                learner,
                teachers=load_teachers(
                    stage.teachers,
                    teachers or {},
                    learner=learner,
                    stem=stem,
                    units=stage.encoder_units,
                    vocabulary=vocabulary,
                ),
                device=device,
                report=report,
                part=part,
                mix=mix,
            ).train()
        histories[stage.name] = place.history()
        # What later stages see of the encoder is what the checkpoint will hold.
        encoder.cpu().half().float().freeze()
    weights = {f"encoder.{name}": tensor for name, tensor in encoder.state_dict().items()}
    weights |= {f"decoder.{name}": tensor for name, tensor in decoder.cpu().state_dict().items()}
    manifest = Manifest(
        encoder=config.encoder,
        decoder=config.decoder,
        decoder_config=asdict(decoder.config),
        vocabulary=tuple(vocabulary.to_list()),
        picture_size=config.picture_size,
        beam=asdict(BeamSettings(**config.beam)),
        things=nouns.forms if reads_things else (),
        training={
            "config": config.to_dict(),
            "pictures": len(train_pictures),
            "choice_pictures": len(chosen),
            "teachers": {
                name: checkpoint_hash(checkpoint_of(name, teachers or {}))
                for stage in config.stages
                for name in stage.teachers
                if name != SELF
            },
            "history": histories,
            **({"start": checkpoint_hash(start)} if start else {}),
            **({"sentences": sum(len(group.sentences) for group in groups)} if clips else {}),
        },
        versions={"torch": torch.__version__, "python": platform.python_version()},
    )
    return Trained(manifest, weights)


def _recognising(learner: Learner) -> Callable[[Tensor], Tensor]:
    """Return what recognises things on features, as the learner is at the moment."""

    def recognise(features: Tensor) -> Tensor:
        with torch.no_grad():
            device = next(learner.parameters()).device
            strengths: Tensor = learner.decoder.recogniser(learner.tail(features.to(device)))
            return strengths

    return recognise


@dataclass(frozen=True, slots=True)
class _Features:
    """Computes the features of pictures under several views, or finds them in the cache."""

    config: TrainingConfig
    stem: EncoderStem
    folder: Path
    device: str
    threads: int
    progress: Progress
    part: tuple[int, int]

    def __call__(
        self, pictures: Sequence[CaptionedPicture], name: str, views: range
    ) -> list[Features]:
        if self.part[0]:
            distributed.wait()  # the first process computes, the others find
        size = self.config.picture_size
        encode = encode_with(self.stem, size, device=self.device, threads=self.threads)
        found = [
            cached_features(
                pictures,
                encode=encode,
                encoder_hash=encoder_hash(self.stem),
                shape=feature_shape(self.stem, size),
                picture_size=size,
                view_number=view,
                seed=self.config.seed,
                folder=self.folder,
                progress=partial(self.progress, f"features {name} view {view}"),
            )
            for view in views
        ]
        if not self.part[0]:
            distributed.wait()
        return found
