"""Helpers for formats that carry SubStation Alpha override tags.

Reading by way of pysubs2, which takes every text for one of SubStation Alpha.
"""

from __future__ import annotations

import warnings

from vidcap.errors import DataError
from vidcap.subtitles.timed_text import TimedText

# There are no escapes: braces hold overrides, and a backslash begins one.
LOOK_ALIKES = str.maketrans({"{": "(", "}": ")", "\\": "/"})


def read_with_pysubs2(text: str, kind: str, name: str) -> list[TimedText]:
    """Return the texts of a file, comments left out and tags taken away.

    Args:
        text: the file.
        kind: what pysubs2 calls the format.
        name: what people call it.

    Raises:
        DataError: pysubs2 cannot read it.
    """
    import pysubs2

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of margins and styles, which are not read here
            events = pysubs2.SSAFile.from_string(text, format_=kind)
    except Exception as error:  # whatever a file of another format makes its parser do
        raise DataError(f"is no {name} file: {error or type(error).__name__}") from error
    return [
        TimedText(event.start, event.end, tuple(filter(None, event.plaintext.split("\n"))))
        for event in events
        if not event.is_comment
    ]
