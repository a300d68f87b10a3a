from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from tests.web.conftest import Server, TracingCaptioner
from tests.web.visiting import choose, config, join, soon, upload
from vidcap.captioning.captioner import Captioner
from vidcap.errors import MissingExtraError, ModelError, UsageError
from vidcap.web.captioners import Captioners


class Begun:
    """Remembers what was begun to load, and lets tests say what comes of it."""

    def __init__(self) -> None:
        self.futures: list[Future[Captioner]] = []
        self.downloaded: Callable[[int, int], None] = lambda there, wanted: None

    def __call__(
        self, name: str, /, *, downloaded: Callable[[int, int], None]
    ) -> Future[Captioner]:
        self.futures.append(Future())
        self.downloaded = downloaded
        return self.futures[-1]


def test_a_captioner_is_loaded_once_and_tells_how_far_it_is() -> None:
    begun = Begun()
    captioners = Captioners(["one", "two"], begun)
    assert captioners.state("one") == "The captioner one is loading."
    begun.downloaded(120_999_999, 449_000_001)
    assert captioners.state("one") == "The captioner one is loading: 120 of 450 MB."
    with pytest.raises(ModelError, match="is loading: 120 of 450 MB"):
        captioners.loaded("one")
    begun.futures[0].set_result(TracingCaptioner())
    assert captioners.state("one") == "The captioner one is ready."
    assert captioners.loaded("one") is captioners.get("one").result()
    assert len(begun.futures) == 1


def test_a_captioner_that_fails_says_why_and_can_be_tried_again() -> None:
    begun = Begun()
    captioners = Captioners(["one"], begun)
    begun.downloaded(1_000_000, 2_000_000)
    begun.futures[0].set_exception(MissingExtraError("one: needs the extra hf"))
    assert captioners.state("one") == "The captioner one cannot be loaded: one: needs the extra hf"
    with pytest.raises(ModelError, match="needs the extra hf"):
        captioners.loaded("one")
    assert len(begun.futures) == 1
    captioners.get("one")
    assert len(begun.futures) == 2
    assert captioners.state("one") == "The captioner one is loading."
    begun.futures[1].set_exception(OSError("/home/anna/secret"))
    assert captioners.state("one").endswith("its files cannot be used")


def test_a_name_that_is_not_allowed_is_never_loaded() -> None:
    begun = Begun()
    captioners = Captioners(["one"], begun)
    for ask in (captioners.get, captioners.loaded):
        with pytest.raises(UsageError, match="hf:evil/model"):
            ask("hf:evil/model")
    assert len(begun.futures) == 1


@pytest.mark.slow
def test_the_page_stays_usable_while_a_captioner_loads(
    tab: Any, browser: Any, server: Server, film: Path
) -> None:
    choose(tab, "slow")
    tab.get_by_text("The captioner slow is loading: 120 of 450 MB.").wait_for()
    upload(tab, film)
    with browser.new_context() as context:
        other = context.new_page()
        other.goto(server.address)
        upload(other, film)
        other.locator(".vc-scenes button").first.wait_for(timeout=15_000)
    assert tab.get_by_text("120 of 450 MB").is_visible()
    assert tab.locator(".vc-scenes").count() == 0
    server.loader.slow.set_result(TracingCaptioner())
    tab.locator(".vc-scenes button").first.wait_for()
    assert server.loader.loaded.count("slow") == 1


@pytest.mark.slow
def test_a_captioner_that_cannot_be_loaded_is_told(tab: Any, server: Server) -> None:
    choose(tab, "broken")
    told = "The captioner broken cannot be loaded: broken: its files are damaged; get them anew"
    tab.locator(".vc-problem", has_text=told).wait_for()
    tab.get_by_role("button", name="Take the sample").click()
    assert soon(lambda: server.loader.loaded.count("broken") == 2)
    tab.locator(".vc-problem", has_text=told).wait_for()
    choose(tab, "default")
    tab.get_by_text("The captioner default is ready.").wait_for()


@pytest.mark.slow
def test_a_name_written_by_hand_is_refused(server: Server) -> None:
    """No client library is asked: events of the page that have no name in its interface."""
    asked = [
        (one["id"], one["inputs"])
        for one in config(server)["dependencies"]
        if one["api_visibility"] == "private" and len(one["inputs"]) in (1, 2)
    ]
    names = {one["id"]: one["props"].get("label") for one in config(server)["components"]}
    tried = 0
    for event, inputs in asked:
        if any(names[one] == "Captioner" for one in inputs):
            data = ["hf:evil/model" if names[one] == "Captioner" else None for one in inputs]
            assert '"success":false' in join(server, event, data)
            tried += 1
    assert tried == 5
    assert set(server.loader.loaded) <= {"default", "slow", "broken", "held"}
