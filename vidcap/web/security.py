"""What stands between the network and the page: who may come in, and what browsers are told.

An ASGI middleware without buffering: answers stream through it.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from vidcap.errors import UsageError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# Gradio's page has scripts and styles of its own inside, and makes functions of text: without the
# unsafe words it does not start. Nothing may come from, or go to, another host.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
# What the page and programs that ask the endpoint need. The rest of Gradio's routes fetch
# addresses, give out files, tell of other visitors, or change code.
_OPEN = {
    *("/config", "/theme.css", "/favicon.ico", "/manifest.json", "/robots.txt", ""),
    *("/gradio_api/info", "/gradio_api/app_id", "/gradio_api/theme.css"),
    *("/gradio_api/upload", "/gradio_api/upload_progress", "/gradio_api/startup-events"),
    *("/gradio_api/queue/join", "/gradio_api/queue/data", "/gradio_api/cancel"),
    "/gradio_api/reset",
}
_OPEN_FOLDERS = (
    *("/assets/", "/static/", "/svelte/", "/vidcap/"),
    *("/gradio_api/call/", "/gradio_api/heartbeat/"),
)
# What is asked for in words, and not uploaded, is short.
_WORDS_BYTES = 1024 * 1024
_TOO_LARGE = "This is more than is allowed here."


def read_login(file: Path) -> tuple[str, str]:
    """Return user and password from a file with the one line ``USER:PASSWORD``.

    Raises:
        UsageError: there is no such file or line.
    """
    try:
        line = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--login {file}: cannot be read: {error}") from None
    user, colon, password = line.partition(":")
    if not (user and colon and password) or "\n" in line:
        raise UsageError(f"--login {file}: must hold one line, USER:PASSWORD")
    return user, password


class Shield:
    """Adds headers, asks for the login where there is one, and turns away what is too large.

    Args:
        app: what is shielded.
        login: user and password; None where everybody may come in.
        body_bytes: most bytes of a request.
        arrivals: folder that uploads arrive in; None where nobody looks how full it is.
        arrivals_bytes: how full it may be before more uploads are turned away.
    """

    def __init__(
        self,
        app: App,
        *,
        login: tuple[str, str] | None,
        body_bytes: int,
        arrivals: Path | None = None,
        arrivals_bytes: int = 0,
    ) -> None:
        self._arrivals = arrivals
        self._arrivals_bytes = arrivals_bytes
        self._app = app
        self._login = None if login is None else ":".join(login).encode()
        self._body_bytes = body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # nothing of the page is a web socket
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = dict(scope["headers"])

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                ours = {name for name, _ in _HEADERS}
                kept = [pair for pair in message.get("headers", ()) if pair[0].lower() not in ours]
                message["headers"] = [*kept, *_HEADERS]
            await send(message)

        if not self._may_enter(headers.get(b"authorization", b"")):
            asking = (b"www-authenticate", b'Basic realm="vidcap", charset="UTF-8"')
            await _refuse(dressed, 401, "This page asks for a login.", asking)
        elif not _is_open(scope["path"]):
            await _refuse(dressed, 404, "There is nothing here.")
        elif scope["path"].endswith("/upload") and self._is_full():
            await _refuse(dressed, 507, "There is no room for more files now; come back later.")
        else:
            most = self._body_bytes
            if not scope["path"].endswith("/upload"):
                most = min(most, _WORDS_BYTES)
            if _length(headers) > most:
                await _refuse(dressed, 413, _TOO_LARGE)
            else:
                await self._pass(scope, receive, dressed, most)

    async def _pass(self, scope: Scope, receive: Receive, send: Send, most: int) -> None:
        """Let the app serve a request whose body, which may not say how long it is, has an end."""
        from starlette.formparsers import MultiPartException

        taken = 0
        arriving = scope["path"].endswith("/upload")

        async def counted() -> Message:
            nonlocal taken, arriving
            message = await receive()
            taken += len(message.get("body", b""))
            if arriving and (taken > most or message["type"] == "http.disconnect"):
                # Gradio removes what has arrived of a form that is wrong, and leaves what has
                # arrived of one that ends early.
                raise MultiPartException("broken off")
            if taken > most:
                return {"type": "http.disconnect"}
            arriving = arriving and message.get("more_body", False)
            return message

        async def unless_refused(message: Message) -> None:
            if taken <= most:
                await send(message)

        try:
            await self._app(scope, counted, unless_refused)
        except Exception:
            if taken <= most:
                raise  # what the app says of a visitor who was cut off is no news
        if taken > most:
            await _refuse(send, 413, _TOO_LARGE)

    def _is_full(self) -> bool:
        if self._arrivals is None:
            return False
        sizes = (path.stat().st_size for path in self._arrivals.rglob("*") if path.is_file())
        try:
            return sum(sizes) > self._arrivals_bytes
        except OSError:  # one was removed while we looked
            return False

    def _may_enter(self, authorization: bytes) -> bool:
        if self._login is None:
            return True
        kind, _, value = authorization.partition(b" ")
        try:
            given = base64.b64decode(value, validate=True)
        except binascii.Error:
            return False
        return kind.lower() == b"basic" and hmac.compare_digest(given, self._login)


def _is_open(path: str) -> bool:
    return path.rstrip("/") in _OPEN or path.startswith(_OPEN_FOLDERS)


def _length(headers: dict[bytes, bytes]) -> int:
    text = headers.get(b"content-length", b"0")
    return int(text) if text.isdigit() else 0


async def _refuse(send: Send, status: int, text: str, *more: tuple[bytes, bytes]) -> None:
    body = text.encode()
    about = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
    ]
    await send({"type": "http.response.start", "status": status, "headers": [*about, *more]})
    await send({"type": "http.response.body", "body": body})
