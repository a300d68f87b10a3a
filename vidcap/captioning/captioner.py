"""What every captioner is to the rest of vidcap, and the one that runs vidcap's checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vidcap.captioning.attention import Explanation, attention_maps
from vidcap.captioning.beam import BeamSettings, Hypothesis, beam_search
from vidcap.captioning.caption import Caption
from vidcap.captioning.checkpoint import Manifest, checkpoint_hash
from vidcap.captioning.confidence import Confidence
from vidcap.captioning.runtime import Runtime
from vidcap.captioning.vocabulary import Vocabulary
from vidcap.errors import UsageError
from vidcap.text.tokens import detokenize

Picture = NDArray[np.uint8]


class Captioner(Protocol):
    """Says in a sentence what is on a picture.

    Attributes:
        name: what it is called on the command line.
        picture_size: width and height in pixels that pictures must be squashed to
            (:func:`vidcap.video.picture.squash`).
        provenance: what made the captions, as flat facts: checkpoint's hash, run time, search.
    """

    name: str
    picture_size: tuple[int, int]
    provenance: Mapping[str, str | int | float]

    def caption(self, pictures: Sequence[Picture]) -> list[Caption]:
        """Caption squashed uint8 RGB pictures ``(height, width, 3)``, one sentence each."""
        ...


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
    """

    def __init__(
        self, name: str, checkpoint: Path, manifest: Manifest, runtime: Runtime, beam: BeamSettings
    ) -> None:
        self.name = name
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

    def caption(self, pictures: Sequence[Picture]) -> list[Caption]:
        """Caption squashed uint8 RGB pictures, one sentence each, in their order.

        Raises:
            UsageError: a picture has another shape than ``(*picture_size, 3)`` or is not uint8.
        """
        return [self._caption(hypotheses) for hypotheses in self.search(pictures)]

    def explain(self, pictures: Sequence[Picture]) -> list[Explanation]:
        """Caption pictures as :meth:`caption` does, and tell where each word comes from.

        Raises:
            UsageError: a picture cannot be captioned; see :meth:`caption`.
            ModelError: the encoder's regions do not make a square.
        """
        return [
            Explanation(
                self._caption(hypotheses),
                tuple(self._vocabulary.words[number] for number in hypotheses[0].words),
                attention_maps(hypotheses[0].attention),
            )
            for hypotheses in self.search(pictures)
        ]

    def search(self, pictures: Sequence[Picture]) -> Iterator[list[Hypothesis]]:
        """Yield for each picture what the beam search found, best first.

        Raises:
            UsageError: a picture cannot be captioned; see :meth:`caption`.
        """
        check_pictures(pictures, self.picture_size)
        waiting = []
        for prepared in self._runtime.encode(pictures):
            waiting.append(prepared)
            if len(waiting) == self._runtime.group:
                yield from self._decode(waiting)
                waiting = []
        yield from self._decode(waiting)

    def _decode(self, prepared: list[tuple[NDArray[Any], ...]]) -> list[list[Hypothesis]]:
        if not prepared:
            return []
        group = self._runtime.group
        filled = prepared + [prepared[-1]] * (group - len(prepared))
        found = beam_search(self._runtime.steps(filled), pictures=group, settings=self._beam)
        return found[: len(prepared)]

    def _caption(self, hypotheses: list[Hypothesis]) -> Caption:
        best = hypotheses[0]
        return Caption(
            detokenize(self._vocabulary.decode(best.words)),
            best.log_probability / best.length,
            self._confidence(hypotheses) if self._confidence else None,
        )
