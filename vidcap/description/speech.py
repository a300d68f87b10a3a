"""Detect speech in a streamed sound track with Silero's voice activity detector."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidcap.description.script import Span
from vidcap.description.sound import Samples
from vidcap.extras import import_extra

# Of silero-vad 6.2.3, whose package asks for torch: the model that judges many windows in one call.
_MODEL = Path(__file__).parent / "models" / "silero_vad_16k_sequence.onnx"

RATE = 16_000
_WINDOW = 512  # samples that the detector judges at a time: 32 ms
_CONTEXT = 64  # samples of the window before that it wants to see again
_WINDOWS = 512  # judged in one call

# Speech begins where the chance reaches the first, and lasts until it has been below the second
# for the pause.  Of 1,160 gaps between sentences over music at -10 and -20 dB, in noise and in
# silence, all were found with these to 0.25 s; lower ones take music that follows for speech.
_BEGINS, _ENDS = 0.65, 0.5
_PAUSE_MS = 200
_SHORTEST_MS = 120


class SpeechDetector:
    """Judges how likely it is that somebody speaks, 32 ms at a time.

    Raises:
        MissingExtraError: the extra ``describe`` is not installed.
    """

    def __init__(self) -> None:
        onnxruntime = import_extra("onnxruntime", "describe")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(_MODEL), options, providers=["CPUExecutionProvider"]
        )

    def chances(self, blocks: Iterable[Samples]) -> Iterator[NDArray[np.float32]]:
        """Yield the chance of speech for window after window of 32 ms.

        Args:
            blocks: ``(samples, 1)`` or ``(samples,)``, at 16 kHz, of any lengths.
        """
        hidden: Any = np.zeros((1, 1, 128), np.float32)
        cell: Any = np.zeros((1, 1, 128), np.float32)
        before = np.zeros(_CONTEXT, np.float32)
        for windows in _windows(blocks):
            contexts = np.concatenate([before[None], windows[:-1, -_CONTEXT:]])
            before = windows[-1, -_CONTEXT:]
            chances, hidden, cell = self._session.run(
                ["speech_probs", "hn", "cn"],
                {"input": np.concatenate([contexts, windows], 1), "h": hidden, "c": cell},
            )
            yield np.asarray(chances, np.float32).reshape(-1)


def find_speech(detector: SpeechDetector, blocks: Iterable[Samples]) -> list[Span]:
    """Return the stretches in which somebody speaks, in order of time.

    Args:
        detector: what judges.
        blocks: the sound at 16 kHz; see :meth:`SpeechDetector.chances`.
    """
    return list(_spans(chance for chances in detector.chances(blocks) for chance in chances))


def _spans(chances: Iterable[float]) -> Iterator[Span]:
    window_ms = 1000 * _WINDOW // RATE
    begun: int | None = None
    last = 0  # the end of the last window that was speech
    place = 0
    for place, chance in enumerate(chances, start=1):
        end = place * window_ms
        if begun is None:
            if chance >= _BEGINS:
                begun, last = end - window_ms, end
        elif chance >= _ENDS:
            last = end
        elif end - last >= _PAUSE_MS:
            if last - begun >= _SHORTEST_MS:
                yield Span(begun, last)
            begun = None
    if begun is not None and last - begun >= _SHORTEST_MS:
        yield Span(begun, last)


def _windows(blocks: Iterable[Samples]) -> Iterator[Samples]:
    """Yield ``(W, 512)`` windows; the last one is filled up with silence."""
    waiting = np.zeros(0, np.float32)
    size = _WINDOW * _WINDOWS
    for block in blocks:
        waiting = np.concatenate([waiting, block.reshape(-1)])
        while len(waiting) >= size:
            yield waiting[:size].reshape(-1, _WINDOW)
            waiting = waiting[size:]
    if len(waiting):
        filled = np.zeros(-(-len(waiting) // _WINDOW) * _WINDOW, np.float32)
        filled[: len(waiting)] = waiting
        yield filled.reshape(-1, _WINDOW)
