"""The encoder's classifier, fitted anew to an encoder whose end has learnt something else.

What the untouched encoder gives for a part of a picture is guessed from what the trained one gives,
by a linear map, and the classifier is put behind the map: one matrix again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from pipelines.training.features import Features

_CHUNK = 250
_SHRINK = 0.1  # towards no change at all, in units of the features' mean square


def parts_of(views: Sequence[Features]) -> Iterator[Tensor]:
    """Yield ``(parts, channels)`` means over whole pictures and over their nine windows.

    The windows are those of :class:`vidcap.captioning.networks.concepts.ConceptClassifier`.
    """
    for view in views:
        side = math.isqrt(view.shape[1])
        for first in range(0, len(view), _CHUNK):
            regions = torch.from_numpy(np.asarray(view[first : first + _CHUNK], np.float32))
            grid = regions.transpose(1, 2).reshape(len(regions), -1, side, side)
            windows = torch.nn.functional.avg_pool2d(grid, (side + 1) // 2, max(1, side // 4))
            yield torch.cat([grid.mean((2, 3)), windows.permute(0, 2, 3, 1).flatten(0, 2)])


def fit_classifier(
    trained: Iterator[Tensor], untouched: Iterator[Tensor], classifier: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor]:
    """Return weight and bias that classify the trained encoder's features.

    Args:
        trained: ``(parts, channels)`` of the trained encoder, in chunks.
        untouched: the same parts of the encoder that the classifier belongs to.
        classifier: weight ``(classes, channels)`` and bias.
    """
    channels = classifier[0].shape[1]
    squares = torch.zeros(channels + 1, channels + 1, dtype=torch.float64)
    products = torch.zeros(channels + 1, channels, dtype=torch.float64)
    for now, before in zip(trained, untouched, strict=True):
        given = torch.cat([now, torch.ones(len(now), 1)], dim=1)
        squares += (given.T @ given).double()
        products += (given.T @ (before - now)).double()
    shrink = torch.full((channels + 1,), _SHRINK * float(squares.diagonal()[:-1].mean()))
    shrink[-1] = 1e-6
    change = torch.linalg.solve(squares + shrink.diag(), products).float()
    weight, bias = classifier
    return weight + weight @ change[:-1].T, bias + weight @ change[-1]


def fit_familiar(views: Sequence[Features], directions: int) -> dict[str, Tensor]:
    """Return the tensors of ``MahalanobisScore`` fitted on training pictures."""
    pooled = [
        torch.from_numpy(np.asarray(view[first : first + _CHUNK], np.float32)).mean(1)
        for view in views
        for first in range(0, len(view), _CHUNK)
    ]
    means = torch.cat(pooled)
    mean = means.mean(0)
    away = (means - mean).double()
    spreads, vectors = torch.linalg.eigh(away.T @ away / len(away))
    most = slice(len(spreads) - directions, None)
    return {
        "mean": mean,
        "directions": (vectors[:, most] / spreads[most].clamp_min(1e-12).sqrt()).float(),
        "rest": spreads[: len(spreads) - directions].sum().float().clamp_min(1e-6)[None],
    }
