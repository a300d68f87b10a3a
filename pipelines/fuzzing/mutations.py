"""Damaging files: every mutation is drawn from one generator, so a number gives the same file."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Sequence
from random import Random

# A mutation takes the bytes of a seed and those of another one of its family.
Mutation = Callable[[bytearray, bytes, Random], bytearray]

_EXTREMES_32 = (0, 1, 7, 8, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
_EXTREMES_64 = (0, 1, 1 << 31, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)
_NUMBERS = (
    "-1 0 1e400 -1e400 1e-400 1e999999999 9999999999999999999999 0x7fffffff .nan .inf 1/0 1/3 "
    "99:99:99,999 -00:00:01.000 100000000:00:00.000 00:00:00 NaN Infinity 1_000 ٣ ²"
).split()
_TOKENS = (
    "\x00 \x1b[2J \u202e \ufeff \ud800 --> <b> </b> <br/> {\\an8} & &amp; &#0; &#x110000; ]]> "
    "<!-- WEBVTT NOTE STYLE [Events] Dialogue: Format: Start, \\N \\ { } [ ] : , ; ' \" | > # - "
    "*a &a !!python/object/apply:os.system !!binary !!set !!timestamp 2001-99-99 ? << null true"
).split(" ")
_BOMBS = (
    '<?xml version="1.0"?><!DOCTYPE t [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;">]><tt>&d;</tt>',
    '<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/passwd">]><tt xmlns="http://www.w3.org/ns/ttml">'
    '<body><div><p begin="0s" end="1s">&x;</p></div></body></tt>',
    "a: &a [x, x, x, x, x, x, x, x, x]\n"
    + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "name: *i\n",
    "name: &a [*a]\n",
)


def _place(data: bytearray, chance: Random) -> int:
    """Draw a place; the heads of files, where their structure is, more often than the rest."""
    if chance.random() < 0.5:
        return chance.randrange(min(len(data), 256) or 1)
    return chance.randrange(len(data) or 1)


def flip(data: bytearray, other: bytes, chance: Random) -> bytearray:
    """Turn single bits over."""
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        if data:
            data[_place(data, chance)] ^= 1 << chance.randrange(8)
    return data


def overwrite(data: bytearray, other: bytes, chance: Random) -> bytearray:
    """Write a run of equal or random bytes over others."""
    at, length = _place(data, chance), chance.choice((1, 4, 16, 200))
    run = bytes([chance.choice((0, 255, 65))]) * length
    data[at : at + length] = run if chance.random() < 0.5 else chance.randbytes(length)
    return data


def truncate(data: bytearray, other: bytes, chance: Random) -> bytearray:
    """Cut the end off."""
    return data[: _place(data, chance)]


def insert(data: bytearray, other: bytes, chance: Random) -> bytearray:
    """Put bytes in between."""
    at = _place(data, chance)
    data[at:at] = chance.randbytes(chance.choice((1, 3, 8, 64)))
    return data


def remove(data: bytearray, other: bytes, chance: Random) -> bytearray:
    """Take bytes out."""
    at = _place(data, chance)
    del data[at : at + chance.choice((1, 3, 8, 64, 500))]
    return data


def swap(data: bytearray, other: bytes, chance: Random) -> bytearray:
    """Exchange two blocks."""
    size = chance.choice((8, 64, 512))
    one, two = sorted((_place(data, chance), _place(data, chance)))
    if two - one >= size:
        data[one : one + size], data[two : two + size] = (
            data[two : two + size],
            data[one : one + size],
        )
    return data


def repeat(data: bytearray, other: bytes, chance: Random) -> bytearray:
    """Write a block several times."""
    at, size = _place(data, chance), chance.choice((4, 32, 256))
    data[at:at] = data[at : at + size] * chance.choice((1, 2, 20))
    return data


def lie(data: bytearray, other: bytes, chance: Random) -> bytearray:
    """Set what may be a length, a count or a time to an extreme."""
    wide = chance.random() < 0.3
    number = chance.choice(_EXTREMES_64 if wide else _EXTREMES_32)
    order = chance.choice("><")
    packed = struct.pack(f"{order}{'Q' if wide else 'I'}", number)
    # Fields of MP4 lie behind their four letters.
    names = [match.start() for match in re.finditer(rb"[a-z]{4}", bytes(data[:20000]))]
    if names and chance.random() < 0.6:
        at = chance.choice(names) + chance.choice((-4, 4, 8, 12, 16, 20))
    else:
        at = _place(data, chance)
    at = max(0, at)
    data[at : at + len(packed)] = packed
    return data


def splice(data: bytearray, other: bytes, chance: Random) -> bytearray:
    """Put a piece of another file in."""
    at, size = _place(data, chance), chance.choice((16, 128, 2000))
    start = _place(bytearray(other), chance)
    piece = other[start : start + size]
    end = at + len(piece) if chance.random() < 0.5 else at
    data[at:end] = piece
    return data


def graft(data: bytearray, other: bytes, chance: Random) -> bytearray:
    """Put the head of one file before the body of another."""
    at = _place(data, chance)
    return data[:at] + other[min(at, len(other)) :]


BINARY: Sequence[Mutation] = (
    flip, flip, overwrite, truncate, insert, remove, swap, repeat, lie, lie, lie, splice, graft,
)  # fmt: skip


def _edit(data: bytearray, chance: Random, *, new: str) -> bytearray:
    """Replace a word or number of a text, or put something in between."""
    text = data.decode("utf-8", "surrogateescape")
    words = [match.span() for match in re.finditer(r"[\w.:,/-]+", text)]
    if words and chance.random() < 0.7:
        start, end = chance.choice(words)
    else:
        start = end = chance.randrange(len(text) + 1)
    return bytearray((text[:start] + new + text[end:]).encode("utf-8", "surrogatepass"))


def number(data: bytearray, other: bytes, chance: Random) -> bytearray:
    """Put in a number that is hard to read."""
    digits = "9" * chance.choice((3, 12, 400, 5000))
    new = chance.choice((*_NUMBERS, "1e999999999", digits))
    values = [match.span(1) for match in re.finditer(rb'="([^"]*)"', bytes(data))]
    if values and chance.random() < 0.5:
        start, end = chance.choice(values)
        return data[:start] + new.encode() + data[end:]
    return _edit(data, chance, new=new)


def token(data: bytearray, other: bytes, chance: Random) -> bytearray:
    """Put in what means something to a parser."""
    return _edit(data, chance, new=chance.choice(_TOKENS) * chance.choice((1, 1, 3, 50)))


def nest(data: bytearray, other: bytes, chance: Random) -> bytearray:
    """Nest something deeply, in XML between two tags."""
    depth = chance.choice((50, 1200, 20000))
    opening, closing = chance.choice(
        (("[", "]"), ("{", "}"), ('{"a":', "}"), ("<p>", "</p>"), ("<span begin='1s'>", "</span>"))
    )
    new = opening * depth + closing * chance.choice((depth, depth, 0))
    tags = [at for at, byte in enumerate(data) if byte == ord(">")]
    if opening.startswith("<") and tags:
        at = chance.choice(tags) + 1
        return data[:at] + new.encode() + data[at:]
    return _edit(data, chance, new=new)


def double(data: bytearray, other: bytes, chance: Random) -> bytearray:
    """Write a line again, somewhere else, or leave one out."""
    lines = data.split(b"\n")
    line = lines.pop(chance.randrange(len(lines)))
    for _ in range(chance.choice((0, 2, 40))):
        lines.insert(chance.randrange(len(lines) + 1), line)
    return bytearray(b"\n".join(lines))


def bomb(data: bytearray, other: bytes, chance: Random) -> bytearray:
    """Put something in whose meaning is larger than it is, or that means another file."""
    text = chance.choice(_BOMBS).encode()
    return bytearray(text) if chance.random() < 0.5 else bytearray(data + b"\n" + text)


def recode(data: bytearray, other: bytes, chance: Random) -> bytearray:
    """Write a text in another encoding."""
    text = data.decode("utf-8", "replace")
    return bytearray(
        text.encode(chance.choice(("utf-16", "utf-16-be", "utf-32", "cp1252", "utf-7")), "replace")
    )


TEXT: Sequence[Mutation] = (
    number, number, number, token, token, token, nest, double, double, bomb, recode,
    flip, truncate, insert, remove, repeat, splice, graft,
)  # fmt: skip


def header(data: bytearray, other: bytes, chance: Random) -> bytearray:
    """Change one value in the JSON that a safetensors file begins with."""
    length = int.from_bytes(data[:8], "little")
    try:
        facts = json.loads(data[8 : 8 + length])
        inner = facts.get("__metadata__", {})
        told = chance.choice((facts, facts, inner, json.loads(inner.get("vidcap", "{}"))))
    except (ValueError, TypeError, AttributeError, RecursionError):
        return lie(data, other, chance)
    spot = told
    for _ in range(chance.choice((1, 2, 3, 4))):
        if not isinstance(spot, dict | list) or not spot:
            break
        key = chance.choice(sorted(spot) if isinstance(spot, dict) else range(len(spot)))
        above, spot = spot, spot[key]
        if chance.random() < 0.4 or not isinstance(spot, dict | list):
            _distort(above, key, chance)
            break
    if told is not facts and told is not inner:
        inner["vidcap"] = json.dumps(told)
    text = json.dumps(facts).encode()
    return bytearray(len(text).to_bytes(8, "little") + text + data[8 + length :])


def _distort(above: dict[str, object] | list[object], key: str | int, chance: Random) -> None:
    value = chance.choice(
        (
            None, True, -1, 0, 1, 7, 2**31, 2**63, 10**30, 1e308, "", "0", "x" * 300, "../../x",
            "/etc/passwd", "F64", "I8", "BOOL", [], [0], [0, 10**12], [2**62, 2], {}, {"a": 1},
            "transformer", "show-attend-tell", "efficientnet-lite2", float("inf"), [["a"]],
        )
    )  # fmt: skip
    if chance.random() < 0.1:
        del above[key]  # type: ignore[arg-type]
    else:
        above[key] = value  # type: ignore[index]


TENSORS: Sequence[Mutation] = (header, header, header, header, flip, truncate, lie, splice, graft)


def mutate(
    seed: bytes, others: Sequence[bytes], kinds: Sequence[Mutation], chance: Random
) -> bytes:
    """Return a seed with one to three mutations of some kinds."""
    data = bytearray(seed)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        data = chance.choice(kinds)(data, chance.choice(others), chance)
        # Repetitions must not add up: what is tested is small files that ask for much.
        data = data[:400_000]
    return bytes(data)
