"""The token files of Flickr8k (Hodosh et al. 2013) and Flickr30k (Young et al. 2014).

``Flickr8k.token.txt`` and ``results_20130124.token`` have a line for each caption:
``name.jpg#0``, a tab, the caption.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipelines.training.datasets.base import Entry, Source

_LINE = re.compile(r"(?P<picture>\S.*?)#\d+(?:\s+(?P<sentence>.*))?")
# Flickr8k.token.txt has five captions of a "….jpg.1" for which its archive has no picture.
_NO_PICTURE = re.compile(r".*\.jpe?g\.\d+", re.IGNORECASE)


class Tokens:
    """Lines of picture, number and caption."""

    name = "flickr-token"
    about = "Flickr's token file: lines of NAME.jpg#0, a tab, and the caption"

    def recognises(self, source: Source) -> bool:
        """Tell whether the first line is of that form."""
        picture, tab, _ = source.first_line.partition("\t")
        return bool(tab and _LINE.fullmatch(picture))

    def read(self, source: Source) -> Iterator[Entry]:
        """Yield an entry for each line."""
        for number, line in source.lines():
            found = _LINE.fullmatch(line)
            if found is None:
                raise source.error(
                    f"line {number}", "is not of the form NAME.jpg#0, a tab, and the caption"
                )
            if not _NO_PICTURE.fullmatch(found["picture"]):
                yield Entry(found["picture"], (found["sentence"] or "",), f"line {number}")
