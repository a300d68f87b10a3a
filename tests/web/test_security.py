from __future__ import annotations

import asyncio
import base64
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest

from vidcap.errors import UsageError
from vidcap.web.security import Shield, read_login


async def _hello(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


def asked(shield: Shield, path: str = "/", **headers: str) -> tuple[int, dict[bytes, bytes]]:
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request"}

    pairs = [(key.replace("_", "-").encode(), value.encode()) for key, value in headers.items()]
    asyncio.run(shield({"type": "http", "path": path, "headers": pairs}, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"])


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def test_every_answer_says_what_a_browser_may_do() -> None:
    status, headers = asked(Shield(_hello, login=None, body_bytes=10))
    assert status == 200
    assert b"default-src 'self'" in headers[b"content-security-policy"]
    assert headers[b"x-content-type-options"] == b"nosniff"


def test_a_login_is_asked_for() -> None:
    shield = Shield(_hello, login=("anna", "so:secret"), body_bytes=10)
    assert asked(shield)[0] == 401
    assert asked(shield, authorization=basic("anna:wrong"))[0] == 401
    assert asked(shield, authorization="Basic ???")[0] == 401
    assert asked(shield, authorization=basic("anna:so:secret"))[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/config", "/assets/x.js", "/vidcap/rooms/x/y", "/vidcap/static/page.css"),
        *("/gradio_api/upload", "/gradio_api/queue/join", "/gradio_api/heartbeat/x"),
        *("/gradio_api/call/subtitle", "/gradio_api/info", "/login", "/gradio_api/login_check"),
    ],
)
def test_nothing_gets_past_the_login(path: str) -> None:
    assert asked(Shield(_hello, login=("anna", "secret"), body_bytes=10), path)[0] == 401


def test_what_is_too_large_is_not_read() -> None:
    shield = Shield(_hello, login=None, body_bytes=10)
    assert asked(shield, content_length="11")[0] == 413
    assert asked(shield, content_length="10")[0] == 200


def test_words_are_short() -> None:
    shield = Shield(_hello, login=None, body_bytes=10_000_000)
    assert asked(shield, "/gradio_api/queue/join", content_length="1048577")[0] == 413
    assert asked(shield, "/gradio_api/upload", content_length="1048577")[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        *("/gradio_api/proxy=http://example.com/", "/proxy=http://example.com/"),
        *("/gradio_api/file=http://example.com/", "/gradio_api/file=/etc/passwd"),
        *(
            "/gradio_api/file//etc/passwd",
            "/gradio_api/deep_link",
            "/monitoring",
            "/file=/etc/hosts",
        ),
        *("/gradio_api/component_server", "/gradio_api/run/search", "/gradio_api/vibe-code/"),
        *("/gradio_api/stream/x", "/gradio_api/custom_component/x/client/y/z", "/gradio_api/runs"),
        *("/gradio_api/process_recording", "/gradio_api/dev/reload", "/docs", "/openapi.json"),
        *("//gradio_api/upload", "/gradio_api/queue/join/../../file=/etc/passwd", "/login"),
    ],
)
def test_what_the_page_does_not_need_is_closed(path: str) -> None:
    assert asked(Shield(_hello, login=None, body_bytes=10), path)[0] == 404


@pytest.mark.parametrize("text", ["", "anna", "anna:", ":secret", "a:b\nc:d"])
def test_a_login_file_is_one_line(text: str, tmp_path: Path) -> None:
    file = tmp_path / "login.txt"
    file.write_text(text)
    with pytest.raises(UsageError, match=r"login\.txt"):
        read_login(file)


def test_a_login_is_read(tmp_path: Path) -> None:
    file = tmp_path / "login.txt"
    file.write_text("anna:so:secret\n")
    assert read_login(file) == ("anna", "so:secret")


def test_a_full_folder_takes_no_more_uploads(tmp_path: Path) -> None:
    shield = Shield(_hello, login=None, body_bytes=10, arrivals=tmp_path, arrivals_bytes=5)
    (tmp_path / "one").write_bytes(b"x" * 5)
    assert asked(shield, "/gradio_api/upload")[0] == 200
    (tmp_path / "two").write_bytes(b"x")
    assert asked(shield, "/gradio_api/upload")[0] == 507
    assert asked(shield, "/")[0] == 200
