"""Scenes of a library as the page shows them."""

from __future__ import annotations

import base64
import os
import threading
from collections.abc import Sequence
from pathlib import Path

from vidcap.index import Catalogue
from vidcap.index.search import Hit, search
from vidcap.jobs.workers import find_embedder
from vidcap.subtitles.clean import clean_text, sentence_case
from vidcap.web.markup import clock, confidence_words, escape, problem
from vidcap.web.uploads import shown_name

VIDEOS = "/vidcap/library"
_LONGEST_QUERY = 300
_TOP = 20


class Finder:
    """Searches one library for everybody.

    Only videos that the library holds are ever given out, each by its content's name.

    Args:
        db: the library's file.

    Raises:
        DataError: it is no library.
    """

    def __init__(self, db: Path) -> None:
        self._db = db
        self._lock = threading.Lock()
        Catalogue(db).close()  # what is wrong with it is said at the start
        self._embedder = find_embedder()

    def search(self, text: str) -> str:
        """Return HTML of the scenes that fit a text, best first.

        Raises:
            VidcapError: the library cannot be read.
        """
        if not text.strip():
            return problem("Say what to look for.")
        embed = None if self._embedder is None else self._embedder.embed
        # SQLite's connections stay in their thread: each search has its own.
        with self._lock, Catalogue(self._db) as catalogue:
            hits = search(catalogue, text[:_LONGEST_QUERY], embed=embed, top=_TOP)
        if not hits:
            return '<p class="vc-status" role="status">No scene fits.</p>'
        return _shown(hits)

    def video(self, content: str) -> Path | None:
        """Return the file of a video of the library; None where there is none."""
        with Catalogue(self._db) as catalogue, catalogue.errors_named():
            row = catalogue.connection.execute(
                "SELECT min(path) FROM file WHERE content = ?", (content,)
            ).fetchone()
        path = None if row[0] is None else Path(os.fsdecode(row[0]))
        return path if path is not None and path.is_file() else None


def _shown(hits: Sequence[Hit]) -> str:
    items = "".join(_hit(hit) for hit in hits)
    return (
        '<section class="vc-result" aria-label="Scenes found">'
        f'<p class="vc-status" role="status">{len(hits)} found.</p>'
        '<video class="vc-video" controls preload="none" aria-label="The scene" hidden></video>'
        f'<ul class="vc-hits">{items}</ul></section>'
    )


def _hit(hit: Hit) -> str:
    said = escape(sentence_case(clean_text(hit.text)))
    name = escape(shown_name(hit.path.name))
    picture = ""
    if hit.thumbnail:
        data = base64.b64encode(hit.thumbnail).decode("ascii")
        picture = f'<img src="data:image/webp;base64,{data}" alt="">'
    start = hit.start_ms / 1000
    return (
        f'<li>{picture}<div><p dir="auto">{said}</p><button type="button" data-open='
        f'"{VIDEOS}/{escape(hit.content)}" data-time="{start:.3f}">{name}, {clock(start)}</button> '
        f"<small>{confidence_words(hit.confidence)}</small></div></li>"
    )
