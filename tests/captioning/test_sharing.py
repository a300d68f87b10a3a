"""One captioner for several threads."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.fakes import ShadeCaptioner
from vidcap.captioning.caption import Budget, Caption
from vidcap.captioning.protocols import EncodedCaption, PictureEmbedder, SceneCaptioner
from vidcap.captioning.registry import load_captioner
from vidcap.captioning.sharing import share
from vidcap.errors import UsageError


def shade(level: int) -> NDArray[np.uint8]:
    return np.full((24, 32, 3), level, np.uint8)


class Held(ShadeCaptioner):
    """Waits in its first batch; refuses black pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.go_on = threading.Event(), threading.Event()
        self.threads: set[int] = set()

    def caption(self, pictures: Sequence[NDArray[np.uint8]]) -> list[Caption]:
        self.threads.add(threading.get_ident())
        self.entered.set()
        assert self.go_on.wait(10)
        if any(not picture.any() for picture in pictures):
            raise UsageError("a black picture")
        return super().caption(pictures)


def test_what_threads_ask_for_meanwhile_is_looked_at_together() -> None:
    inner = Held()
    shared = share(inner, most=8)
    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(shared.caption, [shade(10)])
        assert inner.entered.wait(10)
        others = [pool.submit(shared.caption, [shade(level)] * 3) for level in (40, 100, 180, 250)]
        while shared._requests.qsize() < len(others):
            pass
        inner.go_on.set()
        found = [future.result(10) for future in (first, *others)]
    assert [[caption.text for caption in captions] for captions in found] == [
        [inner.sentences[0]],
        *([inner.sentences[shades]] * 3 for shades in (0, 1, 2, 2)),
    ]
    assert inner.batches == [1, 6, 6]  # eight at most, and nobody's pictures are parted
    assert len(inner.threads) == 1
    shared.close()


def test_a_fault_goes_to_the_one_who_asked() -> None:
    inner = Held()
    shared = share(inner, most=8)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(shared.caption, [shade(10)])
        assert inner.entered.wait(10)
        good, bad = (pool.submit(shared.caption, [shade(level)]) for level in (200, 0))
        inner.go_on.set()
        assert [caption.text for caption in good.result(10)] == [inner.sentences[2]]
        assert len(first.result(10)) == 1
        with pytest.raises(UsageError, match="black"):
            bad.result(10)
    shared.close()


def test_it_can_what_the_captioner_can() -> None:
    plain = share(ShadeCaptioner(), most=4)
    assert not isinstance(plain, SceneCaptioner)
    assert not isinstance(plain, PictureEmbedder)
    plain.close()


@pytest.mark.slow
def test_looks_and_scenes_are_what_they_are_alone() -> None:
    alone = load_captioner("fast", device="cpu", threads=1)
    assert isinstance(alone, SceneCaptioner)
    assert isinstance(alone, PictureEmbedder)
    coarse = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3), dtype=np.uint8)
    pictures = [np.kron(one, np.ones((28, 28, 1), dtype=np.uint8)) for one in coarse]
    expected = alone.decode(alone.encode(pictures))
    shared = share(alone, most=16)
    assert isinstance(shared, SceneCaptioner)
    assert isinstance(shared, PictureEmbedder)
    with ThreadPoolExecutor(4) as pool:
        parts = [pictures[start::4] for start in range(4)]
        found: list[list[EncodedCaption]] = list(
            pool.map(lambda part: shared.decode(shared.encode(part)), parts)
        )
        for start, looks in enumerate(found):
            own = expected[start::4]
            assert [look.caption for look in looks] == [look.caption for look in own]
            assert shared.caption_scene(looks, Budget()) == alone.caption_scene(own, Budget())
            assert shared.cross_likelihood_gap(looks[:1], looks[1:]) == alone.cross_likelihood_gap(
                own[:1], own[1:]
            )
        np.testing.assert_array_equal(shared.embed(pictures[:2]), alone.embed(pictures[:2]))
    shared.close()
