"""An HTML page that opens nothing else: no scripts, no files, pictures inside."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape


def html_page(title: str, style: str, body: Iterable[str], *, language: str = "en") -> str:
    """Return a page.

    Args:
        title: stands above the page too; it is escaped.
        style: CSS.
        body: HTML, line by line.
        language: of the page, as a BCP 47 tag.
    """
    lines = [
        "<!doctype html>",
        f'<html lang="{escape(language)}">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "img-src data:; style-src 'unsafe-inline'\">",
        f"<title>{escape(title)}</title>",
        f"<style>{style}</style>",
        "</head>",
        "<body>",
        "<main>",
        f"<h1>{escape(title)}</h1>",
        *body,
        "</main>",
        "</body>",
        "</html>",
        "",
    ]
    return "\n".join(lines)
