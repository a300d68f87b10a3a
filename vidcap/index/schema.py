"""The tables of a catalogue, and how an older catalogue gets them.

A catalogue is one SQLite file.  Its schema has a number, ``PRAGMA user_version``; docs/catalogue.md
describes the newest.  What is written here of a version that was given out never changes: a new
version is one more tuple of statements.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vidcap.errors import DataError, OutputError, VidcapError

# "vidc": tells a catalogue from other people's databases.
APPLICATION_ID = 0x76696463
_BUSY_MS = 30_000

_WORDS = (
    """
    CREATE TABLE video (
        id INTEGER PRIMARY KEY,
        content TEXT NOT NULL UNIQUE,
        size INTEGER NOT NULL,
        duration_ms INTEGER,
        state TEXT NOT NULL CHECK (state IN ('done', 'failed')),
        error TEXT CHECK ((error IS NULL) = (state = 'done')),
        completeness TEXT,
        model TEXT NOT NULL,
        settings TEXT NOT NULL,
        made_by TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE file (
        path BLOB PRIMARY KEY,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        content TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX file_content ON file (content)",
    """
    CREATE TABLE scene (
        id INTEGER PRIMARY KEY,
        video INTEGER NOT NULL REFERENCES video (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        start_ms INTEGER NOT NULL CHECK (start_ms >= 0),
        end_ms INTEGER NOT NULL CHECK (end_ms >= start_ms),
        text TEXT NOT NULL,
        score REAL,
        confidence REAL,
        frames_ms TEXT NOT NULL,
        tags TEXT,
        screen_text TEXT,
        thumbnail BLOB,
        UNIQUE (video, position)
    )
    """,
    """
    CREATE VIRTUAL TABLE words USING fts5 (
        text, screen_text, content = 'scene', content_rowid = 'id', tokenize = 'porter unicode61'
    )
    """,
    """
    CREATE TRIGGER scene_added AFTER INSERT ON scene BEGIN
        INSERT INTO words (rowid, text, screen_text) VALUES (new.id, new.text, new.screen_text);
    END
    """,
    """
    CREATE TRIGGER scene_removed AFTER DELETE ON scene BEGIN
        INSERT INTO words (words, rowid, text, screen_text)
        VALUES ('delete', old.id, old.text, old.screen_text);
    END
    """,
    """
    CREATE TABLE indexed (
        video INTEGER PRIMARY KEY REFERENCES video (id) ON DELETE CASCADE,
        at TEXT NOT NULL
    )
    """,
)

_MEANING = (
    """
    CREATE TABLE vector (
        scene INTEGER PRIMARY KEY REFERENCES scene (id) ON DELETE CASCADE,
        sentence BLOB,
        picture BLOB
    )
    """,
    """
    CREATE TABLE claim (
        content TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        until REAL NOT NULL
    ) WITHOUT ROWID
    """,
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_WORDS, _MEANING)
"""What takes a catalogue from each version to the next, beginning with an empty file."""

VERSION = len(MIGRATIONS)


@contextmanager
def speaking_of(path: Path) -> Iterator[None]:
    """Turn what SQLite raises in the block into an error that names the catalogue.

    Raises:
        OutputError: the catalogue cannot be written: the disk is full, or another program keeps it.
        DataError: it is damaged or no database.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise _explained(path, error) from error
    # sqlite3 cannot always say what is wrong with a schema; and a column may hold anything.
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise DataError(f"{path}: the catalogue is damaged: {error}") from error


def _explained(path: Path, error: sqlite3.Error) -> VidcapError:
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return OutputError(
                f"{path}: the disk is full; what was finished stays: make room and run it again"
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return OutputError(
                f"{path}: another program has been writing to it for {_BUSY_MS // 1000} s; "
                "try again when that is done"
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_IOERR:
            return OutputError(f"{path}: cannot be written: {error}")
        case sqlite3.SQLITE_CANTOPEN:
            return OutputError(f"{path}: cannot be opened: {error}")
        case sqlite3.SQLITE_NOTADB:
            return DataError(f"{path}: is no SQLite database; name a catalogue of vidcap")
        case _:
            return DataError(f"{path}: the catalogue is damaged: {error}")


def connect(path: Path, *, create: bool) -> sqlite3.Connection:
    """Open a catalogue, and bring it to the newest version of the schema.

    Args:
        path: the file.
        create: make it where there is none.

    Raises:
        DataError: there is no such file, it is no catalogue, or a newer vidcap made it.
        OutputError: it cannot be opened or made.
    """
    if not create and not path.is_file():
        raise DataError(f"{path}: there is no such catalogue; 'vidcap index' makes one")
    # As an address, so that no name of a file is taken for more than a name.
    address = f"{path.absolute().as_uri()}?mode={'rwc' if create else 'rw'}"
    with speaking_of(path):
        connection = sqlite3.connect(
            address, uri=True, timeout=_BUSY_MS / 1000, isolation_level=None
        )
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            _migrate(connection, path)
            # Not earlier: a file that is somebody else's stays as it is.
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write everything in the block, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk may have rolled back already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection, path) == VERSION:
        return
    with transaction(connection):
        # Another process may have been quicker.
        for statements in MIGRATIONS[_version(connection, path) :]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if tables or application or version:
            raise DataError(f"{path}: is a database of another program, no catalogue of vidcap")
        return 0
    if not 0 <= version <= VERSION:
        raise DataError(
            f"{path}: has version {version} of the schema, and this vidcap knows up to {VERSION}; "
            "use a newer vidcap"
        )
    return int(version)
