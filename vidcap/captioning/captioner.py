"""The captioner protocol, and the captioner that runs vidcap's own checkpoints."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vidcap.captioning.attention import Explanation, attention_maps
from vidcap.captioning.caption import Budget, Caption
from vidcap.captioning.checkpoint import Manifest, checkpoint_hash
from vidcap.captioning.confidence import Confidence, Facts
from vidcap.captioning.decoding.beam_search import BeamSettings, Hypothesis, Room, beam_search
from vidcap.captioning.decoding.constraints import DecodingConstraints
from vidcap.captioning.decoding.rescoring import joint_step, rescore
from vidcap.captioning.decoding.vocabulary import UNKNOWN, Vocabulary
from vidcap.captioning.noun_matcher import NounMatcher
from vidcap.captioning.protocols import EncodedCaption
from vidcap.captioning.runtimes.base import EncodedImage, Runtime, filled
from vidcap.errors import UsageError
from vidcap.text.tokens import detokenize, tokenize

Picture = NDArray[np.uint8]

# A scene is told from so many of its pictures, and from so many sentences found for them.  On
# scenes of validation pictures more of either brought nothing.
_SCENE_PICTURES = 4
_SCENE_SENTENCES = 6
# How alike encodings are, as cosine, tells of most pictures whether they are apart without asking.
# Of 250 pictures seen through four views each no view came below 0.58 of the first, with any of the
# checkpoints that come along; of 31,125 pairs of different pictures 95 in 100 did, and none came
# above 0.91.
_SURELY_APART, _SURELY_SAME = 0.5, 0.92
# A scene's sentence is ranked by the plain mean of its words' log-probabilities: several pictures
# are sure enough of a long one.
_SCENE_LENGTH_PENALTY = 1.0


class Captioner(Protocol):
    """Says in a sentence what is on a picture.

    Attributes:
        name: what it is called on the command line.
        picture_size: width and height in pixels that pictures must be squashed to
            (:func:`vidcap.video.image.resize_stretch`).
        provenance: what made the captions, as flat facts: checkpoint's hash, run time, search.
    """

    name: str
    picture_size: tuple[int, int]
    provenance: Mapping[str, str | int | float]

    def caption(self, pictures: Sequence[Picture]) -> list[Caption]:
        """Caption squashed uint8 RGB pictures ``(height, width, 3)``, one sentence each."""
        ...


_UNLIMITED = Budget()


def check_pictures(pictures: Sequence[Picture], size: tuple[int, int]) -> None:
    """Refuse pictures that are not squashed uint8 RGB of ``size``, width and height.

    Raises:
        UsageError: naming the shape and the one it should have.
    """
    expected = (size[1], size[0], 3)
    for picture in pictures:
        if picture.shape != expected or picture.dtype != np.uint8:
            raise UsageError(
                f"a picture of shape {picture.shape} and type {picture.dtype} cannot be "
                f"captioned; squash it to {expected} uint8 first"
            )


class CheckpointCaptioner:
    """Captions with one of vidcap's own checkpoints.

    The same picture gives the same caption, score, confidence and maps in whatever company and
    order it comes, on one machine with one run time and number of threads.

    Attributes:
        manifest: what the checkpoint says of itself.
    """

    def __init__(
        self, name: str, checkpoint: Path, manifest: Manifest, runtime: Runtime, beam: BeamSettings
    ) -> None:
        self.name = name
        self.manifest = manifest
        self.picture_size = (manifest.picture_size, manifest.picture_size)
        self.provenance: Mapping[str, str | int | float] = {
            "captioner": name,
            "checkpoint": checkpoint_hash(checkpoint),
            "runtime": runtime.name,
            **{f"beam_{field}": getattr(beam, field) for field in beam.__dataclass_fields__},
        }
        self._vocabulary = Vocabulary(manifest.vocabulary)
        self._runtime = runtime
        self._beam = beam
        self._confidence = Confidence(manifest.calibration) if manifest.calibration else None
        scenes = manifest.scene_calibration or manifest.calibration
        self._scene_confidence = Confidence(scenes) if scenes else None
        self._finder = NounMatcher(manifest.things, self._vocabulary)
        written = np.array([len(word) for word in self._vocabulary.words])
        self._wording = DecodingConstraints.of(
            self._vocabulary, once=beam.once, phrases=manifest.phrases
        )
        self._costs = np.stack([written + 1, np.ones_like(written)])

    def caption(self, pictures: Sequence[Picture]) -> list[Caption]:
        """Caption squashed uint8 RGB pictures, one sentence each, in their order.

        Raises:
            UsageError: a picture has another shape than ``(*picture_size, 3)`` or is not uint8.
        """
        return [look.caption for look in self.look(pictures)]

    def look(self, pictures: Sequence[Picture]) -> list[EncodedCaption]:
        """Caption pictures as :meth:`caption` does, and keep what telling them together needs.

        Raises:
            UsageError: a picture cannot be captioned; see :meth:`caption`.
        """
        return self.decode(self.encode(pictures))

    def encode(self, pictures: Sequence[Picture]) -> list[EncodedImage]:
        """Return what the decoder needs of pictures, in their order.

        Raises:
            UsageError: a picture cannot be captioned; see :meth:`caption`.
        """
        check_pictures(pictures, self.picture_size)
        return list(self._runtime.encode(pictures))

    def decode(self, prepared: Sequence[EncodedImage]) -> list[EncodedCaption]:
        """Find a sentence for each encoded picture, as :meth:`caption` does."""
        return [
            EncodedCaption(self._caption(hypotheses, [own]), tuple(hypotheses), own)
            for own, hypotheses in self._found(prepared)
        ]

    def near_duplicate(self, one: EncodedImage, other: EncodedImage) -> bool:
        """Return whether it is plain that two encoded pictures show the same."""
        return float(self._direction(one) @ self._direction(other)) > _SURELY_SAME

    def caption_scene(
        self, looks: Sequence[EncodedCaption], budget: Budget = _UNLIMITED
    ) -> Caption:
        """Return one sentence for pictures of the same thing, as :meth:`search_scene` finds it."""
        prepared = [look.image for look in looks]
        return self._caption(self.search_scene(looks, budget), prepared, scene=True)

    def search_scene(
        self, looks: Sequence[EncodedCaption], budget: Budget = _UNLIMITED
    ) -> list[Hypothesis]:
        """Return sentences for pictures of the same thing, best first.

        What was found for single pictures is held against up to four of them, evenly chosen, and
        ranked by the mean.  If the best is longer than the budget allows, a shorter one is searched
        word by word for all of them together.

        Args:
            looks: one or more, in order of time.
            budget: how long a sentence may be.  Where no sentence fits, the shortest stands.
        """
        chosen = _spread(looks, _SCENE_PICTURES)
        found: dict[tuple[int, ...], float] = {}
        for look in chosen:
            for own in look.hypotheses:
                mean = own.log_probability / own.length
                found[own.words] = max(mean, found.get(own.words, mean))
        sentences = sorted(found, key=lambda words: (-found[words], words))[:_SCENE_SENTENCES]
        if len(chosen) == 1:
            told = _ranked_for_scenes(chosen[0].hypotheses)
        else:
            told = self._held_against([look.image for look in chosen], sentences)
        if budget.holds(self._written(told[0])):
            return told
        both = [*told, *self.search_jointly(looks, budget)]
        fitting = {own.words: own for own in both if own.words and budget.holds(self._written(own))}
        if not fitting:
            return [min(told, key=lambda own: (len(self._written(own)), own.words))]
        return sorted(fitting.values(), key=lambda own: (-own.rank, own.words))

    def cross_likelihood_gap(
        self, one: Sequence[EncodedCaption], other: Sequence[EncodedCaption]
    ) -> float:
        """Return how much worse the sentences of each suit the pictures of the other.

        Two pictures speak for each side, and of each the sentence that was found for it alone.

        Returns:
            in nats a word, both ways together: about 0 for the same thing; 0 or infinite where
            that is plain without reading a sentence.
        """
        sides = [_spread(looks, _SCENE_PICTURES // 2) for looks in (one, other)]
        near, far = ([self._direction(look.image) for look in side] for side in sides)
        alike = [float(a @ b) for a in near for b in far]
        if max(alike) < _SURELY_APART:
            return math.inf
        if min(alike) > _SURELY_SAME:
            return 0.0
        looks = [look for side in sides for look in side]
        sentences = [look.hypotheses[0].words for look in looks]
        logs = self._runtime.likelihoods([look.image for look in looks], sentences).logs.sum(-1)
        worth = logs / [len(words) + 1 for words in sentences]
        first = len(sides[0])
        own = worth[:first, :first].mean() + worth[first:, first:].mean()
        return float(own - worth[:first, first:].mean() - worth[first:, :first].mean())

    def _held_against(
        self, prepared: Sequence[EncodedImage], sentences: Sequence[Sequence[int]]
    ) -> list[Hypothesis]:
        worth = self._runtime.likelihoods(prepared, sentences)
        return rescore(sentences, worth, length_penalty=_SCENE_LENGTH_PENALTY)

    def search_jointly(
        self, looks: Sequence[EncodedCaption], budget: Budget = _UNLIMITED
    ) -> list[Hypothesis]:
        """Return sentences searched word by word for pictures together, best first.

        At each step the distributions for up to four of the pictures, evenly chosen, are combined.

        Args:
            looks: one or more, in order of time.
            budget: how long a sentence may be; empty where not one word has room.
        """
        prepared = [look.image for look in _spread(looks, _SCENE_PICTURES)]
        step = joint_step(
            self._runtime.steps(filled(prepared, _SCENE_PICTURES), beams=_SCENE_SENTENCES),
            [len(prepared)],
            group=_SCENE_PICTURES,
            beams=_SCENE_SENTENCES,
        )
        settings = replace(self._beam, size=_SCENE_SENTENCES, length_penalty=_SCENE_LENGTH_PENALTY)
        # The first word has no blank in front.
        room = Room(self._costs, np.array([[budget.characters + 1, budget.words]]))
        found = beam_search(step, pictures=1, settings=settings, room=room, wording=self._wording)
        return found[0]

    def _written(self, hypothesis: Hypothesis) -> str:
        return detokenize(self._vocabulary.decode(hypothesis.words))

    def embed(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Return a vector of length 1 for each picture; of like pictures they point the same way.

        It is the mean over a picture's regions of what the decoder's last layer gets of them.

        Raises:
            UsageError: a picture cannot be captioned; see :meth:`caption`.
        """
        return np.array(
            [self._direction(prepared) for prepared in self.encode(pictures)], np.float32
        )

    def explain(self, pictures: Sequence[Picture]) -> list[Explanation]:
        """Caption pictures as :meth:`caption` does, and tell where each word comes from.

        Raises:
            UsageError: a picture cannot be captioned; see :meth:`caption`.
            ModelError: the encoder's regions do not make a square.
        """
        return [
            Explanation(
                self._caption(hypotheses, [prepared]),
                tuple(self._vocabulary.words[number] for number in hypotheses[0].words),
                attention_maps(hypotheses[0].attention),
            )
            for prepared, hypotheses in self._looks(pictures)
        ]

    def trace(self, pictures: Sequence[Picture], texts: Sequence[str]) -> list[Explanation]:
        """Tell where each word of a given sentence looks in a picture.

        Args:
            pictures: squashed uint8 RGB pictures.
            texts: a sentence for each, such as a scene was told in.  Words that the captioner does
                not know are left out.

        Raises:
            UsageError: a picture cannot be captioned; see :meth:`caption`.
            ModelError: the encoder's regions do not make a square.
        """
        made = []
        check_pictures(pictures, self.picture_size)
        for prepared, text in zip(self._runtime.encode(pictures), texts, strict=True):
            known = [n for n in self._vocabulary.encode(tokenize(text)) if n != UNKNOWN]
            numbers = tuple(known[: self._beam.max_words])
            (hypothesis,) = self._held_against([prepared], [numbers])
            made.append(
                Explanation(
                    self._caption([hypothesis], [prepared], scene=True),
                    tuple(self._vocabulary.words[number] for number in numbers),
                    attention_maps(hypothesis.attention),
                )
            )
        return made

    def search(self, pictures: Sequence[Picture]) -> Iterator[list[Hypothesis]]:
        """Return for each picture, as it is asked for, what the beam search found, best first.

        Raises:
            UsageError: a picture cannot be captioned; see :meth:`caption`.
        """
        return (hypotheses for _, hypotheses in self._looks(pictures))

    def _looks(
        self, pictures: Sequence[Picture]
    ) -> Iterator[tuple[EncodedImage, list[Hypothesis]]]:
        check_pictures(pictures, self.picture_size)
        return self._found(self._runtime.encode(pictures))

    def _found(
        self, encoded: Iterable[EncodedImage]
    ) -> Iterator[tuple[EncodedImage, list[Hypothesis]]]:
        waiting: list[EncodedImage] = []
        for prepared in encoded:
            waiting.append(prepared)
            if len(waiting) == self._runtime.group:
                yield from zip(waiting, self._decode(waiting), strict=True)
                waiting = []
        yield from zip(waiting, self._decode(waiting), strict=True)

    def _decode(self, prepared: Sequence[EncodedImage]) -> list[list[Hypothesis]]:
        if not prepared:
            return []
        group = self._runtime.group
        step = self._runtime.steps(filled(prepared, group), beams=self._beam.size)
        found = beam_search(step, pictures=group, settings=self._beam, wording=self._wording)
        return found[: len(prepared)]

    def facts(self, prepared: Sequence[EncodedImage]) -> Facts | None:
        """Return what is known of pictures of the same thing, their mean, without a sentence.

        None where the checkpoint reads no recognised things.
        """
        if not self.manifest.things:
            return None
        known = [own.facts for own in prepared if own.facts is not None]
        mean = np.mean(known, axis=0)
        direction = np.mean([self._direction(own) for own in prepared], axis=0)
        return Facts(mean[:-1], float(mean[-1]), direction, self._finder)

    def _direction(self, prepared: EncodedImage) -> NDArray[np.float32]:
        """Return the mean over a picture's regions of what the decoder gets, of length 1."""
        things = int(self.manifest.decoder_config.get("things", 0))
        regions = prepared.memory[0]
        seen = regions[..., : regions.shape[-2] - things, :]
        mean = seen.mean(axis=-2, dtype=np.float32).ravel()
        direction: NDArray[np.float32] = mean / max(float(np.linalg.norm(mean)), 1e-9)
        return direction

    def _caption(
        self,
        hypotheses: Sequence[Hypothesis],
        prepared: Sequence[EncodedImage],
        *,
        scene: bool = False,
    ) -> Caption:
        best = hypotheses[0]
        confidence = self._scene_confidence if scene else self._confidence
        return Caption(
            self._written(best),
            best.log_probability / best.length,
            confidence(hypotheses, self.facts(prepared)) if confidence else None,
        )


def _spread(looks: Sequence[EncodedCaption], count: int) -> list[EncodedCaption]:
    count = min(count, len(looks))
    return [looks[(2 * place + 1) * len(looks) // (2 * count)] for place in range(count)]


def _ranked_for_scenes(hypotheses: Sequence[Hypothesis]) -> list[Hypothesis]:
    """Return what was found for a scene's only picture, ranked as for several, best first."""
    ranked = [
        replace(own, rank=own.log_probability / own.length**_SCENE_LENGTH_PENALTY)
        for own in hypotheses
    ]
    return sorted(ranked, key=lambda own: (-own.rank, own.words))
