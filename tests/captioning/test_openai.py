"""A captioner behind a server: what is sent where, and what is made of odd answers."""

from __future__ import annotations

import socket
import time
from typing import Any

import numpy as np
import pytest

from tests.captioning.servers import LocalServer, in_turn, picture_of, said, slowly
from vidcap.captioning.adapters.address import find_key, is_loopback
from vidcap.captioning.adapters.openai import UNKNOWN_SCORE, OpenAICaptioner, Patience
from vidcap.captioning.registry import load_captioner
from vidcap.errors import ModelError, UsageError

PICTURE = np.full((512, 512, 3), (250, 10, 10), np.uint8)
HASTY = Patience(seconds=5, tries=3, pause=0.01)
KEY = "sk-very-secret-0123456789"


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VIDCAP_OPENAI_KEY", "OPENAI_API_KEY", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)


def failure(server: LocalServer, patience: Patience = HASTY) -> str:
    with pytest.raises(ModelError) as error:
        OpenAICaptioner(server.name(), patience=patience).caption([PICTURE])
    message = str(error.value)
    assert server.url in message
    assert "\n" not in message
    assert KEY not in message
    return message


def test_a_request_holds_the_picture_and_the_prompt() -> None:
    with LocalServer() as server:
        captioner = load_captioner(server.name("some/model:7b"), prompt="What is it?")
        (caption,) = captioner.caption([PICTURE])
        ((path, headers, body),) = server.requests
    assert caption.text.startswith("a pale red wall")
    assert path == "/v1/chat/completions"
    assert (body["model"], body["temperature"], body["seed"]) == ("some/model:7b", 0, 0)
    assert body["messages"][0]["content"][0] == {"type": "text", "text": "What is it?"}
    assert np.abs(picture_of(body).astype(int) - PICTURE).max() < 8
    assert "Authorization" not in headers
    assert captioner.provenance["prompt"] == "What is it?"


def test_the_score_is_the_mean_log_probability() -> None:
    with LocalServer(in_turn(said("a dog", [-0.5, -1.0]))) as server:
        assert OpenAICaptioner(server.name()).caption([PICTURE])[0].score == -0.75


def test_a_server_that_refuses_log_probabilities_is_asked_without() -> None:
    def picky(body: dict[str, Any]) -> Any:
        return (400, {}, b'{"error": "unknown logprobs"}') if "logprobs" in body else said("a dog")

    with LocalServer(picky) as server:
        captioner = OpenAICaptioner(server.name(), at_a_time=1)
        found = captioner.caption([PICTURE] * 3)
        assert [caption.score for caption in found] == [UNKNOWN_SCORE] * 3
        assert len(server.requests) == 4


def test_a_few_requests_are_under_way_together_and_answers_keep_their_order() -> None:
    pictures = [np.full((512, 512, 3), level, np.uint8) for level in range(0, 240, 20)]

    def level(body: dict[str, Any]) -> Any:
        time.sleep(0.05)
        return said(f"a wall of {round(picture_of(body).mean() / 20)} bricks")

    with LocalServer(level) as server:
        found = OpenAICaptioner(server.name()).caption(pictures)
        assert 1 < server.most_at_once <= 4
    assert [caption.text for caption in found] == [f"a wall of {n} bricks" for n in range(12)]


@pytest.mark.parametrize("busy", [(429, {"Retry-After": "0"}, b""), (503, {}, b"x"), (0, {}, b"")])
def test_a_busy_server_is_asked_again(busy: Any) -> None:
    with LocalServer(in_turn(busy, busy, said("a dog"))) as server:
        found = OpenAICaptioner(server.name(), patience=HASTY).caption([PICTURE])
        assert [caption.text for caption in found] == ["a dog"]
        assert len(server.requests) == 3


def test_a_server_that_stays_broken_is_given_up() -> None:
    with LocalServer(in_turn((500, {}, b'{"error": {"message": "CUDA ran out"}}'))) as server:
        message = failure(server)
        assert len(server.requests) == HASTY.tries
    assert "answers 500 (CUDA ran out)" in message
    with LocalServer(in_turn((0, {}, b""))) as server:
        assert "broke off 3 times" in failure(server)


