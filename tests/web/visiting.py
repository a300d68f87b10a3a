"""What visitors of the page do."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.web.conftest import Server


def upload(tab: Any, file: Path) -> None:
    with tab.expect_response(lambda answer: "/upload" in answer.url and answer.ok):
        tab.locator("input[type=file]").first.set_input_files(file)
    tab.locator(".file-preview").first.wait_for()
    tab.get_by_role("button", name="Caption", exact=True).click()


def result(tab: Any, file: Path) -> Any:
    upload(tab, file)
    tab.locator(".vc-scenes button").first.wait_for()
    return tab.locator(".vc-result[data-base]").first


def choose(tab: Any, captioner: str) -> None:
    tab.get_by_label("Captioner").click()
    tab.get_by_role("option", name=captioner).click()


def leftovers(server: Server) -> list[str]:
    places = [
        *server.folder.glob("vidcap-page-*/arrivals/**/*"),
        *server.folder.glob("vidcap-page-*/rooms/*/*"),
    ]
    # Gradio leaves an empty file for every one it hands over, until it tidies up.
    return [path.name for path in places if path.is_file() and path.stat().st_size]


def ask(server: Server, name: str, value: object) -> str:
    """What an endpoint answers to a value written by hand, which no client library sends."""
    address = f"{server.address}gradio_api/call/{name}"
    body = json.dumps({"data": [value]})
    question = Request(address, body.encode(), {"Content-Type": "application/json"})
    with urlopen(question, timeout=30) as answer:
        event = json.load(answer)["event_id"]
    with urlopen(f"{address}/{event}", timeout=30) as answer:
        return str(answer.read().decode())


def config(server: Server) -> Any:
    """What the page is made of."""
    with urlopen(f"{server.address}config", timeout=30) as answer:
        return json.load(answer)


def join(server: Server, event: int, data: list[object], who: str = "stranger") -> str:
    """What becomes of an event of the page that is asked for by its number."""
    body = json.dumps({"fn_index": event, "data": data, "session_hash": who})
    address = f"{server.address}gradio_api/queue"
    question = Request(f"{address}/join", body.encode(), {"Content-Type": "application/json"})
    with urlopen(question, timeout=30), urlopen(f"{address}/data?session_hash={who}") as answer:
        return str(answer.read().decode())


def reach(tab: Any, name: str) -> None:
    """Go to a button with the Tab key alone."""
    for _ in range(60):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.innerText") == name:
            return
    pytest.fail(f"the keyboard does not reach {name!r}")


def soon(true: Callable[[], bool]) -> bool:
    for _ in range(100):
        if true():
            return True
        time.sleep(0.1)
    return False
