"""``openai:URL#MODEL`` taken apart, and the key that goes with it."""

from __future__ import annotations

import ipaddress
import os
import urllib.parse

from vidcap.errors import ModelError, UsageError

KEYS = ("VIDCAP_OPENAI_KEY", "OPENAI_API_KEY")
"""Environment variables that may hold a key; the first one that is set is used."""


def parse_address(name: str) -> tuple[str, str, bool]:
    """Return the address without a slash at its end, the model, and whether it is this machine.

    Raises:
        UsageError: the address is no plain http or https URL, or names no model.
    """
    address, _, model = name.removeprefix("openai:").partition("#")
    wanted = "write openai:URL#MODEL, such as openai:http://127.0.0.1:11434/v1#llava"
    # What is wrong is not shown: there may be a password in it.
    if any(not "!" <= c <= "~" for c in address):
        raise UsageError(
            f"the URL of an openai: captioner holds blanks or odd characters; {wanted}"
        )
    try:
        parts = urllib.parse.urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise UsageError(f"the URL of an openai: captioner cannot be read; {wanted}") from None
    if parts.username is not None or parts.password is not None or parts.query:
        raise UsageError(
            "the URL of an openai: captioner holds a name, password or query, which would stand "
            f"in results; put a key into the environment variable {KEYS[0]}, and {wanted}"
        )
    if parts.scheme not in ("http", "https") or not host:
        raise UsageError(f"captioner {name!r}: the URL is not one of http or https; {wanted}")
    if not model.strip() or not model.isprintable():
        raise UsageError(f"captioner {name!r}: names no model; {wanted}")
    return address.rstrip("/"), model, is_loopback(host)


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine by its very name or number; nothing is looked up."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def find_key(url: str, loopback: bool) -> str:
    """Return the key to send, or nothing.

    ``OPENAI_API_KEY`` is mostly meant for somebody else's servers, so it is not sent in the clear.

    Raises:
        ModelError: a variable holds what cannot be a key; the message does not.
    """
    for variable in KEYS:
        key = os.environ.get(variable, "").strip()
        if not key or (variable != KEYS[0] and not (loopback or url.startswith("https:"))):
            continue
        if any(not "!" <= c <= "~" for c in key):
            raise ModelError(
                f"the environment variable {variable} holds blanks or odd characters, so it is no "
                "key; set it anew"
            )
        return key
    return ""
