"""Claim files, so that several programs can fill one catalogue.

A claim is a row: this video is in work, by this owner, until then.  Its owner renews it while the
work goes on.  A claim whose owner is gone, or has not renewed it in time, is anybody's.
"""

from __future__ import annotations

import os
import socket
import sqlite3
import time
import uuid

from vidcap.index.schema import transaction

LEASE = 120.0
"""Seconds that a claim lasts without being renewed."""


def new_owner() -> str:
    """Return a name for this process that nobody else has: host, process, and a random part."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex}"


def claim(connection: sqlite3.Connection, content: str, owner: str) -> bool:
    """Claim a video for an owner; return whether it is theirs now."""
    with transaction(connection):
        now = time.time()
        row = connection.execute(
            "SELECT owner, until FROM claim WHERE content = ?", (content,)
        ).fetchone()
        if row is not None and row[0] != owner and _lasts(row[1], now) and not _is_gone(row[0]):
            return False
        connection.execute(
            "INSERT OR REPLACE INTO claim (content, owner, until) VALUES (?, ?, ?)",
            (content, owner, now + LEASE),
        )
    return True


def renew(connection: sqlite3.Connection, content: str, owner: str) -> None:
    """Keep a claim for as long again."""
    connection.execute(
        "UPDATE claim SET until = ? WHERE content = ? AND owner = ?",
        (time.time() + LEASE, content, owner),
    )


def release(connection: sqlite3.Connection, content: str, owner: str) -> bool:
    """Give up a claim, and return whether it was still the owner's."""
    done = connection.execute("DELETE FROM claim WHERE content = ? AND owner = ?", (content, owner))
    return done.rowcount == 1


def _lasts(until: float, now: float) -> bool:
    """Return whether a claim is of use still.

    One that would last longer than any can was made before a clock was set back.
    """
    return now < until <= now + LEASE


def _is_gone(owner: str) -> bool:
    """Return whether an owner is a process of this machine that is there no more.

    If another process has got its number since, the claim lasts until its time is over.
    """
    host, _, rest = owner.partition(":")
    number = rest.partition(":")[0]
    # On Windows this call would end the process.
    if os.name != "posix" or host != socket.gethostname() or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        pass
    return False
