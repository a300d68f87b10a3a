"""Estimate the probability that a caption is a fair description of its picture.

*Fair* means: its CIDEr-D against what people wrote of the picture is at least what the median of
those people reaches against the others.  The chance is a logistic function of a few facts that
the beam search leaves behind, clipped to the range they are usual in; its numbers are fitted by
``pipelines/calibrate.py`` on pictures that were not trained on, and live in the checkpoint or
beside it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidcap.captioning.decoding.beam_search import Hypothesis
from vidcap.captioning.noun_matcher import NounMatcher

Array = NDArray[Any]

FEATURES: Mapping[str, int] = {
    "log_probability": 1,
    "informed_log_probability": 1,
    "margin": 1,
    "agreement": 1,
    "attention_entropy": -1,
    "information": 0,
    "words": 0,
    "strangeness": -1,
    "recognised": 1,
    "overlooked": -1,
    "prospect": 1,
}
"""What the chance may stand on, and which way it must move with it: up, down or either.

``log_probability``: mean of the words' log-probabilities, end included.
``informed_log_probability``: the same without the end, words weighted by squared information,
as CIDEr-D weighs them.
``margin``: by how much the search ranks the sentence above the next best.
``agreement``: share of its information that it has in common with the other sentences of the
search (Dice), mean.
``attention_entropy``: mean of the words', as a share of the largest there can be.
``information``: mean of the words' information.
``words``: how many there are.
``strangeness``: logarithm of how unlike the training pictures the picture is.
``recognised``: how surely the things that the sentence names are recognised, the surest.
``overlooked``: how surely the things that it does not name are, the surest.
``prospect``: how well captions of such pictures come out, whatever they say.
"""

FACT_FEATURES = frozenset(("strangeness", "recognised", "overlooked", "prospect"))
"""Those that only a captioner with recognised things has."""

_LARGEST = 1e6  # no number of a sound calibration comes near it
_CLIP = 3.0  # standard deviations; nothing is known of what lies further out


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """What is known of a picture before anything is said.

    Attributes:
        strengths: ``(G,)`` how surely each noun is there.
        strangeness: how unlike the training pictures it is; 1 for a usual one.
        direction: ``(D,)`` of length 1 at most; of like pictures they point the same way.
        finder: finds the nouns in sentences.
    """

    strengths: Array
    strangeness: float
    direction: Array
    finder: NounMatcher

    def describe(self, words: Sequence[int], prospect: Array) -> dict[str, float]:
        """Return the value of each of ``FACT_FEATURES`` for a sentence.

        Args:
            words: its word numbers.
            prospect: ``(D,)`` what each part of the direction promises; empty where that is not
                known, and the feature is then left out.
        """
        named = np.isin(np.arange(len(self.strengths)), sorted(self.finder.named(words)))
        return {
            "strangeness": math.log(max(self.strangeness, 1e-6)),
            "recognised": float(np.max(self.strengths, where=named, initial=0.0)),
            "overlooked": float(np.max(self.strengths, where=~named, initial=0.0)),
            **({"prospect": float(self.direction @ prospect)} if len(prospect) else {}),
        }


def describe(
    hypotheses: Sequence[Hypothesis],
    information: Array,
    facts: Facts | None = None,
    prospect: Array | tuple[()] = (),
) -> dict[str, float]:
    """Return the value of each of ``FEATURES`` for the first of a picture's hypotheses.

    Without facts, those of ``FACT_FEATURES`` are left out.

    Args:
        hypotheses: what the beam search found, best first.
        information: ``(V,)`` of each word number, in nats: minus the logarithm of the share of
            captioned pictures that people use it for.
        facts: what is known of the picture.
        prospect: what each part of its direction promises; see :meth:`Facts.describe`.
    """
    best, *others = hypotheses
    logs = np.asarray(best.word_log_probabilities, dtype=np.float64)
    told = information[list(best.words)]
    squares = told * told
    weight = float(squares.sum())
    return {
        "log_probability": float(logs.mean()),
        "informed_log_probability": (
            float(squares @ logs[: len(told)]) / weight if weight else float(logs.mean())
        ),
        "margin": best.rank - others[0].rank if others else 0.0,
        "agreement": (
            sum(_dice(best.words, other.words, information) for other in others) / len(others)
            if others
            else 1.0
        ),
        "attention_entropy": float(entropy(best.attention).mean()) if best.words else 1.0,
        "information": float(told.mean()) if best.words else 0.0,
        "words": float(len(best.words)),
        **(facts.describe(best.words, np.asarray(prospect)) if facts else {}),
    }


def entropy(attention: Array) -> Array:
    """Return the entropy of each row of attention weights as a share of the largest, 0 to 1."""
    weights = np.asarray(attention, dtype=np.float64)
    if weights.shape[-1] < 2:
        return np.zeros(len(weights))
    logs = np.log(np.maximum(weights, 1e-12))
    return np.asarray(-(weights * logs).sum(-1) / math.log(weights.shape[-1]))


def _dice(a: Sequence[int], b: Sequence[int], information: Array) -> float:
    def total(words: Counter[int]) -> float:
        return sum(float(information[word]) * count for word, count in words.items())

    first, second = Counter(a), Counter(b)
    both = total(first) + total(second)
    return 2 * total(first & second) / both if both else 1.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """Turns what a search found into a chance.

    The chance is ``1 / (1 + exp(-(bias + sum of weight * z)))``, where ``z`` is a feature's
    distance from ``mean`` in units of ``scale``, at most three either way.  Weights never point
    against the direction that ``FEATURES`` gives.

    Attributes:
        features: names of those used, for each of which there is one mean, scale and weight.
        means, scales, weights: as above; scales are above zero.
        bias: log-odds of a caption that is average in everything.
        information: of each word number, special words included; see :func:`describe`.
        record: what it was fitted on and how well it does; informative only.
        prospect: what each part of a picture's direction promises; empty where that was not asked.

    Raises:
        ValueError: a number is not finite, out of bounds, or points the wrong way, or there are
            not as many of one as of the other.
    """

    features: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float
    information: tuple[float, ...]
    record: Mapping[str, Any]
    prospect: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not {len(self.means), len(self.scales), len(self.weights)} == {len(self.features)}:
            raise ValueError("calibration: there must be a mean, scale and weight a feature")
        if len(set(self.features)) != len(self.features):
            raise ValueError("calibration: a feature is named twice")
        numbers = (*self.means, *self.scales, *self.weights, self.bias)
        numbers += self.information + self.prospect
        if not all(abs(number) <= _LARGEST for number in numbers):  # false for NaN too
            raise ValueError("calibration: a number is not finite or far too large")
        if not all(scale > 0 for scale in self.scales):
            raise ValueError("calibration: a scale is not above 0")
        if not all(number >= 0 for number in self.information):
            raise ValueError("calibration: a word's information is below 0")
        if "prospect" in self.features and not self.prospect:
            raise ValueError("calibration: nothing says what a picture's direction promises")
        for name, weight in zip(self.features, self.weights, strict=True):
            if name not in FEATURES:
                raise ValueError(f"calibration: there is no feature {name!r}")
            if weight * FEATURES[name] < 0:
                raise ValueError(f"calibration: {name} may not weigh {weight}")

    def to_mapping(self) -> dict[str, Any]:
        """Return it as it stands in a checkpoint's header, or in the file beside it."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        if not self.prospect:
            del values["prospect"]
        return values

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], *, vocabulary_size: int) -> Calibration:
        """Take it from what :meth:`to_mapping` gave; ``vocabulary_size`` counts the special words.

        Raises:
            ValueError, TypeError, KeyError, AttributeError: the values are not as they should be.
        """
        calibration = cls(
            features=tuple(map(str, values["features"])),
            means=_numbers(values["means"]),
            scales=_numbers(values["scales"]),
            weights=_numbers(values["weights"]),
            bias=float(values["bias"]),
            information=_numbers(values["information"]),
            record=dict(values["record"]),
            prospect=_numbers(values.get("prospect", ())),
        )
        if len(calibration.information) != vocabulary_size:
            raise ValueError(
                f"calibration: {len(calibration.information)} words have an information, "
                f"but the vocabulary has {vocabulary_size}"
            )
        return calibration

    def chance(self, values: Mapping[str, float]) -> float:
        """Return the chance, from 0 to 1, for what :func:`describe` says of a caption."""
        odds = self.bias
        for name, mean, scale, weight in zip(
            self.features, self.means, self.scales, self.weights, strict=True
        ):
            odds += weight * min(_CLIP, max(-_CLIP, (values[name] - mean) / scale))
        # Of the two ways to write it, the one that cannot overflow.
        return 1 / (1 + math.exp(-odds)) if odds > 0 else math.exp(odds) / (1 + math.exp(odds))


def clipped(values: Array, means: Array, scales: Array) -> Array:
    """Return ``(N, F)`` feature values as :meth:`Calibration.chance` weighs them."""
    return np.clip((values - means) / scales, -_CLIP, _CLIP)


class Confidence:
    """A calibration made ready for use.

    Args:
        calibration: its numbers.
    """

    def __init__(self, calibration: Calibration) -> None:
        self._calibration = calibration
        self._information = np.array(calibration.information)
        self._prospect = np.array(calibration.prospect)

    def __call__(self, hypotheses: Sequence[Hypothesis], facts: Facts | None = None) -> float:
        """Return the chance that the first of a picture's hypotheses is a fair description.

        ``facts`` are needed by a calibration that stands on them.
        """
        told = describe(hypotheses, self._information, facts, self._prospect)
        return self._calibration.chance(told)


def _numbers(values: Any) -> tuple[float, ...]:
    if isinstance(values, str):
        raise TypeError(f"{values!r} is not a list of numbers")
    return tuple(float(value) for value in values)
