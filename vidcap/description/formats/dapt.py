"""DAPT, ``.dapt.xml``: the W3C profile of TTML for exchanging audio description scripts.

W3C, "Dubbing and Audio description Profiles of TTML2" (Candidate Recommendation, 2025).  Each
sentence is a script event, a ``div`` that lasts from where the film is turned down to where it is
up again; the ramps are animations of ``tta:gain``, and the sentence is spoken in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from vidcap.description.script import Description, Script
from vidcap.subtitles.clean import clean_text
from vidcap.subtitles.formats.ttml import Ttml, TtmlTimes, xml_text
from vidcap.subtitles.timed_text import TimedText
from vidcap.subtitles.times import clock

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

RAMP_MS = 300
"""How long the film takes to be turned down before a sentence, and up again behind it."""

_HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<tt xmlns="http://www.w3.org/ns/ttml"
    xmlns:ttm="http://www.w3.org/ns/ttml#metadata"
    xmlns:ttp="http://www.w3.org/ns/ttml#parameter"
    xmlns:tta="http://www.w3.org/ns/ttml#audio"
    xmlns:daptm="http://www.w3.org/ns/ttml/profile/dapt#metadata"
    ttp:contentProfiles="http://www.w3.org/ns/ttml/profile/dapt1.0/content"
    ttp:timeBase="media" xml:lang={language} daptm:langSrc="zxx"
    daptm:scriptRepresents="visual.nonText" daptm:scriptType="preRecording">
  <head>
    <metadata>
      <ttm:desc>{made_by}</ttm:desc>
    </metadata>
  </head>
  <body>
"""
_EVENT = """\
    <div xml:id="d{number}" begin="{begin}" end="{end}" daptm:represents="visual.nonText">
      <p>
        <animate begin="0s" end="{ramp}" tta:gain="1;{gain}" fill="freeze"/>
        <animate begin="{up}" end="{over}" tta:gain="{gain};1"/>
        <span begin="{ramp}" end="{up}" tta:speak="normal">{text}</span>
      </p>
    </div>
"""
_FOOT = """\
  </body>
</tt>
"""


class Dapt:
    """DAPT scripts for audio description, to be recorded or spoken.

    Times are those of the film as it was: a sentence for which the film stands still lasts as long
    as it takes to say.
    """

    name = "dapt"
    suffix = ".dapt.xml"

    def write(self, script: Script) -> str:
        """Return the file."""
        facts = ", ".join(f"{key}: {value}" for key, value in script.made_by.items())
        gain = f"{10 ** (-script.duck_db / 20):.3f}"
        events = [_event(number, one, gain) for number, one in enumerate(script.told, start=1)]
        head = _HEAD.format(
            language=quoteattr(clean_text(script.language)), made_by=xml_text(clean_text(facts))
        )
        return "".join([head, *events, _FOOT])

    def read(self, text: str) -> list[TimedText]:
        """Return the sentences of a file, of ours or of other tools."""
        return _Events().read(text)


def _event(number: int, one: Description, gain: str) -> str:
    ramp = min(RAMP_MS, one.start_ms)  # a film cannot be turned down before it begins
    up = ramp + one.spoken_ms
    return _EVENT.format(
        number=number,
        begin=clock(one.start_ms - ramp, "."),
        end=clock(one.start_ms + one.spoken_ms + RAMP_MS, "."),
        ramp=_seconds(ramp),
        up=_seconds(up),
        over=_seconds(up + RAMP_MS),
        gain=gain,
        text=xml_text(clean_text(one.text)),
    )


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.3f}s"


class _Events(Ttml):
    """TTML in which a part of a paragraph may have times of its own."""

    def _times(self, root: Element) -> TtmlTimes:
        return _EventTimes(root)


class _EventTimes(TtmlTimes):
    def paragraph(
        self, element: Element, begin: Fraction, end: Fraction | None
    ) -> Iterator[TimedText]:
        timed = [part for part in element if {"begin", "end", "dur"} & set(part.attrib)]
        spoken = [part for part in timed if str(part.tag).rpartition("}")[2] == "span"]
        if not spoken:
            yield from super().paragraph(element, begin, end)
            return
        for part in spoken:
            first = begin + self.seconds(part.get("begin", "0s"))
            last = end
            if "end" in part.attrib:
                last = begin + self.seconds(part.attrib["end"])
            elif "dur" in part.attrib:
                last = first + self.seconds(part.attrib["dur"])
            yield from super().paragraph(part, first, last)
