"""Fit :class:`vidcap.captioning.networks.word_prior.VisualWordPrior` to captioned pictures.

Words are put in groups: a noun with its plural, all words for people, and every other word that
tells something for itself.  What share of a picture's captions names a group is guessed by a
logistic regression; how much that weighs on the words was chosen by free-running captions
(docs/words.md).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from pipelines.training.features import Features
from pipelines.training.hallucination import WordNet
from pipelines.training.phrases import phrase_parts
from vidcap.captioning.checkpoint import Manifest
from vidcap.captioning.decoding.vocabulary import Vocabulary
from vidcap.captioning.networks.word_prior import pooled
from vidcap.errors import ModelError
from vidcap.text.similarity import tells

LEAST_PICTURES = 30
"""That a group of words is named of."""
_PENALTY = 0.04  # on the squares of weights, of features of unit variance
_STEPS = 40
_CHUNK = 250
_PERSON, _DOG = "person", "dog"
# WordNet's first senses put these elsewhere than captions do.
_PEOPLE = frozenset("women male males female females".split())
_NOBODY = frozenset("german shepherd wheeler asian indian chased mohawk blonde brunette".split())
_RARITY = 0.1  # of how rare a word is, in nats: what it gains
_UNJUDGED = -1.0  # what a word gains of which the picture says nothing


@dataclass(frozen=True, slots=True)
class Caution:
    """How the words of a group are held back.

    Attributes:
        weight: what each unit of log-odds below the usual costs.
        usual: log-odds from which on nothing is held back.
        least: what it costs at most, below 0.
    """

    weight: float
    usual: float
    least: float


# Whom a sentence is about decides all the rest of it.
_SUBJECTS = {_PERSON: Caution(2.0, 3.5, -6.0), _DOG: Caution(2.0, 1.5, -6.0)}
_NOUNS = Caution(1.0, 0.0, -6.0)
_OTHERS = Caution(0.4, -2.0, -3.0)
_RECOGNISED = Caution(1.0, math.log(0.2), -3.0)


Told = Sequence[Sequence[Sequence[str]]]
"""The captions of each picture, as words."""
Group = tuple[str, bool]
"""A name, and whether it is a noun's."""


def group_of(word: str, wordnet: WordNet) -> Group | None:
    """Return the group that a word belongs to, ``None`` for words that tell nothing."""
    if word in _PEOPLE:
        return _PERSON, True
    word = word.rpartition("-")[2]  # a t-shirt is a shirt
    noun = None if word in _NOBODY else wordnet.noun(word)
    if noun is not None:
        return (_PERSON if wordnet.is_person(noun) else noun), True
    return (word, False) if tells(word) else None


class WordGroups:
    """Groups of words that many pictures are told with.

    Args:
        told: the captions of each picture, as words.
        wordnet: tells nouns.
        least: of so many pictures a group must be named.

    Attributes:
        groups: the most frequent first.
        shares: ``(pictures, P)`` which share of a picture's captions names each group.
    """

    def __init__(
        self,
        told: Told,
        wordnet: WordNet,
        least: int,
    ) -> None:
        self._counts = Counter(word for own in told for word in set().union(*own))
        self._of = cache(partial(group_of, wordnet=wordnet))
        named = [
            [{group for word in words if (group := self._of(word))} for words in own]
            for own in told
        ]
        counts = Counter(group for own in named for group in set().union(*own))
        kept = [group for group, count in counts.items() if count >= least]
        self.groups = sorted(kept, key=lambda group: (-counts[group], group))
        self._places = {group: place for place, group in enumerate(self.groups)}
        self.shares = torch.zeros(len(told), len(self.groups))
        for picture, own in enumerate(named):
            for groups in own:
                for group in groups & self._places.keys():
                    self.shares[picture, self._places[group]] += 1 / len(own)

    def columns(self, vocabulary: Vocabulary, things: Sequence[Sequence[str]]) -> Tensor:
        """Return ``(V,)``: of each word its group, or the thing that it names, or neither.

        Args:
            vocabulary: the words.
            things: for each noun that is recognised the words that name it.
        """
        of_thing: dict[str, int] = {}
        for place, forms in enumerate(things):
            for form in forms:
                of_thing.setdefault(form, len(self.groups) + place)
        neither = len(self.groups) + len(things)
        found = []
        for word in vocabulary.words:
            group, thing = self._of(word), of_thing.get(word, neither)
            found.append(self._places.get(group, thing) if group else thing)
        return torch.tensor(found)

    def leanings(self, vocabulary: Vocabulary, columns: Tensor, things: int) -> Tensor:
        """Return ``(V,)`` what each word gains on every picture.

        The words of groups gain a tenth of how rare they are; those that tell something, and that
        neither a group nor recognition speaks for, are said only where the decoder is surer.

        Args:
            vocabulary: the words.
            columns: what :meth:`columns` returned.
            things: how many are recognised.
        """
        shares = torch.tensor([(self._counts[word] + 1) for word in vocabulary.words])
        rare = -(shares / len(self.shares)).log()
        telling = torch.tensor([self._of(word) is not None for word in vocabulary.words])
        unjudged = telling & (columns == len(self.groups) + things)
        return torch.where(columns < len(self.groups), _RARITY * rare, _UNJUDGED * unjudged)


