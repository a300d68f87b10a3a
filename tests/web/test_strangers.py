"""What strangers try by hand at a server that runs."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.web.conftest import Server
from tests.web.visiting import config, join, leftovers, soon

pytestmark = pytest.mark.slow

_FORM = "limit"
_HEAD = (
    f'--{_FORM}\r\nContent-Disposition: form-data; name="files"; filename="a.mp4"\r\n'
    "Content-Type: video/mp4\r\n\r\n"
).encode()


def asked(server: Server, method: str, path: str, body: object = None, **headers: str) -> int:
    line = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=30)
    line.request(method, path, body, headers)  # type: ignore[arg-type]
    status = line.getresponse().status
    line.close()
    return status


def chunks(size: int) -> Iterator[bytes]:
    yield _HEAD
    for _ in range(size // 100_000):
        yield b"x" * 100_000
    yield f"\r\n--{_FORM}--\r\n".encode()


@pytest.mark.parametrize(("size", "status"), [(3_000_000, 200), (5_000_000, 413)])
def test_an_upload_that_does_not_say_how_long_it_is_has_an_end(
    server: Server, size: int, status: int
) -> None:
    before = leftovers(server)
    kind = {"Content-Type": f"multipart/form-data; boundary={_FORM}"}
    assert asked(server, "POST", "/gradio_api/upload", chunks(size), **kind) == status
    if status != 200:
        assert leftovers(server) == before


def test_an_upload_that_is_broken_off_leaves_nothing(server: Server) -> None:
    before = leftovers(server)
    host, port = urlsplit(server.address).netloc.split(":")
    head = (
        f"POST /gradio_api/upload HTTP/1.1\r\nHost: {host}\r\nContent-Length: 3000000\r\n"
        f"Content-Type: multipart/form-data; boundary={_FORM}\r\n\r\n"
    ).encode()
    with socket.create_connection((host, int(port))) as line:
        line.sendall(head + _HEAD + b"x" * 500_000)
        assert soon(lambda: len(leftovers(server)) > len(before))
    assert soon(lambda: leftovers(server) == before)


def test_words_that_do_not_say_how_long_they_are_have_an_end(server: Server) -> None:
    kind = {"Content-Type": "application/json"}
    assert asked(server, "POST", "/gradio_api/queue/join", chunks(2_000_000), **kind) == 413


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file={secret}",
        "/gradio_api/file=..%2f..%2f..%2f..%2f..%2f..{secret}",
        "/gradio_api/file/{secret}",
        "/static/..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2f..{secret}",
        "/assets/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e{secret}",
        "/svelte/..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2f..{secret}",
        "/vidcap/static/..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2f..{secret}",
        "/vidcap/rooms/..%2f..%2f..%2f..{secret}",
        "/vidcap/library/..%2f..%2f..%2f..{secret}",
    ],
)
def test_no_file_of_the_machine_is_given_out(server: Server, path: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    assert asked(server, "GET", path.format(secret=secret)) in (400, 403, 404)


def test_no_address_is_fetched(server: Server) -> None:
    """Whatever names an address: routes, and every component of every event."""
    with socket.socket() as trap:
        trap.bind(("127.0.0.1", 0))
        trap.listen()
        trap.setblocking(False)
        address = f"http://127.0.0.1:{trap.getsockname()[1]}/film.mp4"
        for path in (f"file={address}", f"proxy={address}"):
            assert asked(server, "GET", f"/gradio_api/{path}") == 404
        file = {"path": address, "url": address, "meta": {"_type": "gradio.FileData"}}
        for one in config(server)["dependencies"]:
            join(server, one["id"], [file] * len(one["inputs"]), who=f"stranger{one['id']}")
        with pytest.raises(BlockingIOError):
            trap.accept()


def test_what_belongs_to_others_is_not_told(server: Server) -> None:
    body = json.dumps({"event_id": "x", "session_hash": "x", "fn_index": 0})
    kind = {"Content-Type": "application/json"}
    for name in ("reset", "cancel"):
        assert asked(server, "POST", f"/gradio_api/{name}", body, **kind) in (200, 404, 422)
    assert asked(server, "GET", "/monitoring/summary") == 404
    assert asked(server, "GET", "/gradio_api/queue/status") == 404
