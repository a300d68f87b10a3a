"""The decoder process: reads one video and writes its frames to a pipe.

Run as ``python -m vidcap.video.worker`` by :mod:`vidcap.video.process`, never by hand.  It takes
one request from its standard input and ends when that input closes, so that it never outlives the
process that started it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, BinaryIO

from vidcap.errors import MediaError
from vidcap.video import ipc
from vidcap.video.image import resize_stretch
from vidcap.video.luma_difference import Thumbnail
from vidcap.video.resource_limits import confine_as_told
from vidcap.video.sampling import EverySeconds, KeyFrames, may_take, select
from vidcap.video.shots import EVERY_FRAME, KEY_FRAMES_ONLY, label_shots

if TYPE_CHECKING:
    from vidcap.video.backends.base import Picture

# A beat this often lets the parent tell a slow decoder from one that hangs.
_BEAT_SECONDS = 0.25
# Pictures made smaller by so much are the same to 0.01 of 255 in the mean, smoothed or not.
_ROUGH_SHRINKING = 2.0


class _Pulse:
    """Tells the parent how far the decoder is, now and then."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._due = 0.0
        self._ticks: int | None = None

    def beat(self, ticks: int | None) -> None:
        if ticks is not None:
            self._ticks = ticks
        if time.monotonic() >= self._due:
            self.now()

    def now(self) -> None:
        self._due = time.monotonic() + _BEAT_SECONDS
        ipc.send(self._stream, {"kind": "beat", "ticks": self._ticks})


def _private_stdout() -> BinaryIO:
    """Take standard output for the messages; what libraries print goes to standard error."""
    private = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return private


def _end_with_parent(requests: BinaryIO) -> None:
    def watch() -> None:
        requests.read()
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


class _Look:
    """A picture's thumbnail, and the picture itself only where it may be wanted.

    Two seconds of decoded pictures would be a lot of memory, and few of them are looked at.
    """

    __slots__ = ("_thumbnail", "leapt", "picture", "ticks")

    def __init__(self, picture: Picture, wanted: bool) -> None:
        self.ticks = picture.ticks
        self.leapt = picture.leapt
        self.picture = picture if wanted else None
        self._thumbnail = picture.thumbnail()

    def thumbnail(self) -> Thumbnail:
        return self._thumbnail


def _looks(pictures: Iterator[Picture], wanted: Callable[[int], bool]) -> Iterator[_Look]:
    for picture in pictures:
        yield _Look(picture, wanted(picture.ticks))


def _read_video(request: ipc.Message, out: BinaryIO) -> None:
    pulse = _Pulse(out)
    # On a busy machine importing libav takes seconds: a sign of life before and after it.
    pulse.beat(None)
    import av  # noqa: F401

    pulse.now()
    from vidcap.video.backends import reader_class
    from vidcap.video.backends.base import Plan
    from vidcap.video.completeness import end_of_reading, judge
    from vidcap.video.probe import probe

    info = probe(request["path"])
    ipc.send(out, {"kind": "info", "info": ipc.pack_info(info)})
    sampling = ipc.unpack_sampling(request["sampling"])
    keys_only = isinstance(sampling, KeyFrames)
    start, end = (
        None if request[side] is None else Fraction(request[side]) for side in ("start", "end")
    )
    size = request["size"]
    plan = Plan(
        start=None if start is None else info.ticks_at(start),
        end=None if end is None else info.ticks_at(end),
        keys_only=keys_only,
        leap=info.ticks_at(sampling.seconds) - info.ticks_at(Fraction(0))
        if isinstance(sampling, EverySeconds)
        else None,
        rough=size is not None
        and min(info.width / size[0], info.height / size[1]) >= _ROUGH_SHRINKING,
        threads=request["threads"],
        beat=pulse.beat,
    )
    reader = reader_class(request["decoder"])(info, plan)
    origin = start or Fraction(0)
    looks = _looks(reader.pictures(), may_take(sampling, info, origin=origin))
    if keys_only:
        shots = label_shots(looks, KEY_FRAMES_ONLY)
    else:
        shots = label_shots(looks, EVERY_FRAME, clock=info.player_time)
    held = (item for item in shots if item.picture.picture is not None)
    for chosen in select(held, sampling, info, origin=origin):
        ticks, picture = chosen.picture.ticks, chosen.picture.picture
        if picture is None or (request["after"] is not None and ticks <= request["after"]):
            continue
        image = picture.rgb()
        if size is not None:
            image = resize_stretch(image, tuple(size))
        ipc.send(
            out,
            {
                "kind": "frame",
                "ticks": ticks,
                "shot": chosen.shot,
                "shot_start": chosen.shot_start,
            },
            image,
        )
    tally = reader.tally
    completeness, notes = judge(info, tally)
    ipc.send(
        out,
        {
            "kind": "end",
            "completeness": completeness,
            "frames": tally.decoded,
            "end": str(end_of_reading(info, tally)),
            "notes": notes,
            "failure": tally.failure,
            "lied": bool(tally.missing or tally.extra),
        },
    )
    reader.close()


def answer(request: ipc.Message, out: BinaryIO) -> None:
    """Read the video that a request names, and write all that comes of it as messages.

    Raises:
        BrokenPipeError: nobody wants the messages any more.
    """
    try:
        _read_video(request, out)
    except BrokenPipeError:
        raise
    except MediaError as error:
        ipc.send(out, {"kind": "refused", "message": str(error)})
    except Exception as error:
        ipc.send(out, {"kind": "failed", "message": f"{type(error).__name__}: {error}"})


def main() -> None:
    """Serve the one request on standard input."""
    # Ctrl-C goes to the whole group; the parent decides what becomes of this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    confine_as_told()
    out = _private_stdout()
    received = ipc.receive(sys.stdin.buffer)
    if received is None:
        return
    request = received[0]
    _end_with_parent(sys.stdin.buffer)
    sys.path.extend(place for place in request["import_path"] if place not in sys.path)
    with contextlib.suppress(BrokenPipeError):
        answer(request, out)
    # Skip the libraries' own tidying up: some hang or crash in it, and nothing is left to save.
    os._exit(0)


if __name__ == "__main__":
    main()
