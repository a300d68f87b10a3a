"""One captioner that several threads use at once: what they ask for is looked at together.

For a GPU, which is fast with full batches and one model: each video is watched by a thread, its
frames come from a decoder process of its own, and the pictures of all of them fill a batch.  What
is said of a picture does not depend on its company, so neither do the results.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidcap.captioning.caption import Budget, Caption
from vidcap.captioning.captioner import Captioner
from vidcap.captioning.protocols import EncodedCaption, PictureEmbedder, SceneCaptioner
from vidcap.captioning.runtimes.base import Prepared

Pictures = Sequence[NDArray[np.uint8]]

# A batch that is not full waits so long for one more request.
_WAIT_SECONDS = 0.002
_TOGETHER = ("caption", "encode", "decode")
_STOP = "stop"


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    arguments: tuple[Any, ...] = ((),)
    answer: Future[Any] = field(default_factory=Future)

    @property
    def pictures(self) -> int:
        return len(self.arguments[0])


class SharedCaptioner:
    """A captioner whose pictures are collected from all threads that call it.

    Args:
        captioner: what is shared; only one thread ever calls it.
        most: pictures to look at together; a single call may bring more.
    """

    def __init__(self, captioner: Captioner, *, most: int) -> None:
        self.name = captioner.name
        self.picture_size = captioner.picture_size
        self.provenance: Mapping[str, str | int | float] = captioner.provenance
        self._captioner = captioner
        self._most = most
        self._requests: SimpleQueue[_Request] = SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="captioner", daemon=True)
        self._thread.start()

    def caption(self, pictures: Pictures) -> list[Caption]:
        """Caption squashed pictures; see :class:`vidcap.captioning.captioner.Captioner`."""
        captions: list[Caption] = self._ask("caption", pictures)
        return captions

    def close(self) -> None:
        """Answer what was asked, and end.  Nothing may be asked any more."""
        self._requests.put(_Request(_STOP))
        self._thread.join()

    def _ask(self, method: str, *arguments: Any) -> Any:
        request = _Request(method, arguments)
        self._requests.put(request)
        return request.answer.result()

    def _serve(self) -> None:
        held: _Request | None = None
        while (request := held or self._requests.get()).method != _STOP:
            group, held = self._gather(request)
            self._answer(group)

    def _gather(self, first: _Request) -> tuple[list[_Request], _Request | None]:
        """Return requests to answer together, and one that came and does not belong to them."""
        group, count = [first], first.pictures
        while first.method in _TOGETHER and count < self._most:
            try:
                request = self._requests.get(timeout=_WAIT_SECONDS)
            except Empty:
                break
            if request.method != first.method or count + request.pictures > self._most:
                return group, request
            group.append(request)
            count += request.pictures
        return group, None

    def _answer(self, group: Sequence[_Request]) -> None:
        method = getattr(self._captioner, group[0].method)
        try:
            if len(group) == 1:
                answers = [method(*group[0].arguments)]
            else:
                made = iter(method([one for each in group for one in each.arguments[0]]))
                answers = [list(islice(made, each.pictures)) for each in group]
        except BaseException as error:
            if len(group) == 1:
                group[0].answer.set_exception(error)
            else:  # the fault is that of one of them
                for request in group:
                    self._answer([request])
            return
        for request, answer in zip(group, answers, strict=True):
            request.answer.set_result(answer)


class SharedTeller(SharedCaptioner):
    """The same of a captioner that can tell several pictures in one sentence."""

    def encode(self, pictures: Pictures) -> list[Prepared]:
        """Encode squashed pictures; see :class:`vidcap.captioning.protocols.SceneCaptioner`."""
        prepared: list[Prepared] = self._ask("encode", pictures)
        return prepared

    def decode(self, prepared: Sequence[Prepared]) -> list[EncodedCaption]:
        """Find a sentence for each encoded picture."""
        looks: list[EncodedCaption] = self._ask("decode", prepared)
        return looks

    def near_duplicate(self, one: Prepared, other: Prepared) -> bool:
        """Return whether it is plain that two encoded pictures show the same."""
        same: bool = self._ask("near_duplicate", one, other)
        return same

    def caption_scene(self, looks: Sequence[EncodedCaption], budget: Budget) -> Caption:
        """Return one sentence for pictures of the same thing."""
        caption: Caption = self._ask("caption_scene", looks, budget)
        return caption

    def cross_likelihood_gap(
        self, one: Sequence[EncodedCaption], other: Sequence[EncodedCaption]
    ) -> float:
        """Return how much worse the sentences of each suit the pictures of the other."""
        nats: float = self._ask("cross_likelihood_gap", one, other)
        return nats

    def embed(self, pictures: Pictures) -> NDArray[np.float32]:
        """Return a vector of length 1 for each picture."""
        vectors: NDArray[np.float32] = self._ask("embed", pictures)
        return vectors


def share(captioner: Captioner, *, most: int) -> SharedCaptioner:
    """Return a captioner that several threads may call, and that can what the given one can.

    Args:
        captioner: what is shared.
        most: pictures to look at together.
    """
    if isinstance(captioner, SceneCaptioner) and isinstance(captioner, PictureEmbedder):
        return SharedTeller(captioner, most=most)
    return SharedCaptioner(captioner, most=most)
