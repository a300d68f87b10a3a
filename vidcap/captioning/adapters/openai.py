"""Models behind a server that speaks OpenAI's protocol: vLLM, Ollama, llama.cpp."""

from __future__ import annotations

import base64
import io
import json
import math
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage
from threading import Event, Lock, Thread
from typing import IO, Any

from vidcap.captioning.adapters.address import KEYS, find_key, parse_address
from vidcap.captioning.adapters.sentences import as_caption
from vidcap.captioning.caption import Caption
from vidcap.captioning.captioner import Picture, check_pictures
from vidcap.errors import ModelError

PROMPT = "Describe this picture in one short, plain sentence."
UNKNOWN_SCORE = -1.0
"""The score where a server tells no log-probabilities: a constant, so all votes weigh alike."""

_SIDE = 512
_MOST_TOKENS = 100
_MOST_BYTES = 1 << 20
_AT_A_TIME = 4
_BUSY = (429, 500, 502, 503, 504)
_LONGEST_WAIT = 30.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server is waited for.

    Attributes:
        seconds: for an answer, from the request to its last byte.
        tries: how often a request is sent where the server is busy or breaks off.
        pause: seconds before the second try; twice as long before each further one.
    """

    seconds: float = 180.0
    tries: int = 4
    pause: float = 1.0


class OpenAICaptioner:
    """Captions with a model behind a server.

    Each picture is one request of its own to ``URL/chat/completions``, a JPEG inside, at
    temperature 0 and with a fixed seed; whether the same picture gets the same sentence again is
    the server's to keep.  The score is the mean log-probability of the answer's tokens where the
    server tells those, and else ``UNKNOWN_SCORE``; ``provenance`` says which was asked for.
    """

    picture_size = (_SIDE, _SIDE)

    def __init__(
        self,
        name: str,
        *,
        at_a_time: int = _AT_A_TIME,
        prompt: str | None = None,
        patience: Patience | None = None,
    ) -> None:
        """Read the address; nothing is sent before the first picture.

        Args:
            name: ``openai:URL#MODEL``.
            at_a_time: requests under way together, 1 or more.
            prompt: what to ask; None for the usual.
            patience: how long the server is waited for.

        Raises:
            UsageError: the address cannot be used.
            ModelError: the key in the environment cannot be one.
        """
        self.name = name
        self._url, self._model, loopback = parse_address(name)
        self._at_a_time = at_a_time
        self._prompt = prompt or PROMPT
        self._patience = patience or Patience()
        self._with_logs = True
        self._key = find_key(self._url, loopback)
        # The environment's proxies are not for this machine's own servers.
        proxies = urllib.request.ProxyHandler({} if loopback else None)
        self._opener = urllib.request.build_opener(proxies, _NoRedirects)
        self.provenance: Mapping[str, str | int | float] = {
            "captioner": name,
            "runtime": f"server at {self._url}",
            "model": self._model,
            "prompt": self._prompt,
            "temperature": 0,
            "seed": 0,
            "max_tokens": _MOST_TOKENS,
            "score": f"token log-probability, or {UNKNOWN_SCORE} where the server tells none",
        }

    def caption(self, pictures: Sequence[Picture]) -> list[Caption]:
        """Caption squashed uint8 RGB pictures, one sentence each, in their order.

        Raises:
            UsageError: a picture has another shape than ``(*picture_size, 3)`` or is not uint8.
            ModelError: the server cannot be reached, or gives no answer that can be used.
        """
        check_pictures(pictures, self.picture_size)
        found: list[Caption | None] = [None] * len(pictures)
        errors: list[Exception] = []
        waiting = iter(range(len(pictures)))
        lock, stop = Lock(), Event()

        def work() -> None:
            while not stop.is_set():
                with lock:
                    number = next(waiting, None)
                if number is None:
                    return
                try:
                    found[number] = self._caption_one(pictures[number])
                except Exception as error:
                    errors.append(error)
                    stop.set()

        # Daemons: an interrupt must not wait for a slow server.
        threads = [
            Thread(target=work, daemon=True, name="vidcap-request")
            for _ in range(min(self._at_a_time, len(pictures)))
        ]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            stop.set()
        if errors:
            raise errors[0]
        return [caption for caption in found if caption is not None]

    def _caption_one(self, picture: Picture) -> Caption:
        body = self._body(picture)
        try:
            answer = self._ask(body)
        except _Refused as refusal:
            # Some servers refuse what they do not know; log-probabilities can be done without.
            if not ("logprobs" in body and refusal.status in (400, 422)):
                raise self._explained(refusal) from None
            body.pop("logprobs")
            try:
                answer = self._ask(body)
            except _Refused as again:
                raise self._explained(again) from None
            self._with_logs = False
        try:
            choice = answer["choices"][0]
            text = choice["message"]["content"]
        except (TypeError, LookupError):
            raise self._error("answers without choices[0].message.content", _NOT_A_SERVER) from None
        if isinstance(text, list):
            parts = (part.get("text") for part in text if isinstance(part, dict))
            text = " ".join(part for part in parts if isinstance(part, str))
        if not isinstance(text, str):
            text = ""
        if not text.strip() and choice.get("finish_reason") == "length":
            raise self._error(
                f"model {self._model!r} used up {_MOST_TOKENS} tokens before it said anything",
                "name a model that does not think aloud",
            )
        return as_caption(text, _score(choice))

    def _body(self, picture: Picture) -> dict[str, Any]:
        from PIL import Image

        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=95, subsampling=0)
        data = base64.b64encode(file.getvalue()).decode("ascii")
        content = [
            {"type": "text", "text": self._prompt},
            {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{data}"}},
        ]
        body = {
            "model": self._model,
            "messages": [{"role": "user", "content": content}],
            "temperature": 0,
            "seed": 0,
            "max_tokens": _MOST_TOKENS,
            "stream": False,
        }
        return {**body, "logprobs": True} if self._with_logs else body

    def _ask(self, body: Mapping[str, Any]) -> Any:
        data = json.dumps(body).encode()
        for attempt in range(1, self._patience.tries + 1):
            pause = self._patience.pause * 2 ** (attempt - 1)
            last = attempt == self._patience.tries
            try:
                return self._send(data)
            except _Refused as refusal:
                if last or refusal.status not in _BUSY:
                    raise
                pause = max(pause, refusal.retry_after)
            except (ConnectionError, HTTPException) as error:
                if last:
                    raise self._error(
                        f"broke off {attempt} times ({type(error).__name__})",
                        "look at the server's own messages",
                    ) from None
            time.sleep(min(pause, _LONGEST_WAIT))
        raise AssertionError("the last try returns or raises")

    def _send(self, data: bytes) -> Any:
        """Send one request and return the JSON of its answer.

        Raises:
            _Refused: the server answers with an error.
            ConnectionError, HTTPException: the connection broke off.
            ModelError: there is no server, or what it says is no JSON of a bearable size.
        """
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        request = urllib.request.Request(  # noqa: S310 - parse_address lets http and https through only
            f"{self._url}/chat/completions", data=data, headers=headers
        )
        deadline = time.monotonic() + self._patience.seconds
        try:
            with self._opener.open(request, timeout=self._patience.seconds) as response:
                raw = self._read(response, deadline)
        except urllib.error.HTTPError as error:
            with error:
                try:
                    said = self._read(error, deadline)
                except (ModelError, OSError, HTTPException):
                    said = b""
            raise _Refused(error.code, error.headers, said) from None
        except TimeoutError:
            raise self._too_slow() from None
        except urllib.error.URLError as error:
            if isinstance(error.reason, TimeoutError):
                raise self._too_slow() from None
            raise self._unreached(error.reason) from None
        except (OSError, UnicodeError) as error:
            raise self._unreached(error) from None
        try:
            return json.loads(raw)
        except (ValueError, RecursionError):
            raise self._error("answers with what is no JSON", _NOT_A_SERVER) from None

    def _read(self, response: IO[bytes], deadline: float) -> bytes:
        parts, size = [], 0
        read = getattr(response, "read1", response.read)
        while part := read(1 << 16):
            parts.append(part)
            size += len(part)
            if size > _MOST_BYTES:
                raise self._error(f"answers with more than {_MOST_BYTES:,} bytes", _NOT_A_SERVER)
            if time.monotonic() > deadline:
                raise self._too_slow()
        if getattr(response, "length", None):
            raise ConnectionAbortedError("the answer ended before its end")
        return b"".join(parts)

    def _unreached(self, reason: BaseException | str) -> Exception:
        if isinstance(reason, ConnectionError) and not isinstance(reason, ConnectionRefusedError):
            return reason  # worth another try
        words = reason.strerror if isinstance(reason, OSError) else None
        return self._error(
            f"cannot be reached: {self._clean(words or str(reason))}",
            "start the server, or name its address as openai:URL#MODEL",
        )

    def _too_slow(self) -> ModelError:
        return self._error(
            f"gave no whole answer in {self._patience.seconds:g} s",
            "try a smaller model, or a smaller --batch-size to ask for fewer pictures at a time",
        )

    def _explained(self, refusal: _Refused) -> ModelError:
        words = self._clean(refusal.words)
        said = f"answers {refusal.status}" + (f" ({words})" if words else "")
        if 300 <= refusal.status < 400:
            way_out = "redirects are not followed: name the address that it points to"
        elif refusal.status in (401, 403):
            way_out = f"put the key that it wants into the environment variable {KEYS[0]}"
        elif refusal.status == 404:
            way_out = (
                f"check that the server has a model {self._model!r} and that the URL ends as its "
                "documentation says, mostly in /v1"
            )
        elif refusal.status in _BUSY:
            way_out = "look at the server's own messages, or try again later"
        else:
            way_out = f"check that {self._model!r} is a model that takes pictures"
        return self._error(said, way_out)

    def _error(self, what: str, way_out: str) -> ModelError:
        return ModelError(f"{self._url}: {what}; {way_out}")

    def _clean(self, words: str) -> str:
        """Return what a server said, on one short line, without the key that it may have echoed."""
        if self._key:
            words = words.replace(self._key, "[key]")
        return "".join(c if c.isprintable() else " " for c in " ".join(words.split()))[:200]


_NOT_A_SERVER = (
    "name a server that speaks OpenAI's protocol, such as openai:http://127.0.0.1:8000/v1#MODEL"
)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Lets redirects through as errors: pictures and keys go where the user said, or nowhere."""

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