def pooled_views(views: Sequence[Features]) -> Tensor:
    """Return ``(views * pictures, 2 C)``, what presence is guessed from, picture by picture."""
    parts = []
    for view in views:
        for first in range(0, len(view), _CHUNK):
            regions = torch.from_numpy(np.asarray(view[first : first + _CHUNK], np.float32))
            parts.append(pooled(regions))
    return torch.cat(parts)


def fit_odds(seen: Tensor, shares: Tensor, steps: int = _STEPS) -> tuple[Tensor, Tensor]:
    """Return weight ``(P, F)`` and bias of log-odds for shares.

    Args:
        seen: ``(pictures, F)`` what the odds stand on.
        shares: ``(pictures, P)`` from 0 to 1.
        steps: of L-BFGS, at most.
    """
    mean, spread = seen.mean(0), seen.std(0) + 1e-6
    usual = shares.mean(0).clamp(1e-4, 1 - 1e-4)
    weight = torch.zeros(seen.shape[1], shares.shape[1], requires_grad=True)
    bias = torch.logit(usual).requires_grad_()
    standard = (seen - mean) / spread
    search = torch.optim.LBFGS(
        [weight, bias], max_iter=steps, history_size=8, line_search_fn="strong_wolfe"
    )

    def loss() -> Tensor:
        search.zero_grad()
        odds = standard @ weight + bias
        missed = functional.binary_cross_entropy_with_logits(odds, shares, reduction="sum")
        total: Tensor = missed / len(seen) + _PENALTY * weight.square().sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    search.step(loss)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        scaled = weight / spread[:, None]
        return scaled.T.contiguous(), bias - mean @ scaled


def cautions(groups: Sequence[Group], things: int) -> dict[str, Tensor]:
    """Return how the words of each group, and of each recognised thing, are held back."""
    own = [(_SUBJECTS.get(name, _NOUNS) if noun else _OTHERS) for name, noun in groups] + [
        _RECOGNISED
    ] * things
    return {
        field: torch.tensor([getattr(caution, field) for caution in own])
        for field in Caution.__dataclass_fields__
    }


def with_presence(
    manifest: Manifest,
    weights: Mapping[str, Tensor],
    told: Told,
    views: Sequence[Features],
    wordnet: WordNet,
    sentences: Sequence[Sequence[str]] = (),
) -> tuple[Manifest, dict[str, Tensor]]:
    """Return header and weights of a captioner that is held back by what it sees.

    Its calibrations are left out: they are of other captions.

    Args:
        manifest: header of a finished captioner that reads things, without presence.
        weights: its tensors.
        told: the captions of the pictures, as words.
        views: encoder features of the pictures under each view.
        wordnet: tells nouns.
        sentences: of no picture, as words, which the captioner learnt from as well; with the
            captions they say which part words have in noun phrases.

    Raises:
        ModelError: the captioner reads no things, or has presence.
    """
    if not manifest.things or manifest.decoder_config.get("presence"):
        raise ModelError("presence is fitted to a captioner that reads things and has none yet")
    vocabulary = Vocabulary(manifest.vocabulary)
    groups = WordGroups(told, wordnet, LEAST_PICTURES)
    columns = groups.columns(vocabulary, manifest.things)
    weight, bias = fit_odds(pooled_views(views), groups.shares.repeat(len(views), 1))
    fitted = {
        "odds.weight": weight,
        "odds.bias": bias,
        "column": columns,
        **cautions(groups.groups, len(manifest.things)),
    }
    changed = {
        **weights,
        **{f"decoder.presence.{name}": tensor for name, tensor in fitted.items()},
        "decoder.output_bias": weights["decoder.output_bias"]
        + groups.leanings(vocabulary, columns, len(manifest.things)),
    }
    header = replace(
        manifest,
        # Where words are held back, others would be said twice in their place.
        beam={**manifest.beam, "once": True},
        decoder_config={**manifest.decoder_config, "presence": len(groups.groups)},
        training={
            **manifest.training,
            "presence": {"pictures": len(told), "views": len(views), "groups": len(groups.groups)},
        },
        phrases=phrase_parts(vocabulary, [*(own for one in told for own in one), *sentences]),
        calibration=None,
        scene_calibration=None,
    )
    return header, changed
