"""An HTML page of scores and of the best, median and worst captions, complete in one file.

It opens nothing else: pictures are in it, small, and there are no scripts.  The same captions give
the same bytes.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.training.data import CaptionedPicture
from vidcap.pages import html_page
from vidcap.video.image import read_picture

_SIDE = 320
_QUALITY = 80
_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
table { border-collapse: collapse; }
th, td { border-bottom: 1px solid #8888; padding: .25rem .75rem; text-align: left; }
.cases { display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr));
  list-style: none; padding: 0; }
.cases img { display: block; height: auto; max-width: 100%; }
.said { font-weight: bold; margin: .5rem 0 0; }
.facts, .cases ul { font-size: .875rem; margin: 0; }
.cases ul { padding-left: 1.25rem; }
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the page: a title, the heads of the columns, and rows that begin with a head."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Captioned:
    """What one captioner said of every picture, and CIDEr-D of each."""

    name: str
    texts: Sequence[str]
    cider_d: NDArray[np.float64]


def choose(scores: NDArray[np.float64], count: int) -> dict[str, list[int]]:
    """Return the ``best``, ``median`` and ``worst`` pictures, best and worst ones first.

    Of equal scores the earlier picture comes first.  Few pictures are in several groups rather than
    in none.
    """
    order = np.argsort(-scores, kind="stable").tolist()
    count = min(count, len(order))
    start = (len(order) - count) // 2
    return {
        "best": order[:count],
        "median": order[start : start + count],
        "worst": order[::-1][:count],
    }


def page(
    title: str,
    tables: Sequence[Table],
    captioners: Sequence[Captioned],
    pictures: Sequence[CaptionedPicture],
    *,
    cases: int,
) -> str:
    """Return the page.

    Args:
        title: its title; all text is escaped.
        tables: what stands before the pictures.
        captioners: who captioned ``pictures``, a section each.
        pictures: the pictures.
        cases: pictures in each of best, median and worst.

    Raises:
        MediaError: a picture cannot be read.
    """
    parts: list[str] = []
    for table in tables:
        parts += _table(table)
    thumbnails: dict[Path, str] = {}
    for captioner in captioners:
        parts.append(f"<h2>{escape(captioner.name)}</h2>")
        for name, chosen in choose(captioner.cider_d, cases).items():
            parts += [f"<h3>The {name} by CIDEr-D</h3>", '<ul class="cases">']
            for index in chosen:
                parts += _case(captioner, index, pictures[index], thumbnails)
            parts.append("</ul>")
    return html_page(title, _STYLE, parts)


def _table(table: Table) -> Iterator[str]:
    yield f"<h2>{escape(table.title)}</h2>"
    yield "<table>"
    heads = "".join(f'<th scope="col">{escape(head)}</th>' for head in table.columns)
    yield f"<thead><tr>{heads}</tr></thead>"
    yield "<tbody>"
    for head, *cells in table.rows:
        rest = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        yield f'<tr><th scope="row">{escape(head)}</th>{rest}</tr>'
    yield "</tbody>"
    yield "</table>"


def _case(
    captioner: Captioned, index: int, picture: CaptionedPicture, thumbnails: dict[Path, str]
) -> Iterator[str]:
    if picture.path not in thumbnails:
        thumbnails[picture.path] = _thumbnail(picture.path)
    yield "<li>"
    # A person's words are the best there is for those who do not see the picture.
    yield f'<img alt="{escape(picture.sentences[0])}" {thumbnails[picture.path]}>'
    yield f'<p class="said" dir="auto">{escape(captioner.texts[index]) or "(nothing)"}</p>'
    facts = f"CIDEr-D {captioner.cider_d[index]:.3f} · {picture.path.name}"
    yield f'<p class="facts">{escape(facts)}. People said:</p>'
    yield "<ul>"
    for sentence in picture.sentences:
        yield f'<li dir="auto">{escape(sentence)}</li>'
    yield "</ul>"
    yield "</li>"


def _thumbnail(path: Path) -> str:
    """Return the attributes that show a picture, small, from within the page."""
    from PIL import Image

    picture = Image.fromarray(read_picture(path))
    picture.thumbnail((_SIDE, _SIDE))
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=_QUALITY)
    text = base64.b64encode(data.getvalue()).decode("ascii")
    width, height = picture.size
    return f'width="{width}" height="{height}" src="data:image/jpeg;base64,{text}"'
