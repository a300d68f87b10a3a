"""The part of the page for people who listen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from vidcap.errors import VidcapError
from vidcap.web import markup
from vidcap.web.describing import described_path, describing_player, render
from vidcap.web.service import ROOMS, Studio

_HIDDEN: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
_EMPTY = "Caption a video first; it can then be heard here."


def describe_tab(studio: Studio, room: gr.State, tab: gr.Tab, turns: dict[str, Any]) -> None:
    """Build the part, inside the tab that is open.

    Args:
        studio: that keeps the results.
        room: token of the visitor's result.
        tab: fills the part when it is chosen.
        turns: how work with a captioner takes turns.
    """
    shown = gr.HTML(markup.status(_EMPTY))
    make = gr.Button("Make a video with a spoken track")
    told = gr.HTML()

    def fill(token: str) -> str:
        there, document = studio.rooms.find(token), studio.documents.get(token)
        if there is None or document is None:
            return markup.status(_EMPTY)
        source = studio.source(there)
        return describing_player(f"{ROOMS}/{token}", source.name, there.name, document)

    def write(token: str) -> Iterator[Any]:
        there, document = studio.rooms.find(token), studio.documents.get(token)
        if there is None or document is None:
            yield markup.status(_EMPTY)
            return
        yield markup.status("The description is being fitted, spoken and mixed.")
        with studio.holding(there):
            try:
                for _ in render(studio.source(there), document, studio.limits):
                    yield gr.skip()
            except VidcapError as error:
                yield markup.problem(str(studio.by_its_name(error, there)))
                return
        made = described_path(studio.source(there))
        stem = markup.escape(there.name.rpartition(".")[0] or there.name)
        yield (
            f'<div class="vc-result"><p role="status">The described video is ready: <a download='
            f'"{stem}.described{made.suffix}" href="{ROOMS}/{token}/{made.name}">Described video'
            "</a></p></div>"
        )

    tab.select(fill, room, shown, **_HIDDEN)
    make.click(write, room, told, **turns, **_HIDDEN)
