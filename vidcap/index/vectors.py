"""Vectors as a catalogue keeps them, and the search for the nearest.

A vector has length 1 and is kept as one signed byte a dimension: a quarter of the room, and the
benchmark's figures stay the same to the third decimal.  The bytes are those that sqlite-vec calls
``int8``.
"""

from __future__ import annotations

import sqlite3

import numpy as np
from numpy.typing import NDArray

_SCALE = 127

Vector = NDArray[np.float32]


def pack(vector: NDArray[np.floating]) -> bytes:
    """Return a vector as a catalogue keeps it; its length is lost, its direction stays."""
    # By the largest: bytes would be wasted on what a unit vector never reaches.
    largest = float(np.abs(vector).max(initial=0))
    scaled = vector * (_SCALE / largest) if largest else vector
    packed: bytes = np.rint(scaled).astype(np.int8).tobytes()
    return packed


def unpack(packed: bytes | list[bytes]) -> Vector:
    """Return vectors of length 1, ``(dimensions,)`` for one and ``(n, dimensions)`` for a list."""
    if isinstance(packed, bytes):
        one: Vector = unpack([packed])[0]
        return one
    if not packed:
        return np.zeros((0, 0), np.float32)
    numbers = np.frombuffer(b"".join(packed), np.int8).reshape(len(packed), -1)
    vectors = numbers.astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    vectors /= np.maximum(lengths, 1e-9)[:, None]
    return vectors


def load_extension(connection: sqlite3.Connection) -> bool:
    """Give a connection sqlite-vec's functions, where that is there and Python lets it be loaded.

    Many a Python comes with an SQLite that loads no extensions.
    """
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
