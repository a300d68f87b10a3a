"""Reading with OpenCV: right in order on most files, wrong when it seeks, so it never does.

Its release 4.13 and those after it give black pictures for interlaced video and say all is well.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vidcap.video.backends.base import DecoderError, Plan
from vidcap.video.backends.indexed import IndexedReader, is_first_video_stream
from vidcap.video.frame import VideoInfo

_BLACK_SINCE = (4, 13)


class OpenCVReader(IndexedReader):
    """A back end on ``cv2.VideoCapture`` with its own FFmpeg."""

    def __init__(self, info: VideoInfo, plan: Plan) -> None:
        super().__init__(info, plan)
        import cv2

        self._cv2 = cv2
        if info.interlaced and _release(cv2.__version__) >= _BLACK_SINCE:
            raise DecoderError("OpenCV gives black pictures for interlaced video since 4.13")
        if not is_first_video_stream(info):
            raise DecoderError("OpenCV reads only a file's first video stream, which is another")
        self._capture = cv2.VideoCapture(
            info.path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, plan.threads]
        )
        if not self._capture.isOpened():
            raise DecoderError("OpenCV cannot open it")
        self._capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)

    def skip(self) -> bool:
        """Pass over the next frame."""
        return bool(self._capture.grab())

    def take(self) -> NDArray[np.uint8] | None:
        """Return the next frame in RGB."""
        done, picture = self._capture.read()
        if not done:
            return None
        return np.asarray(self._cv2.cvtColor(picture, self._cv2.COLOR_BGR2RGB), dtype=np.uint8)

    def close(self) -> None:
        """Close the file."""
        self._capture.release()


def _release(version: str) -> tuple[int, int]:
    major, minor = version.split(".")[:2]
    return int(major), int(minor)
