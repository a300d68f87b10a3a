"""Vectors as a catalogue keeps them, and the search for the nearest.

A vector has length 1 and is kept as one signed byte a dimension, a quarter of the room of floats.
The bytes are those that sqlite-vec calls ``int8``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SCALE = 127
# Rows that are turned to floats at a time: what fits into a processor's cache.
_CHUNK = 4096

Vector = NDArray[np.float32]


def pack(vector: NDArray[np.floating]) -> bytes:
    """Return a vector as a catalogue keeps it; its length is lost, its direction stays."""
    # By the largest: bytes would be wasted on what a unit vector never reaches.
    largest = float(np.abs(vector).max(initial=0))
    scaled = vector * (_SCALE / largest) if largest else vector
    packed: bytes = np.rint(scaled).astype(np.int8).tobytes()
    return packed


def unpack(packed: bytes) -> Vector:
    """Return a vector of length 1."""
    numbers = np.frombuffer(packed, np.int8).astype(np.float32)
    vector: Vector = numbers / np.float32(max(float(np.linalg.norm(numbers)), 1e-9))
    return vector


@dataclass(frozen=True, slots=True)
class _Table:
    """All vectors of one kind: scenes, their videos, bytes ``(n, dimensions)``, and lengths."""

    state: tuple[int, int]
    scenes: NDArray[np.int64]
    videos: NDArray[np.int64]
    numbers: NDArray[np.int8]
    lengths: Vector

    def cosines(self, vector: Vector) -> Vector:
        wanted = unpack(pack(vector))
        found = np.empty(len(self.numbers), np.float32)
        for start in range(0, len(found), _CHUNK):
            rows = self.numbers[start : start + _CHUNK].astype(np.float32)
            found[start : start + _CHUNK] = rows @ wanted
        found /= self.lengths
        return found


class VectorSearch:
    """Finds the vectors of a catalogue that are nearest to one; all of its length are looked at.

    sqlite-vec does it where it is installed and Python's SQLite loads extensions, which many do
    not; numpy does it elsewhere, and keeps what it has read until the catalogue changes.

    Args:
        connection: to the catalogue.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.in_sqlite = _load_extension(connection)
        self._tables: dict[tuple[str, int], _Table] = {}

    def nearest(
        self,
        vector: Vector,
        column: str,
        count: int,
        condition: str = "1",
        values: Sequence[Any] = (),
    ) -> dict[int, float]:
        """Return the scenes whose vectors are nearest to one, with their cosines, nearest first.

        Args:
            vector: of length 1.
            column: which vectors: ``sentence`` or ``picture``.
            count: how many scenes at most.
            condition: on ``scene.video``, in SQL.
            values: what stands for the condition's question marks.
        """
        if self.in_sqlite:
            rows = self._connection.execute(
                "SELECT vector.scene,"
                f" 1 - vec_distance_cosine(vec_int8(vector.{column}), vec_int8(?)) AS near"
                " FROM vector JOIN scene ON scene.id = vector.scene"
                f" WHERE length(vector.{column}) = ? AND {condition}"
                " ORDER BY near DESC, vector.scene LIMIT ?",
                (pack(vector), len(vector), *values, count),
            )
            return dict(rows.fetchall())
        table = self._table(column, len(vector))
        cosines = table.cosines(vector)
        if condition != "1":
            within = self._connection.execute(
                f"SELECT DISTINCT video FROM scene WHERE {condition}", values
            ).fetchall()
            allowed = np.isin(table.videos, [row[0] for row in within])
            cosines[~allowed] = -np.inf
            count = min(count, int(allowed.sum()))
        best = _largest(cosines, count)
        return {int(table.scenes[place]): float(cosines[place]) for place in best}

    def of_scenes(self, vector: Vector, column: str, scenes: Sequence[int]) -> dict[int, float]:
        """Return the cosines of the vectors of some scenes with one; those without are left out."""
        marks = ", ".join("?" * len(scenes))
        wanted = unpack(pack(vector))
        return {
            scene: float(unpack(packed) @ wanted)
            for scene, packed in self._connection.execute(
                f"SELECT scene, {column} FROM vector"
                f" WHERE scene IN ({marks}) AND length({column}) = ?",
                (*scenes, len(vector)),
            )
        }

    def _table(self, column: str, length: int) -> _Table:
        # The first number tells of what others wrote, the second of what this connection did.
        (others,) = self._connection.execute("PRAGMA data_version").fetchone()
        state = (others, self._connection.total_changes)
        table = self._tables.get((column, length))
        if table is None or table.state != state:
            rows = self._connection.execute(
                f"SELECT scene, video, {column} FROM vector JOIN scene ON scene.id = vector.scene"
                f" WHERE length({column}) = ? ORDER BY scene",
                (length,),
            ).fetchall()
            numbers = np.frombuffer(b"".join(row[2] for row in rows), np.int8)
            numbers = numbers.reshape(len(rows), length)
            squares = np.zeros(len(rows), np.float32)
            for start in range(0, len(rows), _CHUNK):
                chunk = numbers[start : start + _CHUNK].astype(np.float32)
                squares[start : start + _CHUNK] = np.einsum("ij,ij->i", chunk, chunk)
            table = self._tables[column, length] = _Table(
                state,
                np.array([row[0] for row in rows], np.int64),
                np.array([row[1] for row in rows], np.int64),
                numbers,
                np.sqrt(np.maximum(squares, 1)),
            )
        return table


def _largest(values: Vector, count: int) -> NDArray[np.intp]:
    """Return the places of the largest values, largest first, the first of equals first."""
    if 0 < count < len(values):
        least = np.partition(values, len(values) - count)[len(values) - count]
        places = np.flatnonzero(values >= least)
    else:
        places = np.arange(len(values))
    order: NDArray[np.intp] = places[np.argsort(-values[places], kind="stable")][:count]
    return order


def _load_extension(connection: sqlite3.Connection) -> bool:
    """Give a connection sqlite-vec's functions, where that is possible."""
    try:
        import sqlite_vec
    except ImportError:
        return False
    if not hasattr(connection, "enable_load_extension"):
        return False
    connection.enable_load_extension(True)
    try:
        sqlite_vec.load(connection)
    except sqlite3.Error:
        return False
    finally:
        connection.enable_load_extension(False)
    return True
