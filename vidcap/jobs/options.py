"""Options that jobs share: their defaults and their checks, in one place."""

from __future__ import annotations

import re
from concurrent.futures import Future
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from vidcap.errors import UsageError
from vidcap.jobs.loading import load_in_background
from vidcap.subtitles.document import Fact
from vidcap.video.sampling import Sampling, parse_sampling

if TYPE_CHECKING:
    from vidcap.captioning.captioner import Captioner

Number = int | float | str | Fraction

_NUMBER = re.compile(r"\s*[0-9]{1,12}(?:\.[0-9]{1,12})?(?:/[0-9]{1,12})?\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """Which frames of a video are read, and by which decoder.

    Attributes:
        sampling: ``"fps"``, ``"keyframes"``, ``"shot"`` or ``"shot:N"``.
        fps: frames a second, above 0, where ``sampling`` is ``"fps"``.
        start: player time in seconds to start at; ``None`` for the beginning.
        end: player time in seconds to end at; ``None`` for the end.
        decoder: ``"auto"``, or the name of a decoder.
        batch_size: frames to caption at a time, 1 or more.
        threads: threads for decoding, 0 for as many as make sense.

    Raises:
        UsageError: an option has a value that cannot be used.
    """

    sampling: str = "fps"
    fps: Number = 1
    start: Number | None = None
    end: Number | None = None
    decoder: str = "auto"
    batch_size: int = 16
    threads: int = 0

    def __post_init__(self) -> None:
        first, last = self.start_time, self.end_time
        if last is not None and last <= (first or 0):
            raise UsageError(f"end is {self.end} s; it must be after start, {self.start or 0} s")
        check_counts(self.batch_size, self.threads)
        self.frame_sampling()

    @property
    def start_time(self) -> Fraction | None:
        """The player time to start at, in seconds."""
        return None if self.start is None else exact("start", self.start)

    @property
    def end_time(self) -> Fraction | None:
        """The player time to end at, in seconds."""
        return None if self.end is None else exact("end", self.end)

    def frame_sampling(self) -> Sampling:
        """Return which frames are sampled."""
        return parse_sampling(self.sampling, fps=exact("fps", self.fps))

    def facts(self) -> dict[str, Fact]:
        """Return the options that decide on the result, as they were given."""
        return {
            "sampling": self.sampling,
            "fps": str(self.fps) if self.sampling == "fps" else None,
            "start": None if self.start is None else str(self.start),
            "end": None if self.end is None else str(self.end),
            "decoder": self.decoder,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionerOptions:
    """Which captioner a job uses, and how it is loaded.

    Attributes:
        captioner: name of a captioner or path of a checkpoint; or a captioner that is loaded, or
            one that is loading (:func:`vidcap.jobs.loading.load_in_background`).
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        batch_size: pictures to caption at a time, 1 or more.
        threads: threads for captioning, 0 for as many as make sense.
        prompt: the question for a captioner that is named and takes a prompt.

    Raises:
        UsageError: a count is out of its range.
    """

    captioner: str | Captioner | Future[Captioner] = "default"
    device: str = "auto"
    batch_size: int = 16
    threads: int = 0
    prompt: str | None = None

    def __post_init__(self) -> None:
        check_counts(self.batch_size, self.threads)

    def load(self) -> Future[Captioner]:
        """Return the captioner as one that may still be loading.

        Raises:
            UsageError: a prompt was given for a captioner that is loaded.
        """
        if isinstance(self.captioner, str):
            return load_in_background(
                self.captioner,
                device=self.device,
                batch_size=self.batch_size,
                threads=self.threads,
                prompt=self.prompt,
            )
        if self.prompt is not None:
            raise UsageError(
                "prompt goes with the name of a captioner; give it to load_captioner() for one "
                "that is loaded"
            )
        if isinstance(self.captioner, Future):
            return self.captioner
        loaded: Future[Captioner] = Future()
        loaded.set_result(self.captioner)
        return loaded


def check_counts(batch_size: int, threads: int) -> None:
    """Refuse a batch size below 1 or a number of threads below 0.

    Raises:
        UsageError: naming the value.
    """
    if batch_size < 1:
        raise UsageError(f"batch size is {batch_size}; it must be 1 or more")
    if threads < 0:
        raise UsageError(f"threads is {threads}; it must be 0 (as many as make sense) or more")


def exact(name: str, value: Number) -> Fraction:
    """Return a number of seconds, or of frames a second, exactly as it was written.

    Raises:
        UsageError: the value is no number, or below 0.
    """
    # Through the decimal spelling: 0.1 means a tenth, not the nearest double.
    text = str(value)
    try:
        if _NUMBER.fullmatch(text):
            return Fraction(text)
    except ZeroDivisionError:
        pass
    raise UsageError(f"{name} is {text}; it must be a number, 0 or more, such as 2, 0.5 or 1/3")
