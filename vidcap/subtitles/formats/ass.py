"""Advanced SubStation Alpha, ``.ass``: for players and editors that style subtitles."""

from __future__ import annotations

from vidcap.errors import DataError
from vidcap.subtitles.clean import clean_lines
from vidcap.subtitles.document import Document
from vidcap.subtitles.formats.ssa import LOOK_ALIKES, read_with_pysubs2
from vidcap.subtitles.timed_text import TimedText

_HEAD = """\
[Script Info]
{facts}ScriptType: v4.00+
WrapStyle: 2
ScaledBorderAndShadow: yes
PlayResX: {width}
PlayResY: {height}

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, \
Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, \
Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,{size},&H00FFFFFF,&H00FFFFFF,&H00000000,&H80000000,0,0,0,0,100,100,0,0,1,\
{edge},{shadow},2,{side},{side},{foot},1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


class AdvancedSubStation:
    """ASS files with one plain style, white with a black edge at the foot of the picture.

    The letters are a nineteenth of the picture's height, or as much smaller as the longest line
    needs to fit into nine tenths of its width.
    Times are hundredths of a second, the nearest ones.  Braces are written as parentheses and a
    backslash as a slash, as the format has no escapes; the text is otherwise that of the cues,
    cleaned by :func:`vidcap.subtitles.clean.clean_lines`.
    """

    name = "ass"
    suffix = ".ass"

    def write(self, document: Document) -> str:
        """Return the file; without cues, its header."""
        note = "".join(f"; {line}\n" for line in document.origin())
        events: list[str] = []
        for cue in document.cues:
            if lines := clean_lines(cue.lines):
                start = (cue.start_ms + 5) // 10
                end = max((cue.end_ms + 5) // 10, start + 1)
                text = "\\N".join(line.translate(LOOK_ALIKES) for line in lines)
                events.append(f"Dialogue: 0,{_clock(start)},{_clock(end)},Default,,0,0,0,,{text}\n")
        return _HEAD.format(facts=note, **_style(document)) + "".join(events)

    def read(self, text: str) -> list[TimedText]:
        """Return the texts of a file, comments left out and overrides taken away.

        Raises:
            DataError: it cannot be read as SubStation Alpha.
        """
        if "[events]" not in text.lower():
            raise DataError("is no SubStation Alpha file: it has no [Events]")
        return read_with_pysubs2(text, "ass", "SubStation Alpha")


def _style(document: Document) -> dict[str, int]:
    sides = [document.video.get(side) for side in ("width", "height")]
    width, height = (side if isinstance(side, int) and side > 0 else 0 for side in sides)
    if not (width and height):
        width, height = 1920, 1080
    longest = max((len(line) for cue in document.cues for line in cue.lines), default=1)
    # A letter of a plain face is about half as wide as the face is high.
    size = max(8, min(height // 19, round(0.9 * width / (0.5 * longest))))
    return {
        "width": width,
        "height": height,
        "size": size,
        "edge": max(1, size // 18),
        "shadow": size // 50,
        "side": width // 20,
        "foot": height // 20,
    }


def _clock(hundredths: int) -> str:
    minutes, rest = divmod(hundredths, 6000)
    hours, minutes = divmod(minutes, 60)
    seconds, rest = divmod(rest, 100)
    return f"{hours}:{minutes:02d}:{seconds:02d}.{rest:02d}"
