"""Make batches of pictures and of sentences without pictures, with noise in the concepts.

What the encoder recognises is dropped and corrupted; now and then a noun of the captions is put in
another's place, in the captions and in what is recognised, so that the decoder takes the noun from
there; and beside the pictures come sentences of a corpus, whose nouns stand for recognised things
and whose regions show nothing (nouns never seen on a picture are learnt so).  Compare Wu et al.,
"Decoupled Novel Object Captioner", ACM Multimedia 2018, which leaves the noun to a detector.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from pipelines.training.batches import Batch, make_batch
from pipelines.training.concepts import NounSwapper, noisy
from pipelines.training.config import StageConfig
from pipelines.training.text import TextGroup, group_weights
from vidcap.captioning.decoding.vocabulary import END, START

Captions = Sequence[Sequence[int]]

_SENTENCES = 5  # of a group, as Flickr8k has of a picture
_NOISE_NOUNS = 6  # that a group's own stand among


class Mixer:
    """Makes batches of pictures, and of groups of sentences beside them.

    Args:
        finder: the nouns.
        groups: the sentences without pictures.
        stage: shares and chances.
        recognise: ``(N, ...)`` features to strengths ``(N, G)``.
    """

    def __init__(
        self,
        finder: NounSwapper,
        groups: Sequence[TextGroup],
        stage: StageConfig,
        recognise: Callable[[Tensor], Tensor],
    ) -> None:
        self._finder = finder
        self._groups = groups
        self._weights = group_weights(groups) if groups else None
        self._stage = stage
        self._recognise = recognise

    def __call__(
        self, features: Tensor, captions: Sequence[Captions], rng: np.random.Generator
    ) -> Batch:
        """Return a batch of the pictures and, behind them, the stage's share of sentences."""
        stage = self._stage
        recognised = self._recognise(features).float().cpu().numpy()
        strengths = noisy(recognised, rng, drop=stage.thing_drop, corrupt=stage.thing_corrupt)
        told: list[Captions] = []
        for row, own in enumerate(captions):
            swapped = self._swapped(own, strengths[row], rng) if rng.random() < stage.swap else own
            if swapped is own and rng.random() < stage.thing_hint:
                self._hint(own, strengths[row], rng)
            told.append(swapped)
        count = round(len(captions) * stage.text) if self._groups else 0
        if count:
            drawn = rng.choice(len(self._groups), count, p=self._weights)
            rows = [self._of_text(self._groups[index], strengths.shape[1], rng) for index in drawn]
            told += [sentences for sentences, _ in rows]
            strengths = np.concatenate([strengths, np.stack([own for _, own in rows])])
            features = torch.cat([features, features.new_zeros(count, *features.shape[1:])])
        batch = make_batch(features, told)
        seen = torch.arange(len(told)) < len(captions)
        return Batch(
            batch.features,
            batch.words,
            batch.lengths,
            batch.targets,
            torch.from_numpy(strengths),
            seen,
        )

    def _swapped(
        self, captions: Captions, strengths: np.ndarray, rng: np.random.Generator
    ) -> Captions:
        """Put a sibling in a noun's place, if there is one that two captions name."""
        siblings = self._finder.siblings
        named = [self._finder.named(caption) for caption in captions]
        both = sorted({n for own in named for n in own if sum(n in o for o in named) > 1})
        both = [noun for noun in both if siblings[noun]]
        if not both:
            return captions
        old = int(rng.choice(both))
        new = int(rng.choice(siblings[old]))
        strengths[new] = rng.uniform(0.3, 1.0)
        strengths[old] = 0.0
        return [self._finder.swap(caption, old, new) for caption in captions]

    def _hint(self, captions: Captions, strengths: np.ndarray, rng: np.random.Generator) -> None:
        """Recognise one of the nouns that the captions name."""
        named = sorted({noun for caption in captions for noun in self._finder.named(caption)})
        if named:
            noun = int(rng.choice(named))
            strengths[noun] = max(strengths[noun], rng.uniform(0.2, 1.0))

    def _of_text(
        self, group: TextGroup, nouns: int, rng: np.random.Generator
    ) -> tuple[Captions, np.ndarray]:
        """Return some of a group's sentences, and its nouns among a few that are not there."""
        places = rng.permutation(len(group.sentences))[:_SENTENCES]
        sentences = [[START, *group.sentences[place], END] for place in places]
        strengths = np.zeros(nouns, dtype=np.float32)
        wrong = rng.integers(0, nouns, _NOISE_NOUNS)
        strengths[wrong] = 0.4 * rng.random(_NOISE_NOUNS) ** 3
        for noun in sorted({noun for place in places for noun in group.nouns[place]}):
            if rng.random() < max(0.5, group.shares[noun]) * 0.9:
                strengths[noun] = rng.uniform(0.1, 1.0)
        return sentences, strengths
