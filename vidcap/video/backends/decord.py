"""Reading with decord: right on ordinary files with one thread, and only in order.

With more threads it fails on VP9 and takes gigabytes at the native size.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vidcap.video.backends.base import DecoderError, Plan
from vidcap.video.backends.indexed import IndexedReader
from vidcap.video.frame import VideoInfo


class DecordReader(IndexedReader):
    """A back end on ``decord.VideoReader``, which turns pictures upright itself."""

    turned = True

    def __init__(self, info: VideoInfo, plan: Plan) -> None:
        super().__init__(info, plan)
        reason = _refusal(info)
        if reason:
            raise DecoderError(reason)
        try:
            import decord

            decord.logging.set_level(decord.logging.QUIET)
            self._reader = decord.VideoReader(info.path, num_threads=1)
        except Exception as error:  # decord raises its own kinds, RuntimeError and others.
            raise DecoderError(f"decord cannot open it: {_first_line(error)}") from None

    def skip(self) -> bool:
        """Pass over the next frame."""
        return self.take() is not None

    def take(self) -> NDArray[np.uint8] | None:
        """Return the next frame in RGB."""
        try:
            picture: NDArray[np.uint8] = self._reader.next().asnumpy()
        except StopIteration:
            return None
        except Exception as error:
            self.tally.failed(_first_line(error))
            return None
        if picture.ndim != 3 or picture.shape[2] != 3:
            # So it does with video that is RGB or a palette already: one picture over the next.
            raise DecoderError(f"decord gives pictures of the shape {picture.shape}")
        return picture

    def close(self) -> None:
        """Close the file."""
        del self._reader


def _refusal(info: VideoInfo) -> str | None:
    """Say why decord would be wrong on a file without telling."""
    if info.video_streams > 1:
        return "decord chooses among several video streams by itself"
    if info.container == "mpegts":
        return "decord begins MPEG transport streams at their second key frame"
    if info.mirrored:
        return "decord does not mirror pictures"
    return None


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), "no reason")
