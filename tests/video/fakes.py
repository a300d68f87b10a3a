"""Back ends that misbehave, for the decoder process to survive."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from vidcap.video.backends.base import DecoderError, Picture, Plan, ReadStats
from vidcap.video.backends.pyav import PyAVReader
from vidcap.video.frame import VideoInfo


class Refusing:
    """Cannot open anything."""

    def __init__(self, info: VideoInfo, plan: Plan) -> None:
        raise DecoderError("it is not to its taste")


class Blind:
    """Reads to the end and sees nothing."""

    def __init__(self, info: VideoInfo, plan: Plan) -> None:
        self.tally = ReadStats()
        self.tally.failed("it saw nothing")

    def pictures(self) -> Iterator[Picture]:
        """Yield nothing."""
        return iter(())

    def close(self) -> None:
        """Do nothing."""


class _Halfway(PyAVReader):
    def pictures(self) -> Iterator[Picture]:  # type: ignore[override]
        """Yield all pictures but the last sixteen, then fail."""
        for number, picture in enumerate(super().pictures()):
            if number == (self._info.frames or 36) - 16:
                self.fail()
            yield picture

    def fail(self) -> None:
        """Fail in this back end's own way."""
        raise NotImplementedError


class Hanging(_Halfway):
    """Hangs before the last sixteen frames, with the interpreter lock held now and then."""

    def fail(self) -> None:
        """Hang."""
        while True:
            time.sleep(1)


class Crashing(_Halfway):
    """Takes its process down before the last sixteen frames."""

    def fail(self) -> None:
        """Crash."""
        os.abort()


class Raising(_Halfway):
    """Raises something before the last sixteen frames."""

    def fail(self) -> None:
        """Raise."""
        raise RuntimeError("a cosmic ray")


class Lying(_Halfway):
    """Ends early and knows that the file lists more."""

    def fail(self) -> None:
        """End."""
        self.tally.missing = 16

    def pictures(self) -> Iterator[Picture]:  # type: ignore[override]
        """Yield twenty pictures and say that there are no more."""
        for number, picture in enumerate(PyAVReader.pictures(self)):
            if number == 20:
                self.fail()
                return
            yield picture


class Printing(PyAVReader):
    """Prints to standard output, as native libraries do."""

    def pictures(self) -> Iterator[Picture]:  # type: ignore[override]
        """Yield all pictures, with noise."""
        for picture in super().pictures():
            os.write(1, b"noise\n" * 100)
            yield picture


class Slow(PyAVReader):
    """Needs longer than the time-out for the file, but shows that it lives."""

    def pictures(self) -> Iterator[Picture]:  # type: ignore[override]
        """Yield all pictures, slowly."""
        for picture in super().pictures():
            time.sleep(0.1)
            yield picture