def test_a_slow_server_is_given_up_in_time() -> None:
    with LocalServer(slowly(3, said("a dog"))) as server:
        message = failure(server, Patience(seconds=0.3, tries=3, pause=0))
        assert len(server.requests) == 1
    assert "gave no whole answer in 0.3 s" in message


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((200, {}, b"<html>hello</html>"), "no JSON"),
        ((200, {}, b"[" * 100_000), "no JSON"),
        ((200, {}, b"{}"), "choices"),
        ((200, {}, b'{"choices": []}'), "choices"),
        ((200, {}, b"null"), "choices"),
        ((200, {}, b" " * (2 << 20)), "more than 1,048,576 bytes"),
        ((200, {"Content-Length": "999"}, b"{}"), "broke off"),
        ((404, {}, b'{"error": {"message": "model not found"}}'), "(model not found); check that"),
        ((401, {}, b""), "VIDCAP_OPENAI_KEY"),
        ((400, {}, b'{"detail": "no pictures here"}'), "(no pictures here)"),
        ((302, {"Location": "http://elsewhere.example/v1"}, b""), "redirects are not followed"),
        (said("", finish_reason="length"), "used up 100 tokens"),
    ],
)
def test_an_answer_that_cannot_be_used_is_one_line(answer: Any, words: str) -> None:
    patience = Patience(seconds=5, tries=1)
    with LocalServer(in_turn(answer)) as server:
        if answer[1].get("Content-Length"):
            # The rest never comes: the server hangs up, or keeps the client waiting.
            told = failure(server, Patience(seconds=0.3, tries=1))
            assert "broke off" in told or "0.3 s" in told
            return
        assert words in failure(server, patience)


def test_no_server_is_one_line_with_the_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        name = f"openai:http://127.0.0.1:{taken.getsockname()[1]}/v1#tiny"
        with pytest.raises(ModelError, match=r"cannot be reached: .*refused; start the server"):
            OpenAICaptioner(name, patience=HASTY).caption([PICTURE])


def test_a_key_goes_to_the_server_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "another")
    monkeypatch.setenv("VIDCAP_OPENAI_KEY", KEY)
    with LocalServer() as server:
        captioner = OpenAICaptioner(server.name())
        captioner.caption([PICTURE])
        assert server.requests[0][1]["Authorization"] == f"Bearer {KEY}"
        assert KEY not in repr(captioner.provenance)
    echo = (403, {}, f'{{"error": "wrong key {KEY}"}}'.encode())
    with LocalServer(in_turn(echo)) as server:
        assert "wrong key [key]" in failure(server)


def test_a_key_that_cannot_be_one_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDCAP_OPENAI_KEY", f"{KEY}\nHost: elsewhere")
    with pytest.raises(ModelError, match="VIDCAP_OPENAI_KEY holds") as error:
        load_captioner("openai:http://127.0.0.1:9/v1#tiny")
    assert KEY not in str(error.value)


def test_the_key_for_openai_is_not_sent_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert find_key("http://example.org/v1", loopback=False) == ""
    assert find_key("https://example.org/v1", loopback=False) == KEY
    assert find_key("http://127.0.0.1/v1", loopback=True) == KEY


def test_this_machines_servers_are_not_asked_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with LocalServer(in_turn((500, {}, b"the proxy"))) as proxy, LocalServer() as server:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert OpenAICaptioner(server.name()).caption([PICTURE])
        assert proxy.requests == []
    assert [is_loopback(host) for host in ("localhost", "127.0.0.9", "::1")] == [True] * 3
    assert not is_loopback("192.168.0.1")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("openai:", "http or https"),
        ("openai:ftp://host/v1#m", "http or https"),
        ("openai:file:///etc/passwd#m", "http or https"),
        ("openai:http://host/v1", "names no model"),
        ("openai:http://host:port/v1#m", "cannot be read"),
        ("openai:http://ho st/v1#m", "blanks or odd"),
        (f"openai:http://user:{KEY}@host/v1#m", "holds a name, password or query"),
        (f"openai:http://host/v1?key={KEY}#m", "holds a name, password or query"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_unsent(name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as error:
        load_captioner(name)
    assert KEY not in str(error.value)


def test_an_answer_without_a_word_is_no_empty_caption() -> None:
    with LocalServer(in_turn(said("</s>"))) as server:
        assert OpenAICaptioner(server.name()).caption([PICTURE])[0].text == "a picture"


def test_content_in_parts_is_joined() -> None:
    with LocalServer(in_turn(said([{"type": "text", "text": "A dog."}]))) as server:  # type: ignore[arg-type]
        assert OpenAICaptioner(server.name()).caption([PICTURE])[0].text == "a dog"
