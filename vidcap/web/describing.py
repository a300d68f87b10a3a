"""A video with its description, for people who cannot see it: a player, and a rendered track."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from vidcap.description.muxing import container_for
from vidcap.description.selection import wording
from vidcap.errors import MediaError, VidcapError
from vidcap.jobs import describe
from vidcap.subtitles import Document
from vidcap.video.resource_limits import confine
from vidcap.web.limits import Limits
from vidcap.web.markup import clock, escape, video_tag

_SECONDS_BETWEEN = 0.5


def describing_player(base: str, source: str, name: str, document: Document) -> str:
    """Return a player that tells what is seen, by voice and in text, and its transcript.

    Args:
        base: address of the room.
        source: name of the video in it.
        name: what people call the video.
        document: what was seen.
    """
    return "\n".join(_player(base, source, name, document))


def _player(base: str, source: str, name: str, document: Document) -> Iterator[str]:
    yield '<section class="vc-result vc-describe" aria-label="Described video">'
    yield f'<h2 dir="auto">{escape(name)}, described</h2>'
    yield "<p>The descriptions are a draft made by a machine: they can be wrong.</p>"
    yield video_tag(base, source, name)
    yield '<div class="vc-tools" role="group" aria-label="Descriptions">'
    yield '<button type="button" data-play>Play or pause</button>'
    yield '<button type="button" data-speak aria-pressed="true">Speak descriptions</button>'
    yield '<button type="button" data-wait aria-pressed="false">Pause to describe</button>'
    yield '<button type="button" data-step="-1">Previous description</button>'
    yield '<button type="button" data-step="1">Next description</button>'
    yield "</div>"
    yield '<p class="vc-live" aria-live="polite" aria-atomic="true"></p>'
    yield '<h3>Transcript</h3><ol class="vc-transcript">'
    for scene in document.scenes:
        text = wording(scene)
        if text:
            yield (
                f'<li><button type="button" data-time="{float(scene.start):.3f}">'
                f'{clock(scene.start)}</button> <span dir="auto">{escape(text)}</span></li>'
            )
    yield "</ol></section>"


def described_path(video: Path) -> Path:
    """Return where the copy of a video with a description goes: beside it."""
    return video.with_name(f"described{container_for(video)}")


def render(video: Path, document: Document, limits: Limits) -> Iterator[None]:
    """Write a copy of a video with a spoken description as one more track; yield while it is made.

    The work is done by a process of its own, which with all that it starts is held to the limits of
    memory and of time, and ends where nobody takes what is yielded any more.

    Args:
        video: the file.
        document: what was seen in it.
        limits: what is allowed.

    Raises:
        MediaError: the video or its sound cannot be read, the result not be written, or a limit is
            reached.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    ends = time.monotonic() + limits.work_seconds
    with tempfile.TemporaryDirectory(dir=video.parent, ignore_cleanup_errors=True) as folder:
        process = context.Process(
            target=_render, args=(theirs, video, document, limits, folder), daemon=True
        )
        process.start()
        theirs.close()
        try:
            while not ours.poll(_SECONDS_BETWEEN):
                if time.monotonic() > ends:
                    raise MediaError(
                        f"the work took longer than the {limits.work_seconds} s allowed here; "
                        "cut the video"
                    )
                yield
            problem = ours.recv_bytes().decode()
        except EOFError:
            problem = f"{video}: needs more memory than is allowed here; cut it"
        finally:
            _end(process)
            ours.close()
    if problem:
        raise MediaError(problem)


def _render(pipe: Connection, video: Path, document: Document, limits: Limits, folder: str) -> None:
    """Do the work, in the process of its own, and tell what went wrong."""
    if hasattr(os, "setsid"):
        os.setsid()  # so that those whom it starts can be ended with it
        threading.Thread(target=_end_with_parent, daemon=True).start()
    confine(memory_bytes=limits.memory_bytes, seconds=limits.work_seconds)
    tempfile.tempdir = folder
    problem = ""
    try:
        with describe(video, seen=document) as described:
            described.write(described_path(video))
    except VidcapError as error:
        problem = str(error)
    except MemoryError:
        problem = f"{video}: needs more memory than is allowed here; cut it"
    pipe.send_bytes(problem.encode())


def _end_with_parent() -> None:
    """Wait until the server is gone, however that came about, and end with all that was started."""
    server = multiprocessing.parent_process()
    if server is not None:
        server.join()
        os.killpg(0, signal.SIGKILL)


def _end(process: BaseProcess) -> None:
    with contextlib.suppress(OSError, AttributeError):  # gone, or a system without groups
        os.killpg(process.pid or 0, signal.SIGKILL)
    process.kill()
    process.join()
