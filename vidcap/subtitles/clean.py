"""Text that no subtitle file can be broken with, and sentences as people write them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_ENDS = ".!?\u2026\u3002\uff01\uff1f\u0964\u06d4\u061f"
"""Marks that end a sentence: Latin, CJK, Devanagari, Urdu and Arabic ones."""

_CLOSERS = "\"'\u2019\u201d\u00bb)]\u300d\u300f"
"""Marks that may stand behind the end of a sentence."""

_ARROW = "-->"
_TIME_COLON = re.compile(r"(?<=\d):(?=\d{1,2}[.,]\d)")


def _printable(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cs":
        return "\ufffd"
    if category == "Cc":
        return " "
    return "" if character == "\ufeff" else character


def clean_text(text: str) -> str:
    """Return ``text`` as one line that is safe in any subtitle format.

    Line ends, control characters and every other white space become single blanks; lone surrogates
    become U+FFFD, since they have no UTF-8; byte-order marks go.  ``-->``, which SubRip and WebVTT
    reserve for times, becomes an arrow (U+2192), and the last colon of a clock time with a
    fraction (00:00:01.5) the ratio sign U+2236, for readers that take such a line for cue times.
    Emoji and right-to-left text stay as they are.  Never raises, and is idempotent.
    """
    if not (text.isascii() and text.isprintable()):
        text = "".join(map(_printable, text))
    text = " ".join(text.split())
    return _TIME_COLON.sub("\u2236", text.replace(_ARROW, "\u2192"))


def clean_lines(lines: Iterable[str]) -> list[str]:
    """Return the lines of a cue for a line-based format: cleaned, without those that hold nothing.

    A last line of digits alone joins the line above, since readers of SubRip take it for the
    number of the next cue.
    """
    cleaned = [text for text in map(clean_text, lines) if text]
    if len(cleaned) > 1 and cleaned[-1].isdecimal():
        cleaned[-2:] = [f"{cleaned[-2]} {cleaned[-1]}"]
    return cleaned


def sentence_case(text: str) -> str:
    """Return ``text`` with a capital at its beginning and a mark at its end.

    The first word keeps its own spelling when it holds a capital already ("iPhone").  A stop is
    added only where no mark ends the sentence, be it in quotes or brackets.  Empty text stays so.
    """
    if not text:
        return text
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    capital = text[0].upper()
    # Letters without a capital of their own stay: the sharp s, the micro sign.
    if first.lower() == first and capital.lower() == text[0]:
        text = capital + text[1:]
    return text if text.rstrip(_CLOSERS).endswith(tuple(_ENDS)) else f"{text}."
