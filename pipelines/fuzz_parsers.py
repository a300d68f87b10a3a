"""Fuzz vidcap's text parsers, guided by coverage.

    python pipelines/fuzz_parsers.py -max_total_time=300 CORPUS

It goes on where ``pipelines/fuzz.py`` ends: libFuzzer, by way of atheris (``pip install
'vidcap[fuzz]'``), keeps in the folder CORPUS what reaches new lines of the readers of subtitles and
scripts, of times and of presets, and damages that further.  It ends with a traceback at what any of
them raises but errors of vidcap, and writes the text to ``crash-*``.  The first byte of a text
says which parser gets it.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[1]))
with atheris.instrument_imports(include=["vidcap", "pysubs2", "webvtt", "yaml"]):
    from vidcap.description import formats as scripts
    from vidcap.errors import VidcapError
    from vidcap.subtitles import formats as subtitles
    from vidcap.subtitles.files import as_document, check_texts
    from vidcap.subtitles.formats import SubtitleFormat
    from vidcap.subtitles.presets import load_preset
    from vidcap.subtitles.timed_text import parse_clock

_NETFLIX = load_preset("netflix")
_SCRATCH = Path(tempfile.mkdtemp(prefix="vidcap-fuzz-"))


def _read_and_write(form: SubtitleFormat) -> Callable[[str], object]:
    def parse(text: str) -> object:
        texts = form.read(text)
        check_texts(texts, _NETFLIX)
        return form.write(as_document(texts, path=Path("x"), version="0"))

    return parse


def _preset(text: str) -> object:
    path = _SCRATCH / "x.yaml"
    path.write_text(text, encoding="utf-8")
    return load_preset(path)


def _time(text: str) -> object:
    try:
        return parse_clock(text)
    except (ValueError, ZeroDivisionError):
        return None


PARSERS: Sequence[Callable[[str], object]] = (
    *(_read_and_write(form) for form in subtitles.FORMATS),
    *(form.read for form in scripts.FORMATS),
    _preset,
    _time,
)


def attack(data: bytes) -> None:
    """Give a text to the parser that its first byte names."""
    if not data:
        return
    text = data[1:].decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    with contextlib.suppress(VidcapError):
        PARSERS[data[0] % len(PARSERS)](text.replace("\0", "\ufffd"))


def main() -> None:
    """Hand over to libFuzzer, which does not come back."""
    atheris.Setup(sys.argv, attack)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
