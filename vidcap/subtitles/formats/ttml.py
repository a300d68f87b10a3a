"""TTML, ``.ttml``: the W3C format of broadcasters and streaming services.

Written is the text profile of IMSC 1.1 (W3C, "TTML Profiles for Internet Media Subtitles and
Captions 1.1"); read is any TTML whose times are media times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from vidcap.errors import DataError
from vidcap.subtitles.clean import clean_lines, clean_text
from vidcap.subtitles.document import Document
from vidcap.subtitles.timed_text import TimedText, parse_clock
from vidcap.subtitles.times import clock, nearest_ms

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_DEEPEST = 100

_HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<tt xmlns="http://www.w3.org/ns/ttml"
    xmlns:ttm="http://www.w3.org/ns/ttml#metadata"
    xmlns:ttp="http://www.w3.org/ns/ttml#parameter"
    xmlns:tts="http://www.w3.org/ns/ttml#styling"
    ttp:contentProfiles="http://www.w3.org/ns/ttml/profile/imsc1.1/text"
    ttp:timeBase="media" ttp:cellResolution="32 15" xml:lang={language}>
  <head>
    <metadata>
      <ttm:desc>{made_by}</ttm:desc>
    </metadata>
    <styling>
      <style xml:id="plain" tts:fontFamily="proportionalSansSerif" tts:fontSize="80%"
        tts:lineHeight="125%" tts:textAlign="center" tts:color="white"
        tts:backgroundColor="black"/>
    </styling>
    <layout>
      <region xml:id="foot" tts:origin="10% 75%" tts:extent="80% 20%" tts:displayAlign="after"/>
    </layout>
  </head>
  <body region="foot" style="plain">
    <div>
"""
_FOOT = """\
    </div>
  </body>
</tt>
"""


class Ttml:
    """TTML files, IMSC 1.1 text profile, one region at the foot of the picture.

    Characters that XML cannot hold become U+FFFD; the text is otherwise that of the cues, cleaned
    by :func:`vidcap.subtitles.clean.clean_lines`.
    """

    name = "ttml"
    suffix = ".ttml"

    def write(self, document: Document) -> str:
        """Return the file."""
        facts = ", ".join(f"{key}: {value}" for key, value in document.made_by.items())
        blocks = [
            _HEAD.format(
                language=quoteattr(clean_text(document.language)),
                made_by=xml_text(clean_text(facts)),
            )
        ]
        for cue in document.cues:
            if lines := clean_lines(cue.lines):
                begin, end = clock(cue.start_ms, "."), clock(cue.end_ms, ".")
                text = "<br/>".join(map(xml_text, lines))
                blocks.append(f'      <p begin="{begin}" end="{end}">{text}</p>\n')
        return "".join([*blocks, _FOOT])

    def _times(self, root: Element) -> TtmlTimes:
        return TtmlTimes(root)

    def read(self, text: str) -> list[TimedText]:
        """Return the texts of a file: the ``p`` elements, with the times of what holds them added.

        Raises:
            DataError: it is no XML, no TTML, declares entities, or has a time that is none.
        """
        from xml.etree import ElementTree

        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise DataError("is no TTML file that can be read: it declares a document type")
        try:
            # Without a document type there is no entity to expand, and expat opens nothing.
            root = ElementTree.fromstring(text)  # noqa: S314
        except (ElementTree.ParseError, ValueError) as error:
            raise DataError(f"is no TTML file: {error}") from error
        if _name(root) != "tt":
            raise DataError(f"is no TTML file: its root is {_name(root)!r:.60}")
        if _is_deeper(root, _DEEPEST):
            raise DataError("is no TTML file that can be read: it is nested too deeply")
        try:
            return list(self._times(root).texts(root, Fraction(0), None))
        except (ValueError, ZeroDivisionError) as error:
            raise DataError(f"is no TTML file that can be read: {error}") from error


def xml_text(text: str) -> str:
    """Return text as XML holds it; characters that it cannot hold become U+FFFD."""
    return escape(_NOT_XML.sub("\ufffd", text))


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _is_deeper(root: Element, most: int) -> bool:
    """Tell whether elements are nested in more than so many others, which readers recur into."""
    level = [root]
    for _ in range(most):
        level = [child for element in level for child in element]
    return bool(level)


def _parameter(root: Element, name: str, default: str) -> str:
    found = root.get(f"{{http://www.w3.org/ns/ttml#parameter}}{name}", default)
    # No exponents: 1e999999999 is short to write and takes hours to work out.
    if len(found) > 24 or set(found) - set("0123456789. "):
        raise ValueError(f"{name} is {found[:24]!r}")
    return found


class TtmlTimes:
    """Time expressions of one file (TTML2, section 12.3)."""

    _OFFSET = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)(h|ms|m|s|f|t)")
    _FRAMES = re.compile(r"([0-9]{1,6}:[0-9]{2}:[0-9]{2}):([0-9]{1,4}(?:\.[0-9]{1,9})?)")

    def __init__(self, root: Element) -> None:
        rate = Fraction(_parameter(root, "frameRate", "30"))
        above, _, below = _parameter(root, "frameRateMultiplier", "1 1").partition(" ")
        self._frame = 1 / (rate * Fraction(above) / Fraction(below or "1"))
        ticks = _parameter(root, "tickRate", "")
        self._units = {
            "h": Fraction(3600),
            "m": Fraction(60),
            "s": Fraction(1),
            "ms": Fraction(1, 1000),
            "f": self._frame,
            "t": 1 / Fraction(ticks) if ticks else Fraction(1),
        }

    def seconds(self, text: str) -> Fraction:
        """Return a time expression in seconds.

        Raises:
            ValueError: it is none.
        """
        text = text.strip()
        if offset := self._OFFSET.fullmatch(text):
            return Fraction(offset[1]) * self._units[offset[2]]
        if frames := self._FRAMES.fullmatch(text):
            whole = Fraction(parse_clock(frames[1]), 1000)
            return whole + Fraction(frames[2]) * self._frame
        return Fraction(parse_clock(text), 1000)

    def texts(
        self, element: Element, origin: Fraction, limit: Fraction | None
    ) -> Iterator[TimedText]:
        """Yield the paragraphs below an element that begins at ``origin``."""
        begin = origin + self.seconds(element.get("begin", "0s"))
        end = limit
        if "end" in element.attrib:
            end = origin + self.seconds(element.attrib["end"])
        elif "dur" in element.attrib:
            end = begin + self.seconds(element.attrib["dur"])
        if _name(element) == "p":
            yield from self.paragraph(element, begin, end)
            return
        for child in element:
            yield from self.texts(child, begin, end)

    def paragraph(
        self, element: Element, begin: Fraction, end: Fraction | None
    ) -> Iterator[TimedText]:
        """Yield the text of a paragraph, or of a part of it, that begins at ``begin``."""
        lines = (" ".join(line.split()) for line in "".join(_lines(element)).split("\n"))
        yield TimedText(
            nearest_ms(begin),
            nearest_ms(begin if end is None else end),
            tuple(filter(None, lines)),
        )


def _lines(element: Element) -> Iterator[str]:
    """Yield the text inside an element, a line feed for every ``br`` and blanks for others."""
    if _name(element) == "br":
        yield "\n"
    elif element.text:
        yield element.text.replace("\n", " ")
    for child in element:
        if _name(child) != "metadata":
            yield from _lines(child)
        if child.tail:
            yield child.tail.replace("\n", " ")