class _Refused(Exception):
    """The server answered, but not with success."""

    def __init__(self, status: int, headers: Any, said: bytes) -> None:
        super().__init__(status)
        self.status = status
        try:
            self.retry_after = float(headers.get("Retry-After", 0))
        except (ValueError, TypeError):  # a date
            self.retry_after = 0.0
        if not 0 <= self.retry_after < math.inf:
            self.retry_after = 0.0
        self.words = next(_messages(said), "")
        if 300 <= status < 400:
            self.words = f"it points to {headers.get('Location', 'nowhere')}"


def _messages(said: bytes) -> Iterator[str]:
    text = said.decode("utf-8", "replace")
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        if not text.lstrip().startswith("<"):
            yield text
        return
    for key in ("error", "message", "detail"):
        found = answer.get(key) if isinstance(answer, dict) else None
        if isinstance(found, dict):
            found = found.get("message")
        if isinstance(found, str):
            yield found


def _score(choice: Mapping[str, Any]) -> float:
    try:
        values = [float(token["logprob"]) for token in choice["logprobs"]["content"]]
    except (TypeError, ValueError, LookupError):
        return UNKNOWN_SCORE
    known = [value for value in values if math.isfinite(value)]
    return math.fsum(known) / len(known) if known else UNKNOWN_SCORE


def load_openai(name: str, *, batch_size: int, prompt: str | None) -> OpenAICaptioner:
    """Load ``openai:URL#MODEL``; no connection is opened yet.

    Args:
        name: with its ``openai:``.
        batch_size: pictures captioned together; the server is asked for at most four at a time.
        prompt: what to ask; None for the usual.

    Raises:
        UsageError: the address cannot be used.
        ModelError: the key in the environment cannot be one.
    """
    return OpenAICaptioner(name, at_a_time=min(_AT_A_TIME, batch_size), prompt=prompt)
