"""Opening a video: frames with true times, from whichever decoder is right for the file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from vidcap.closing import Closing
from vidcap.errors import MediaError, MissingExtraError, UsageError
from vidcap.video import ipc
from vidcap.video.backends import READERS, check_decoder
from vidcap.video.frame import Completeness, Frame, ReadStatus, VideoInfo
from vidcap.video.process import DecoderDied, DecoderProcess
from vidcap.video.sampling import EverySeconds, Sampling

# PyAV was right on every file of the measurements behind this order; OpenCV is right in order on
# most, decord on fewer.
AUTO_ORDER = ("pyav", "opencv", "decord")

_ONE_A_SECOND = EverySeconds(Fraction(1))
_SMALL_PIXELS = 1_000_000
_SMALL_AHEAD, _LARGE_AHEAD = 32, 4


def open_video(
    path: str | os.PathLike[str],
    *,
    decoder: str = "auto",
    sampling: Sampling = _ONE_A_SECOND,
    start: Fraction | None = None,
    end: Fraction | None = None,
    size: tuple[int, int] | None = None,
    timeout: float = 15.0,
    threads: int = 0,
) -> Video:
    """Open a video and start decoding it ahead in a process of its own.

    Args:
        path: a local video file.
        decoder: ``"auto"``, ``"pyav"``, ``"opencv"``, ``"decord"``, or the place of a class that
            follows :class:`vidcap.video.backends.base.Reader`, as ``"package.module:Class"``.
            ``"auto"`` is PyAV; where it fails, crashes or hangs the others follow, and
            :attr:`Video.status` tells.
        sampling: which frames to give; one a second by default.
        start: player time in seconds of the first moment to look at; grids count from it.
        end: player time in seconds at which to stop, itself not included.
        size: ``(width, height)`` to resize pictures to; ``None`` keeps their displayed size.
        timeout: seconds without a sign of life after which a decoder is given up.
        threads: decoding threads, 0 for as many as the decoder likes.

    Raises:
        MediaError: the file is missing or holds no video that can be decoded.
        MissingExtraError: the decoder asked for by name is not installed.
        UsageError: an option has a value that cannot be used.
    """
    if decoder != "auto":
        check_decoder(decoder)
        if not _installed(decoder):
            raise MissingExtraError(
                f"the decoder {decoder} is not installed; pip install {decoder}, "
                "or leave the choice to auto"
            )
    start, end = (None if side is None else Fraction(side) for side in (start, end))
    if start is not None and start < 0:
        raise UsageError(f"start must be 0 s or later, not {float(start):g} s")
    if end is not None and end <= (start or 0):
        raise UsageError(
            f"end must be after {float(start or 0):g} s where reading starts, not {float(end):g} s"
        )
    if size is not None and (len(size) != 2 or min(size) < 1):
        raise UsageError(f"size must be a width and a height of 1 or more, not {size}")
    if timeout <= 0:
        raise UsageError(f"timeout must be above 0 s, not {timeout:g} s")
    if threads < 0:
        raise UsageError(f"threads must be 0 or more, not {threads}")
    small = size is not None and size[0] * size[1] <= _SMALL_PIXELS
    return Video(
        {
            "path": str(Path(path).absolute()),
            "sampling": ipc.pack_sampling(sampling),
            "start": None if start is None else str(start),
            "end": None if end is None else str(end),
            "size": size,
            "threads": threads,
        },
        decoders=AUTO_ORDER if decoder == "auto" else (decoder,),
        timeout=timeout,
        ahead=_SMALL_AHEAD if small else _LARGE_AHEAD,
    )


def _installed(decoder: str) -> bool:
    module = {"pyav": "av", "opencv": "cv2"}.get(decoder, decoder)
    return decoder not in READERS or find_spec(module) is not None


class Video(Closing):
    """A video being read: iterate over it for its frames; :func:`open_video` makes it.

    A context manager; leaving it ends the decoder.  After the iteration :attr:`status` says how
    complete the reading was.
    """

    def __init__(
        self, request: ipc.Message, *, decoders: tuple[str, ...], timeout: float, ahead: int
    ) -> None:
        self._request = request
        self._waiting = list(decoders)
        self._timeout = timeout
        self._ahead = ahead
        self._notes: list[str] = []
        self._last: Frame | None = None
        self._status: ReadStatus | None = None
        self._process: DecoderProcess | None = None
        self._decoder = ""
        info = self._start_next()
        if info is None:
            raise self._nothing_worked()
        self.info: VideoInfo = info

    @property
    def status(self) -> ReadStatus:
        """How the reading ended.

        Raises:
            UsageError: the iteration has not come to its end.
        """
        if self._status is None:
            raise UsageError("a video's status is known when its frames have been read to the end")
        return self._status

    @property
    def position(self) -> Fraction:
        """Player time in seconds that the decoder has reached."""
        if self._status is not None:
            return self._status.end
        ticks = self._process.ticks if self._process else None
        return Fraction(0) if ticks is None else max(Fraction(0), self.info.player_time(ticks))

    def close(self) -> None:
        """End the decoder."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        while self._process is not None:
            try:
                message, image = self._process.next()
            except DecoderDied as error:
                self._fall_back(str(error))
                continue
            match message["kind"]:
                case "frame":
                    self._last = Frame(
                        image=cast("NDArray[np.uint8]", image),
                        ticks=message["ticks"],
                        time=self.info.player_time(message["ticks"]),
                        shot=message["shot"],
                        shot_start=self.info.player_time(message["shot_start"]),
                    )
                    return self._last
                case "end":
                    self._finish(message)
                case _:
                    self._fall_back(message["message"])
        raise StopIteration

    def _start_next(self) -> VideoInfo | None:
        """Start the next decoder that can be had and return its facts about the file."""
        while self._waiting:
            self._decoder = self._waiting.pop(0)
            if not _installed(self._decoder):
                self._notes.append(f"{self._decoder} is not installed.")
                continue
            after = None if self._last is None else self._last.ticks
            self._process = DecoderProcess(
                {**self._request, "decoder": self._decoder, "after": after},
                timeout=self._timeout,
                ahead=self._ahead,
            )
            try:
                message, _ = self._process.next()
            except DecoderDied as error:
                self._give_up(str(error))
                continue
            if message["kind"] == "info":
                return ipc.unpack_info(message["info"])
            if message["kind"] == "refused":
                self.close()
                raise MediaError(message["message"])
            self._give_up(message["message"])
        return None

    def _give_up(self, reason: str) -> None:
        self.close()
        self._notes.append(f"{self._decoder} was given up: {reason.rstrip('.')}.")

    def _fall_back(self, reason: str) -> None:
        position = self.position
        self._give_up(reason)
        if self._start_next() is not None:
            return
        if self._last is None:
            raise self._nothing_worked()
        self._status = ReadStatus(
            Completeness.DAMAGED,
            decoder=self._decoder,
            frames_decoded=0,
            end=max(position, self._last.time),
            notes=tuple(self._notes),
        )

    def _finish(self, message: ipc.Message) -> None:
        if message["frames"] == 0 and message["failure"]:
            self._fall_back(f"it decoded no frame ({message['failure']})")
            return
        if message["lied"] and self._waiting:
            self._fall_back(" ".join(message["notes"]))
            return
        self._status = ReadStatus(
            Completeness(message["completeness"]),
            decoder=self._decoder,
            frames_decoded=message["frames"],
            end=Fraction(message["end"]),
            notes=(*self._notes, *message["notes"]),
        )
        self.close()

    def _nothing_worked(self) -> MediaError:
        path = self._request["path"]
        return MediaError(f"{path}: no decoder can read it; {' '.join(self._notes)}")
