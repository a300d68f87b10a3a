"""Reading with OpenCV: right in order on most files, wrong when it seeks, so it never does.

Its release 4.13 and those after it give black pictures for interlaced video, silently.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vidcap.video.container import open_container, video_streams
from vidcap.video.frame import VideoInfo
from vidcap.video.readers.base import DecoderError, Plan
from vidcap.video.readers.indexed import IndexedReader


class OpenCVReader(IndexedReader):
    """A back end on ``cv2.VideoCapture`` with its own FFmpeg."""

    def __init__(self, info: VideoInfo, plan: Plan) -> None:
        super().__init__(info, plan)
        import cv2

        self._cv2 = cv2
        options = [cv2.CAP_PROP_ORIENTATION_AUTO, 0, cv2.CAP_PROP_N_THREADS, plan.threads]
        if info.video_streams > 1:
            options += [cv2.CAP_PROP_VIDEO_STREAM, _number_of_stream(info)]
        self._capture = cv2.VideoCapture(info.path, cv2.CAP_FFMPEG, options)
        if not self._capture.isOpened():
            raise DecoderError("OpenCV cannot open it")

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


def _number_of_stream(info: VideoInfo) -> int:
    with open_container(info.path) as container:
        numbers = [stream.index for stream in video_streams(container)]
    return numbers.index(info.stream_index)
