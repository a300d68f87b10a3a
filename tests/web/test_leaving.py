"""Who leaves while the work goes on: his room and his decoders go, and the next is served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import media
from tests.processes import children
from tests.web.conftest import Server
from tests.web.visiting import choose, result, soon, upload

pytestmark = pytest.mark.slow


def rooms(server: Server) -> set[str]:
    return {path.name for path in server.folder.glob("vidcap-page-*/rooms/*")}


@pytest.fixture
def long_film(tmp_path: Path) -> Path:
    """More frames than are decoded ahead, and batches to stop between."""
    pictures = [np.full((64, 96, 3), level, np.uint8) for level in (10, 120, 240) * 8]
    shown = [picture for picture in pictures for _ in range(10)]
    return media.write_video(tmp_path / "film.mp4", pictures=shown, rate=1)


def test_a_visitor_who_leaves_frees_the_work(
    browser: Any, server: Server, film: Path, long_film: Path
) -> None:
    held = server.loader.held
    before = rooms(server)
    with browser.new_context() as context:
        tab = context.new_page()
        tab.goto(server.address)
        choose(tab, "held")
        tab.get_by_text("The captioner held is ready.").wait_for()
        upload(tab, long_film)
        assert held.asked.wait(15)
        assert len(rooms(server) - before) == 1
        assert len(children(b"vidcap.video.worker")) == 1
    held.may.set()
    assert soon(lambda: rooms(server) == before)
    assert soon(lambda: not children(b"vidcap.video.worker"))
    assert len(held.batches) < 240 // 16
    with browser.new_context() as context:
        tab = context.new_page()
        tab.goto(server.address)
        result(tab, film)
