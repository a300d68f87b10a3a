"""One sentence for several pictures of the same thing.

At each step of the search the distributions over the next word that the decoder has for each of the
pictures are combined, so that a word is chosen which fits them all: what one picture hides or
blurs, another shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidcap.captioning.beam import Step

Array = NDArray[Any]


def joint_step(step: Step, sizes: Sequence[int], *, group: int, beams: int) -> Step:
    """Return a step over scenes, made of a step over their pictures.

    A word's log-probability for a scene is the mean of those for its pictures, made to sum up to
    one again; where the sentence looks is the mean as well.

    Args:
        step: over ``group`` pictures with ``beams`` rows each; see
            :func:`vidcap.captioning.beam.beam_search`.
        sizes: how many pictures, in a row, make up each scene; pictures left over are idle.
        group: how many pictures ``step`` takes.
        beams: rows a picture, and a scene.
    """
    scenes, used = len(sizes), int(sum(sizes))
    owner = np.repeat(np.arange(scenes), sizes)
    # Idle pictures go along with the last scene, and nobody listens to them.
    followed = np.concatenate([owner, np.full(group - used, scenes - 1)])
    firsts = np.cumsum([0, *sizes[:-1]])
    several = np.repeat(np.asarray(sizes) > 1, beams)  # one picture says what it says alone
    begun = False

    def over_scenes(words: Array, rows: Array) -> tuple[Array, Array]:
        nonlocal begun
        # Before the first step there is one row a picture, and a scene: no beam to go on from.
        width = beams if begun else 1
        begun = True
        beam = rows.reshape(scenes, beams) - np.arange(scenes)[:, None] * width
        origin = beam[followed] + np.arange(group)[:, None] * width
        logs, looks = step(words.reshape(scenes, beams)[followed].reshape(-1), origin.reshape(-1))
        logs = logs.reshape(group, -1)[:used].astype(np.float64)
        mean = np.add.reduceat(logs, firsts, axis=0) / np.asarray(sizes)[:, None]
        mean = mean.reshape(scenes * beams, -1)
        apart = mean[several]
        top = apart.max(-1, keepdims=True)
        mean[several] = apart - top - np.log(np.exp(apart - top).sum(-1, keepdims=True))
        seen = looks.reshape(group, -1)[:used]
        seen = np.add.reduceat(seen, firsts, axis=0) / np.asarray(sizes)[:, None]
        return mean, seen.reshape(scenes * beams, -1)

    return over_scenes
