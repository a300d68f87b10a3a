"""Pictures of the page in each of its states, as docs/page.md shows them.

    python pipelines/page_pictures.py [FOLDER]

Starts a page of its own with the captioner that comes with vidcap, drives it with Chromium, and
writes page-*.jpg into the folder, docs/ where none is named.  All it shows comes from examples/.
Needs the extra ``dev`` and Chromium.
"""

from __future__ import annotations

import argparse
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vidcap import Indexer
from vidcap.web.captioners import Captioners
from vidcap.web.limits import Limits
from vidcap.web.server import served_app

_ROOT = Path(__file__).parents[1]
_SAMPLE = _ROOT / "examples/sample.mp4"
_PICTURE = _ROOT / "examples/pictures/duck.jpg"
_CHROMIUM = "/usr/bin/chromium"
_WIDTH, _HEIGHT = 1100, 800
_QUALITY = 82


def main() -> int:
    """Write the pictures and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", default=_ROOT / "docs")
    folder: Path = parser.parse_args().folder
    captioners = Captioners(["default", "fast"])
    with tempfile.TemporaryDirectory() as made:
        library = Path(made) / "library.db"
        with Indexer(library, captioner=captioners.get("default").result()) as indexer:
            list(indexer.index([_SAMPLE]))
        refused = Path(made) / "playlist.m3u8"
        refused.write_text("#EXTM3U\n#EXTINF:10,\n/etc/passwd\n#EXT-X-ENDLIST\n")
        with (
            served_app(captioners, limits=Limits(), db=library) as app,
            listening(app) as address,
            _opened(address) as tab,
        ):
            _visit(tab, folder, refused)
    return 0


def _visit(tab: Any, folder: Path, refused: Path) -> None:
    """Go from state to state, and keep a picture of each."""

    def keep(name: str) -> None:
        tab.mouse.move(0, 0)
        tab.wait_for_timeout(
            2000
        )  # what fades has faded, and a video no longer looks for its frame
        height = tab.evaluate("document.querySelector('.gradio-container').scrollHeight")
        tab.set_viewport_size({"width": _WIDTH, "height": max(480, height)})
        tab.screenshot(path=folder / f"page-{name}.jpg", quality=_QUALITY)
        tab.set_viewport_size({"width": _WIDTH, "height": _HEIGHT})

    def send(file: Path) -> None:
        with tab.expect_response(lambda answer: "/upload" in answer.url and answer.ok):
            tab.locator("input[type=file]").first.set_input_files(file)
        tab.locator(".file-preview").first.wait_for()
        tab.get_by_role("button", name="Caption", exact=True).click()

    send(refused)
    tab.locator(".vc-problem").wait_for()
    keep("refused")
    send(_PICTURE)
    tab.get_by_role("button", name="bird", exact=True).click(timeout=60_000)
    keep("picture")
    tab.get_by_role("button", name="Take the sample").click()
    tab.locator(".vc-scenes button").nth(1).click(timeout=120_000)
    tab.wait_for_function("document.querySelector('video').readyState >= 2")
    tab.locator(".vc-words button").nth(2).click()
    keep("caption")
    tab.get_by_role("tab", name="Describe").click()
    tab.get_by_role("button", name="Next description").click(click_count=2)
    tab.wait_for_function("document.querySelector('.vc-describe video').readyState >= 2")
    keep("describe")
    tab.get_by_role("tab", name="Edit").click()
    tab.wait_for_function("document.querySelector('textarea')?.value.startsWith('A ')")
    tab.get_by_role("textbox", name="Words").fill(
        "a man in a long black coat looks through the finder of an old camera that stands on a "
        "tripod in a wide meadow, while far behind him in the haze stand the towers of a town"
    )
    tab.locator(".vc-breaks").wait_for()
    keep("edit")
    tab.get_by_role("tab", name="Search").click()
    tab.get_by_label("What to look for").fill("a dog")
    tab.keyboard.press("Enter")
    tab.locator(".vc-hits button").first.click()
    tab.wait_for_function(
        "document.querySelector('.vc-hits').parentNode.children[1].readyState > 1"
    )
    keep("search")


@contextmanager
def listening(app: Any) -> Iterator[str]:
    """Serve the page on a free port of this machine, and yield its address."""
    import uvicorn

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}/"
    server.should_exit = server.force_exit = True
    thread.join(10)


@contextmanager
def _opened(address: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
        tab.set_default_timeout(30_000)
        tab.goto(address)
        tab.get_by_role("button", name="Take the sample").wait_for()
        yield tab
        browser.close()


if __name__ == "__main__":
    raise SystemExit(main())
