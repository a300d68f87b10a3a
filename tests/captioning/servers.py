"""A server on this machine that answers as vLLM, Ollama and llama.cpp do, or as they should not."""

from __future__ import annotations

import base64
import io
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import numpy as np
from PIL import Image

Answer = tuple[int, dict[str, str], bytes]
_LONGEST_REQUEST = 8 << 20


def said(text: str, logs: list[float] | None = None, **choice: Any) -> Answer:
    """An answer with a sentence in it."""
    message = {"role": "assistant", "content": text}
    found: dict[str, Any] = {"index": 0, "message": message, "finish_reason": "stop", **choice}
    if logs is not None:
        found["logprobs"] = {"content": [{"token": "x", "logprob": log} for log in logs]}
    return 200, {}, json.dumps({"choices": [found]}).encode()


def picture_of(body: dict[str, Any]) -> np.ndarray:
    (part,) = (p for p in body["messages"][0]["content"] if p["type"] == "image_url")
    kind, _, data = part["image_url"]["url"].partition(",")
    assert kind == "data:image/jpeg;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def look(body: dict[str, Any]) -> Answer:
    """What a model that chats would say of the colours of a picture, manners, loops and all."""
    picture = picture_of(body)
    assert picture.shape == (512, 512, 3)
    means = picture.reshape(2, 256, 2, 256, 3).mean((1, 3)).reshape(4, 3)
    colours = ["red green blue".split()[int(mean.argmax())] for mean in means]
    shades = ["dark pale bright".split()[min(2, int(mean.mean()) // 86)] for mean in means]
    seen = " and ".join(f"a {s} {c} wall" for s, c in zip(shades, colours, strict=True))
    text = f"Sure! Here's a caption for the image:\n\n**This image shows {seen}.**\n\nEnjoy!"
    logs = [-float(mean.mean()) / 255 for mean in means] if body.get("logprobs") else None
    return said(text, logs)


class LocalServer:
    """Listens on a free port of 127.0.0.1 while the block runs.

    Attributes:
        requests: path, headers and body of every request, in the order they came.
        most_at_once: how many were under way together.
    """

    def __init__(self, answer: Callable[[dict[str, Any]], Answer] = look) -> None:
        self.answer = answer
        self.requests: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.most_at_once = 0
        self._under_way = 0
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10  # a client that goes silent does not keep the thread

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                assert length <= _LONGEST_REQUEST
                body = json.loads(self.rfile.read(length))
                with outer._lock:
                    outer.requests.append((self.path, dict(self.headers), body))
                    outer._under_way += 1
                    outer.most_at_once = max(outer.most_at_once, outer._under_way)
                try:
                    status, headers, data = outer.answer(body)
                finally:
                    with outer._lock:
                        outer._under_way -= 1
                if status == 0:
                    self.connection.close()
                    return
                self.send_response(status)
                for name, value in {"Content-Length": str(len(data)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *arguments: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # a client that hangs up is what some tests are about

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def name(self, model: str = "tiny") -> str:
        return f"openai:{self.url}#{model}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def in_turn(*answers: Answer) -> Callable[[dict[str, Any]], Answer]:
    """Give these answers one after another, the last one for ever."""
    waiting = list(answers)
    return lambda body: waiting.pop(0) if len(waiting) > 1 else waiting[0]


def slowly(seconds: float, answer: Answer) -> Callable[[dict[str, Any]], Answer]:
    def wait(body: dict[str, Any]) -> Answer:
        time.sleep(seconds)
        return answer

    return wait
