"""The part of the page where scenes are changed."""

from __future__ import annotations

from typing import Any

import gradio as gr

from vidcap.errors import UsageError
from vidcap.subtitles import Document
from vidcap.web import markup
from vidcap.web.editing import edited
from vidcap.web.service import ROOMS, Studio

_HIDDEN: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
_EMPTY = "Caption a video first; its scenes can then be changed here."


def edit_tab(studio: Studio, room: gr.State, tab: gr.Tab) -> None:
    """Build the part, inside the tab that is open.

    Args:
        studio: that keeps the results.
        room: token of the visitor's result.
        tab: fills the part when it is chosen.
    """
    scene = gr.Dropdown([], label="Scene", interactive=True)
    text = gr.Textbox(label="Words", max_length=500)
    with gr.Row():
        start = gr.Number(label="Begins, in seconds", minimum=0, precision=3)
        end = gr.Number(label="Ends, in seconds", minimum=0, precision=3)
    told = gr.HTML(markup.status(_EMPTY))
    keep = gr.Button("Keep this change", variant="primary")
    files = gr.HTML()

    def there(token: str) -> Document:
        document = studio.documents.get(token)
        if document is None or studio.rooms.find(token) is None:
            raise UsageError(_EMPTY)
        return document

    def fill(token: str) -> tuple[Any, str]:
        try:
            document = there(token)
        except UsageError as error:
            return gr.Dropdown(choices=[], value=None), markup.status(str(error))
        choices = markup.scene_choices(document.scenes)
        first = choices[0][1] if choices else None
        return gr.Dropdown(choices=choices, value=first), markup.breaks(document)

    def pick(token: str, index: int | None) -> tuple[str, float, float]:
        document = studio.documents.get(token)
        if document is None or index is None or not 0 <= index < len(document.scenes):
            return "", 0, 0
        chosen = document.scenes[index]
        return markup.said(chosen), round(float(chosen.start), 3), round(float(chosen.end), 3)

    def check(token: str, index: int | None, words: str, begins: float, ends: float) -> str:
        try:
            return markup.breaks(_changed(there(token), index, words, begins, ends))
        except UsageError as error:
            return markup.problem(str(error))

    def save(
        token: str, index: int | None, words: str, begins: float, ends: float
    ) -> tuple[Any, str, str]:
        try:
            document = _changed(there(token), index, words, begins, ends)
        except UsageError as error:
            return gr.skip(), markup.problem(str(error)), ""
        kept = studio.rooms.find(token)
        if kept is None:
            return gr.skip(), markup.status(_EMPTY), ""
        studio.write_files(kept, document)
        choices = markup.scene_choices(document.scenes)
        here = next((i for _, i in choices if i >= (index or 0)), None)
        links = markup.downloads(f"{ROOMS}/{token}", kept.name, markup.DOWNLOADS)
        return (
            gr.Dropdown(choices=choices, value=here),
            markup.breaks(document),
            f'<div class="vc-result"><p>The change is kept.</p>{links}</div>',
        )

    fields = [room, scene, text, start, end]
    tab.select(fill, room, [scene, told], **_HIDDEN)
    scene.change(pick, [room, scene], [text, start, end], **_HIDDEN)
    gr.on(
        [text.change, start.change, end.change],
        check,
        fields,
        told,
        trigger_mode="always_last",
        **_HIDDEN,
    )
    keep.click(save, fields, [scene, told, files], **_HIDDEN)


def _changed(
    document: Document, index: int | None, words: str, begins: float, ends: float
) -> Document:
    if index is None:
        raise UsageError("choose a scene first")
    return edited(document, index, start=begins, end=ends, text=words)
