"""Select the scenes that are worth describing, and their level of detail."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from vidcap.description.rewriting import content, describe_style, head_noun_phrase
from vidcap.description.script import Candidate, Detail, Omitted
from vidcap.scenes.scene import Scene
from vidcap.subtitles.clean import clean_text
from vidcap.subtitles.times import nearest_ms

# Two sentences that share so much of their content say the same.
_SAME = 0.75
# A listener remembers what was told in the last minute; a sentence of which less than a third is
# new to him then is not worth the interruption.
_REMEMBERED_MS = 60_000
_LEAST_NEW = 1 / 3


def candidates_from_scenes(
    scenes: Sequence[Scene], *, min_confidence: float
) -> tuple[list[Candidate], list[Omitted]]:
    """Return what could be told, in order of time, and what is too uncertain to be told.

    A sentence whose confidence is below the threshold is told as what it is about, alone; below
    half of it, not at all.  A captioner that gives no confidence is believed.

    Args:
        scenes: in order of time.
        min_confidence: the threshold, 0 to 1.
    """
    told: list[Candidate] = []
    left: list[Omitted] = []
    for index, scene in enumerate(scenes):
        text = wording(scene)
        if not text:
            continue
        start, end = nearest_ms(scene.start), nearest_ms(scene.end)
        sure = scene.confidence
        candidate = Candidate(index, start, end, text, Detail.FULL, sure)
        if sure is not None and sure < min_confidence:
            shown = head_noun_phrase(text)
            if sure < min_confidence / 2 or not shown:
                left.append(Omitted(candidate, "not sure enough"))
                continue
            candidate = replace(candidate, text=shown, detail=Detail.HEAD)
        told.append(candidate)
    return told, left


def wording(scene: Scene) -> str:
    """Return what a describer says of a scene; a sentence that somebody wrote stays as it is."""
    return clean_text(scene.text) if scene.edited else describe_style(scene.text)


def without_repeats(
    candidates: Sequence[Candidate], has_room: Callable[[Candidate], bool]
) -> tuple[list[Candidate], list[Omitted]]:
    """Return candidates that say different things, and those that say again what one of them does.

    Of several that say the same the first for which there is room stays, or the first of all.
    """
    kept: dict[Candidate, frozenset[str]] = {}
    left: list[Omitted] = []
    for candidate in candidates:
        own = content(candidate.text)
        twin = next((one for one, words in kept.items() if _say_the_same(words, own)), None)
        if twin is not None and not has_room(twin) and has_room(candidate):
            del kept[twin]
            left.append(Omitted(twin, "told elsewhere"))
            twin = None
        if twin is None:
            kept[candidate] = own
        else:
            left.append(Omitted(candidate, "told elsewhere"))
    return list(kept), left


def select_greedily(
    candidates: Sequence[Candidate], tell: Callable[[Candidate], str | None]
) -> list[Omitted]:
    """Tell candidates, what brings most first; return those that bring too little.

    What a sentence brings is the information of those of its words that nothing told within a
    minute of it holds, times its confidence; a word's information is one more than the logarithm
    of the number of sentences to one that holds it.  The value of a candidate only falls while
    others are told, for which the greedy choice is at least 1 - 1/e of the best (Nemhauser et al.
    1978).

    Args:
        candidates: in order of time.
        tell: takes the next best, and returns the text that is told of it, or None.
    """
    words = [content(candidate.text) for candidate in candidates]
    counts = Counter(word for own in words for word in own)
    worth = {word: 1 + math.log(len(candidates) / count) for word, count in counts.items()}
    told: list[tuple[int, frozenset[str]]] = []

    def value(number: int) -> tuple[float, float]:
        """Return what one brings, and which share of its information is new."""
        candidate = candidates[number]
        known: set[str] = set()
        for time, others in told:
            if abs(time - candidate.start_ms) < _REMEMBERED_MS:
                known |= others
        # Summed exactly, lest the order of a set decide.
        whole = math.fsum(worth[word] for word in words[number])
        new = math.fsum(worth[word] for word in words[number] - known)
        sure = 1.0 if candidate.confidence is None else candidate.confidence
        return sure * new, new / whole if whole else 0.0

    left: list[Omitted] = []
    heap = [(-value(number)[0], number) for number in range(len(candidates))]
    heapq.heapify(heap)
    while heap:
        _, number = heapq.heappop(heap)
        brings, new = value(number)
        if heap and -brings > heap[0][0]:
            heapq.heappush(heap, (-brings, number))
        elif new < _LEAST_NEW:
            left.append(Omitted(candidates[number], "little new"))
        else:
            said = tell(candidates[number])
            if said is not None:
                told.append((candidates[number].start_ms, content(said)))
    return left


def _say_the_same(one: frozenset[str], other: frozenset[str]) -> bool:
    if not one or not other:
        return one == other
    return 2 * len(one & other) / (len(one) + len(other)) >= _SAME
