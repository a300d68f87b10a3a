"""What tests of the page share: a server with a quick captioner, and a browser."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.fakes import ExplainingCaptioner
from vidcap.captioning.attention import Explanation
from vidcap.captioning.caption import Caption
from vidcap.captioning.captioner import Captioner
from vidcap.errors import ModelError
from vidcap.web.captioners import Captioners
from vidcap.web.limits import Limits

_FILE_BYTES = 4_000_000
CHROMIUM = Path("/usr/bin/chromium")


class TracingCaptioner(ExplainingCaptioner):
    """Knows where the words of a sentence look, too."""

    def trace(
        self, pictures: Sequence[NDArray[np.uint8]], texts: Sequence[str]
    ) -> list[Explanation]:
        return self.explain(pictures)


class HeldCaptioner(TracingCaptioner):
    """Says nothing until it may."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.may = threading.Event(), threading.Event()

    def caption(self, pictures: Sequence[NDArray[np.uint8]]) -> list[Caption]:
        self.asked.set()
        assert self.may.wait(30)
        return super().caption(pictures)


@dataclass
class Loader:
    """Loads quick captioners, and remembers which.

    The one that is called slow is ready when the test says so, and broken never is.  The one that
    is called held says nothing until it may.
    """

    loaded: list[str] = field(default_factory=list)
    slow: Future[Captioner] = field(default_factory=Future)
    held: HeldCaptioner = field(default_factory=HeldCaptioner)

    def __call__(
        self, name: str, /, *, downloaded: Callable[[int, int], None]
    ) -> Future[Captioner]:
        self.loaded.append(name)
        if name == "slow":
            downloaded(120_000_000, 450_000_000)
            return self.slow
        future: Future[Captioner] = Future()
        if name == "broken":
            future.set_exception(ModelError("broken: its files are damaged; get them anew"))
        elif name == "held":
            future.set_result(self.held)
        else:
            future.set_result(TracingCaptioner())
        return future


@dataclass(frozen=True)
class Server:
    address: str
    folder: Path
    loader: Loader


@pytest.fixture(scope="session")
def library(original: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with one film in it."""
    from vidcap.jobs.indexing import Indexer

    db = tmp_path_factory.mktemp("library") / "library.db"
    with Indexer(db, captioner=TracingCaptioner()) as indexer:
        assert [one.error for one in indexer.index([original])] == [None]
    return db


@pytest.fixture(scope="session")
def server(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The page on a port of this machine."""
    pytest.importorskip("gradio", reason="needs the extra web")
    import tempfile

    import uvicorn

    from vidcap.web.server import served_app

    folder = tmp_path_factory.mktemp("page")
    loader = Loader()
    patch = pytest.MonkeyPatch()
    patch.setattr(tempfile, "tempdir", str(folder))
    with (
        patch.context(),
        served_app(
            Captioners(["default", "slow", "broken", "held"], loader),
            limits=Limits(file_bytes=_FILE_BYTES),
            db=library,
        ) as app,
    ):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        program = uvicorn.Server(
            uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning")
        )
        thread = threading.Thread(target=program.run, daemon=True)
        thread.start()
        while not program.started:
            assert thread.is_alive()
            time.sleep(0.05)
        patch.undo()
        yield Server(f"http://127.0.0.1:{port}/", folder, loader)
        program.should_exit = program.force_exit = True
        thread.join(10)


# Not for the whole session: while it runs, no other test of this thread can run an event loop.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    if not CHROMIUM.exists():
        pytest.skip(f"needs {CHROMIUM}")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def tab(browser: Any, server: Server) -> Iterator[Any]:
    """A tab with the page; fails the test where it asks another host, or throws an error."""
    context = browser.new_context(viewport={"width": 1200, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(15_000)
    outside: list[str] = []
    thrown: list[str] = []

    def note(request: Any) -> None:
        if not request.url.startswith((server.address, "data:", "blob:")):
            outside.append(request.url)

    page.on("request", note)
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.goto(server.address)
    page.get_by_role("button", name="Take the sample").wait_for()
    yield page
    context.close()
    assert outside == []
    assert thrown == []
