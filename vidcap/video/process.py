"""Running a decoder in a process of its own.

A codec that crashes or hangs then costs a back end, not the job, and decoding runs ahead while the
parent captions.  The parent holds a bounded number of frames; when it is full the pipe fills, and
the decoder waits.
"""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from vidcap.video import ipc

Item = tuple[ipc.Message, NDArray[np.uint8] | None]

_PACKAGE_ROOT = Path(__file__).resolve().parents[2]
# How often a thread that waits looks whether it should stop.
_LOOK_SECONDS = 0.2


class DecoderDied(Exception):
    """The decoder process hung, crashed or gave up; the message says which, in a few words."""


@dataclass(slots=True)
class _Shared:
    """What the thread that reads the pipe and the thread that takes the frames both see."""

    items: queue.Queue[Item | None]
    heard: float = field(default_factory=time.monotonic)
    ticks: int | None = None
    closed: bool = False


class DecoderProcess:
    """One decoder at work on one request.

    Args:
        request: what :mod:`vidcap.video.worker` is to do.
        timeout: seconds without a sign of life after which it counts as hanging.
        ahead: frames to hold ready.
    """

    def __init__(self, request: ipc.Message, *, timeout: float, ahead: int) -> None:
        self._timeout = timeout
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "vidcap.video.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            # Nothing in the user's folder may stand in for a module, and vidcap itself must be
            # found wherever it was imported from.
            cwd=worker_folder(),
            env=worker_environment(),
        )
        stdin = cast("IO[bytes]", self._process.stdin)
        stdout = cast("IO[bytes]", self._process.stdout)
        self._shared = _Shared(queue.Queue(maxsize=ahead))
        self._kill = weakref.finalize(self, _kill, self._process, self._shared)
        threading.Thread(target=_pump, args=(stdout, self._shared), daemon=True).start()
        with contextlib.suppress(OSError):  # It may be gone already; next() says why.
            ipc.send(stdin, {**request, "import_path": sys.path})

    @property
    def ticks(self) -> int | None:
        """Presentation time in ticks that the decoder has reached."""
        return self._shared.ticks

    def next(self) -> Item:
        """Return the next message that is not a beat.

        Raises:
            DecoderGone: the process ended, or gave no sign of life for too long.
        """
        waited_from = time.monotonic()
        while True:
            silent = time.monotonic() - max(waited_from, self._shared.heard)
            if silent >= self._timeout:
                self.close()
                raise DecoderDied(f"gave no sign of life for {self._timeout:g} s")
            try:
                item = self._shared.items.get(timeout=min(_LOOK_SECONDS, self._timeout - silent))
            except queue.Empty:
                continue
            if item is None:
                raise DecoderDied(self._last_words())
            return item

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._kill()
        self._log.close()

    def _last_words(self) -> str:
        code = self._process.wait()
        self._log.seek(0)
        lines = self._log.read().decode("utf-8", "replace").split("\n")
        said = next((line.strip() for line in reversed(lines) if line.strip()), "")
        how = f"crashed with signal {-code}" if code < 0 else f"ended with code {code}"
        return f"{how}: {said}" if said else how


def worker_folder() -> Path:
    """Return the folder in which processes of vidcap's own start."""
    return _PACKAGE_ROOT


def worker_environment() -> dict[str, str]:
    """Return the environment in which processes of vidcap's own find vidcap, and are quiet."""
    inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    places = [str(_PACKAGE_ROOT), *(str(Path(place).absolute()) for place in inherited if place)]
    quiet = {"OPENCV_FFMPEG_LOGLEVEL": "-8", "OPENCV_LOG_LEVEL": "SILENT"}
    return {**quiet, **os.environ, "PYTHONPATH": os.pathsep.join(places)}


def _pump(stream: IO[bytes], shared: _Shared) -> None:
    """Move messages from the pipe to the queue until the pipe ends or nobody wants them."""
    while not shared.closed:
        try:
            received = ipc.receive(stream)
        except (OSError, ValueError):
            received = None
        shared.heard = time.monotonic()
        if received is not None and received[0]["kind"] == "beat":
            shared.ticks = received[0]["ticks"]
            continue
        _put(shared, received)
        shared.heard = time.monotonic()
        if received is None:
            break
    stream.close()


def _put(shared: _Shared, item: Item | None) -> None:
    while not shared.closed:
        try:
            shared.items.put(item, timeout=_LOOK_SECONDS)
            return
        except queue.Full:
            continue


def _kill(process: subprocess.Popen[bytes], shared: _Shared) -> None:
    shared.closed = True
    process.kill()
    process.wait()
    with contextlib.suppress(OSError):  # The rest of a request that it never read.
        if process.stdin:
            process.stdin.close()
