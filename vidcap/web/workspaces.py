"""A folder for each request, under a name that nobody can guess, removed afterwards."""

from __future__ import annotations

import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from vidcap.web.limits import Limits

_TOKEN = re.compile(r"[0-9a-f]{32}")


@dataclass(slots=True)
class Room:
    """What belongs to one request.

    Attributes:
        token: its name in addresses.
        folder: where its files lie.
        owner: the session that asked; empty for one that keeps nothing.
        name: what the upload was called, for people to read; never a path.
        opened: when, on the monotonic clock.
        held: whether work goes on in it.
        left: whether its owner has gone meanwhile.
    """

    token: str
    folder: Path
    owner: str = ""
    name: str = ""
    opened: float = field(default_factory=time.monotonic)
    held: bool = True
    left: bool = False


class Rooms:
    """The rooms there are; where there are too many, the oldest go.

    Args:
        folder: where they lie; everything in it belongs to this object.
        limits: how many there may be, and for how long.
        clock: tells seconds.
    """

    def __init__(
        self, folder: Path, limits: Limits, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder = folder
        self._limits = limits
        self._clock = clock
        self._rooms: dict[str, Room] = {}
        self._lock = threading.Lock()

    def open(self, *, owner: str = "", name: str = "") -> Room:
        """Return a new, empty room."""
        token = secrets.token_hex(16)
        room = Room(token, self._folder / token, owner, name, opened=self._clock())
        room.folder.mkdir(parents=True, mode=0o700)
        with self._lock:
            self._rooms[token] = room
        self.sweep()
        return room

    def find(self, token: str) -> Room | None:
        """Return a room by its token; None where there is none any more."""
        if not _TOKEN.fullmatch(token):
            return None
        with self._lock:
            return self._rooms.get(token)

    def close(self, room: Room) -> None:
        """Remove a room with all that is in it."""
        with self._lock:
            self._rooms.pop(room.token, None)
        shutil.rmtree(room.folder, ignore_errors=True)

    def leave(self, owner: str) -> None:
        """Remove the rooms of a visitor who has gone; where work goes on, when it ends."""
        for room in self._all():
            if owner and room.owner == owner:
                room.left = True
                if not room.held:
                    self.close(room)

    def release(self, room: Room) -> None:
        """Say that no work goes on in a room any more."""
        room.held = False
        if room.left:
            self.close(room)

    def sweep(self) -> None:
        """Remove rooms that are too old, and the oldest of too many; none where work goes on."""
        free = [room for room in self._all() if not room.held]
        over = len(self._all()) - self._limits.rooms
        oldest = self._clock() - self._limits.room_seconds
        for place, room in enumerate(sorted(free, key=lambda one: one.opened)):
            if place < over or room.opened < oldest:
                self.close(room)

    @contextmanager
    def ageing(self) -> Iterator[None]:
        """Remove rooms as they become too old, whoever comes or does not, while the block runs."""
        stop = threading.Event()

        def look() -> None:
            while not stop.wait(self._limits.room_seconds / 60):
                self.sweep()

        thread = threading.Thread(target=look, name="vidcap-rooms", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def close_all(self) -> None:
        """Remove every room."""
        for room in self._all():
            self.close(room)

    def _all(self) -> list[Room]:
        with self._lock:
            return list(self._rooms.values())
