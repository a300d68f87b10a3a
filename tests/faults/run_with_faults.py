"""The command in a process of its own, with a quick captioner, and faults that are asked for.

The environment says which: ``FAULTS_BEGUN`` names a file to make once signals are listened to,
``FAULTS_PICTURES`` an action on a file (``unlink`` or ``truncate``) at the first pictures,
``FAULTS_CLOCK`` lets the wall clock jump, ``FAULTS_DECODERS`` names those to be tried, and
``FAULTS_NETWORK`` ends the command at an attempt to reach somebody.
"""

from __future__ import annotations

import itertools
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import vidcap.captioning.registry
import vidcap.cli
import vidcap.jobs.indexing
import vidcap.jobs.workers
import vidcap.video.source
from tests.fakes import ShadeCaptioner
from vidcap.captioning.caption import Caption


class Captioner(ShadeCaptioner):
    """Lets something happen to a file at its first pictures."""

    def caption(self, pictures: Sequence[NDArray[np.uint8]]) -> list[Caption]:
        action, _, name = os.environ.pop("FAULTS_PICTURES", "").partition(" ")
        if action == "unlink":
            Path(name).unlink()
        elif action == "truncate":
            os.truncate(name, Path(name).stat().st_size // 2)
        return super().caption(pictures)


def load(*words: Any, **options: Any) -> Captioner:
    return Captioner()


def jump() -> None:
    """Let the wall clock go back a day and forth two, over and over."""
    days = itertools.cycle((-1, 1, 0))
    real = time.time
    time.time = lambda: real() + 86_400 * next(days)  # type: ignore[assignment]


def cut(event: str, given: tuple[Any, ...]) -> None:
    """End the process at what would reach out."""
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        os.write(2, f"reached out: {event} {given[1:]}\n".encode())
        os._exit(99)


# At import, which processes that are spawned do as well.
for module in (vidcap.captioning.registry, vidcap.jobs.workers, vidcap.jobs.indexing):
    module.load_captioner = load  # type: ignore[attr-defined]
if "FAULTS_CLOCK" in os.environ:
    jump()
if "FAULTS_NETWORK" in os.environ:
    sys.addaudithook(cut)
if "FAULTS_DECODERS" in os.environ:
    vidcap.video.source.AUTO_ORDER = tuple(os.environ["FAULTS_DECODERS"].split())
    assert vidcap.video.source.open_video.__kwdefaults__
    vidcap.video.source.open_video.__kwdefaults__["timeout"] = 2.0

if __name__ == "__main__":
    command_line = vidcap.cli.command_line

    def begun() -> Any:
        if "FAULTS_BEGUN" in os.environ:
            Path(os.environ["FAULTS_BEGUN"]).touch()
        return command_line()

    vidcap.cli.command_line = begun
    sys.exit(vidcap.cli.main(sys.argv[1:]))
