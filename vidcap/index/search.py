"""Search scenes by text, by sentence vectors and by image vectors.

Words are ranked by BM25 (Robertson and Zaragoza 2009), meanings by the cosine of vectors, both
together by the sum of the two.  docs/search.md has the figures behind the default and behind every
number here.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidcap.errors import UsageError
from vidcap.index.fingerprint import located
from vidcap.index.query import coverage, match_expression, plain, two_expression, words_of
from vidcap.index.store import Catalogue

# So many of the best by words and of the best by meaning are looked at together.
_POOL = 200
# How many points of BM25 are worth as much as the whole of a cosine.
_POINTS = 20.0
# What is below is no answer: a cosine, and a share of the query's words.
_LEAST_MEANING = 0.35
_LEAST_WORDS = 0.3


class Ranking(StrEnum):
    """What scenes are ranked by."""

    WORDS = "words"
    MEANING = "meaning"
    FUSION = "fusion"


@dataclass(frozen=True, slots=True)
class Hit:
    """A scene that was found, or several that follow each other and say the same.

    Attributes:
        path: where its video lies; the first of the files, where there are copies; ``.`` where
            nobody knows.
        start_ms, end_ms: player time in milliseconds.
        text: the sentence as the captioner wrote it.
        score: how well it fits; comparable within one ranking alone.
        confidence: chance that the sentence is right; None where nobody knows.
        thumbnail: a small picture of it, as WebP.
        content: the content of its video.
        scenes: how many scenes it is made of.
    """

    path: Path
    start_ms: int
    end_ms: int
    text: str
    score: float
    confidence: float | None
    thumbnail: bytes | None
    content: str
    scenes: int = 1

    @property
    def link(self) -> str:
        """Address of the file at this time, as browsers and players understand it.

        Empty where nobody knows a file of the video any more.
        """
        if self.path == Path():
            return ""
        return f"{self.path.as_uri()}#t={self.start_ms / 1000:g},{self.end_ms / 1000:g}"


Embed = Callable[[Sequence[str]], NDArray[np.float32]]


def search(
    catalogue: Catalogue,
    text: str,
    *,
    embed: Embed | None,
    top: int = 10,
    within: Path | None = None,
    ranking: Ranking | None = None,
) -> list[Hit]:
    """Return the scenes that fit a query, best first; none, if none does.

    Args:
        catalogue: where to look.
        text: what to look for, in plain words; nothing in it is syntax.
        embed: turns sentences into vectors; None where nothing can, and then words alone count.
        top: how many scenes at most.
        within: a file or folder to look in alone.
        ranking: what to rank by; None for what there is.

    Raises:
        UsageError: ``top`` is below 1, or meaning is asked for where nothing can tell it.
    """
    check_top(top)
    if ranking is None:
        ranking = Ranking.WORDS if embed is None else Ranking.MEANING
    if ranking is not Ranking.WORDS and embed is None:
        raise UsageError("scenes cannot be ranked by meaning without what makes vectors")
    words, said = words_of(text), plain(text)
    if not said:
        return []
    scope = _Scope.of(within)
    with catalogue.errors_named():
        vector = embed([said])[0] if embed is not None and ranking is not Ranking.WORDS else None
        scores = _rank(catalogue, words, vector, ranking, scope, max(_POOL, 2 * top))
        return _hits(catalogue.connection, scores, top, scope)


def search_vector(
    catalogue: Catalogue,
    vector: NDArray[np.float32],
    column: str,
    *,
    model: str,
    least: float,
    top: int = 10,
    within: Path | None = None,
) -> list[Hit]:
    """Return the scenes whose vectors are nearest to one, best first.

    Args:
        catalogue: where to look.
        vector: of length 1.
        column: which vectors: ``sentence`` or ``picture``.
        model: hash of what made the vectors; those of others cannot be compared.
        least: the cosine below which nothing is an answer.
        top: how many scenes at most.
        within: a file or folder to look in alone.

    Raises:
        UsageError: ``top`` is below 1.
    """
    check_top(top)
    scope = _Scope.of(within)
    with catalogue.errors_named():
        condition = f"{scope.condition} AND video IN (SELECT id FROM video WHERE model = ?)"
        found = catalogue.vectors.nearest(vector, column, top, condition, (*scope.values, model))
        scores = {scene: cosine for scene, cosine in found.items() if cosine >= least}
        return _hits(catalogue.connection, scores, top, scope)


def check_top(top: int) -> None:
    """Refuse a number of scenes that there cannot be.

    Raises:
        UsageError: naming it.
    """
    if top < 1:
        raise UsageError(f"top is {top}; it must be 1 or more")


def _rank(
    catalogue: Catalogue,
    words: Sequence[str],
    vector: NDArray[np.float32] | None,
    ranking: Ranking,
    scope: _Scope,
    pool: int,
) -> dict[int, float]:
    """Return the scenes that fit by their numbers, with scores."""
    if vector is None:
        return {
            scene: points
            for scene, (points, covered) in _by_words(catalogue, words, scope, pool).items()
            if covered >= _LEAST_WORDS
        }
    vectors = catalogue.vectors
    near = vectors.nearest(vector, "sentence", pool, scope.condition, scope.values)
    if ranking is Ranking.MEANING:
        found = {scene: cosine for scene, cosine in near.items() if cosine >= _LEAST_MEANING}
        # What is written on the screen is found by its words: a vector knows the sentence alone.
        return found | dict.fromkeys(_written(catalogue, words, scope, pool), 1.0)
    by_words = _by_words(catalogue, words, scope, pool)
    missing = [scene for scene in by_words if scene not in near]
    near |= dict.fromkeys(missing, 0.0) | vectors.of_scenes(vector, "sentence", missing)
    both: dict[int, float] = {}
    for scene, cosine in near.items():
        points, covered = by_words.get(scene, (0.0, 0.0))
        if cosine >= _LEAST_MEANING or covered >= _LEAST_WORDS:
            both[scene] = cosine + points / _POINTS
    return both


@dataclass(frozen=True, slots=True)
class _Scope:
    """Which scenes count: a condition on ``scene.video`` in SQL, with its values."""

    condition: str = "1"
    values: tuple[bytes, ...] = ()
    files: str = ""

    @classmethod
    def of(cls, within: Path | None) -> _Scope:
        if within is None:
            return cls()
        place = os.fsencode(located(within))
        separator = os.fsencode(os.sep)
        inside = place if place.endswith(separator) else place + separator
        # Up to the next byte: all that begins with the folder's name.
        behind = inside[:-1] + bytes([inside[-1] + 1])
        files = "(path = ? OR (path >= ? AND path < ?))"
        return cls(
            f"video IN (SELECT video.id FROM video JOIN file USING (content) WHERE {files})",
            (place, inside, behind),
            files,
        )


def _by_words(
    catalogue: Catalogue, words: Sequence[str], scope: _Scope, pool: int
) -> dict[int, tuple[float, float]]:
    """Return the best scenes by BM25, with its points and the share of the words that each has."""
    if not words:
        return {}
    # One of many words is below the cut-off, and most scenes have no more: not to count the points
    # of those makes the search three times as fast.
    needed = two_expression(words) if len(words) * _LEAST_WORDS > 1 else None
    rows = _matching(catalogue, match_expression(words), needed, scope, pool)
    return {
        scene: (-points, coverage(words, f"{text} {screen_text or ''}"))
        for scene, points, text, screen_text in rows
    }


def _written(catalogue: Catalogue, words: Sequence[str], scope: _Scope, pool: int) -> list[int]:
    """Return scenes on whose screens all the words are written."""
    if not words:
        return []
    wanted = " AND ".join(f"screen_text : {match_expression([word])}" for word in words)
    return [row[0] for row in _matching(catalogue, wanted, None, scope, pool)]


def _matching(
    catalogue: Catalogue, expression: str, needed: str | None, scope: _Scope, pool: int
) -> list[tuple[int, float, str, str | None]]:
    """Return the best scenes by BM25: number, points below zero, sentence, and text on screen.

    Args:
        catalogue: where to look.
        expression: what gives points.
        needed: what a scene must match as well; None for nothing.
        scope: which scenes count.
        pool: how many at most.
    """
    # A plus keeps SQLite from asking FTS5 for one row after the other.
    also = " AND +rowid IN (SELECT rowid FROM words WHERE words MATCH ?)" if needed else ""
    if scope.files:
        also += f" AND +rowid IN (SELECT id FROM scene WHERE {scope.condition})"
    return catalogue.connection.execute(
        "SELECT scene.id, points, scene.text, scene.screen_text FROM"
        f" (SELECT rowid, bm25(words) AS points FROM words WHERE words MATCH ?{also}"
        " ORDER BY points LIMIT ?) AS found"
        " JOIN scene ON scene.id = found.rowid ORDER BY points, scene.id",
        (expression, *([needed] if needed else []), *scope.values, pool),
    ).fetchall()


def _hits(
    connection: sqlite3.Connection, scores: dict[int, float], top: int, scope: _Scope
) -> list[Hit]:
    """Return the best scenes, those that touch and say the same as one."""
    chosen = sorted(scores, key=lambda scene: (-scores[scene], scene))[:top]
    hits: dict[tuple[str, int], Hit] = {}
    for scene in chosen:
        hit, position = _hit(connection, scene, scores[scene], scope)
        hits[hit.content, position] = hit
    merged: list[Hit] = []
    before: tuple[str, int] | None = None
    for (content, position), hit in sorted(hits.items()):
        if before == (content, position - 1) and _same(merged[-1], hit):
            merged[-1] = _joined(merged[-1], hit)
        else:
            merged.append(hit)
        before = content, position
    return sorted(merged, key=lambda hit: (-hit.score, os.fsencode(hit.path), hit.start_ms))


def _same(one: Hit, other: Hit) -> bool:
    return one.end_ms == other.start_ms and one.text == other.text


def _joined(one: Hit, other: Hit) -> Hit:
    better = max(one, other, key=lambda hit: hit.score)
    return replace(
        better, start_ms=one.start_ms, end_ms=other.end_ms, scenes=one.scenes + other.scenes
    )


def _hit(
    connection: sqlite3.Connection, scene: int, score: float, scope: _Scope
) -> tuple[Hit, int]:
    *facts, content, position = connection.execute(
        "SELECT start_ms, end_ms, text, confidence, thumbnail, content, position"
        " FROM scene JOIN video ON video.id = scene.video WHERE scene.id = ?",
        (scene,),
    ).fetchone()
    start, end, text, confidence, thumbnail = facts
    asked = f" AND {scope.files}" if scope.files else ""
    path = connection.execute(
        f"SELECT min(path) FROM file WHERE content = ?{asked}",
        (content, *scope.values),
    ).fetchone()[0]
    place = Path(os.fsdecode(path)) if path is not None else Path()
    hit = Hit(place, start, end, text, round(score, 4), confidence, thumbnail, content)
    return hit, int(position)
