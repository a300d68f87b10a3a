"""The page in Gradio: what stands where, and what a press of a button calls."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from vidcap.errors import MediaError, VidcapError
from vidcap.web import markup
from vidcap.web.describe_tab import describe_tab
from vidcap.web.edit_tab import edit_tab
from vidcap.web.library_search import Finder
from vidcap.web.service import Studio

# All work with a captioner takes turns: one model, one visitor at a time.
_TURNS: dict[str, Any] = {"concurrency_id": "captioner", "concurrency_limit": 1}
# To wait for one that loads costs next to nothing.
_WAITERS = 64
_SECONDS_BETWEEN = 0.5
_HEAD = (
    '<link rel="stylesheet" href="/vidcap/static/page.css">'
    '<script src="/vidcap/static/page.js" defer></script>'
    '<script src="/vidcap/static/describe.js" defer></script>'
)
_HIDDEN: dict[str, Any] = {"api_visibility": "private"}


def sample_video() -> Path:
    """Return the video for those who have none at hand.

    Raises:
        MediaError: it did not come with this vidcap.
    """
    here = Path(__file__).resolve()
    for place in (here.parent / "static", here.parents[2] / "examples"):
        if (place / "sample.mp4").is_file():
            return place / "sample.mp4"
    raise MediaError("sample.mp4: did not come with this vidcap; drop a video of yours")


def build_page(studio: Studio, finder: Finder | None) -> gr.Blocks:
    """Return the page for a studio, and for a library where there is one."""
    page: gr.Blocks = gr.Blocks(title="vidcap", analytics_enabled=False, delete_cache=(300, 3600))
    with page:
        gr.HTML(
            '<header class="vc-result"><h1>vidcap</h1><p>Turns what is seen in a video into timed '
            "words, on this machine. What it says is a draft: it can be wrong.</p></header>"
        )
        room = gr.State("")
        with gr.Tab("Caption"):
            _caption_tab(studio, room)
        with gr.Tab("Describe") as describe:
            describe_tab(studio, room, describe, _TURNS)
        with gr.Tab("Edit") as edit:
            edit_tab(studio, room, edit)
        if finder is not None:
            with gr.Tab("Search"):
                _search_tab(finder)
        page.unload(_leaver(studio))
    page.queue(max_size=studio.limits.waiting, default_concurrency_limit=4)
    _take_uploads_alone(page)
    return page


def mount_options() -> dict[str, Any]:
    """Return what Gradio is told when the page is mounted; nothing of it comes from outside."""
    theme = gr.themes.Default(
        primary_hue="blue",
        font=("system-ui", "sans-serif"),
        font_mono=("ui-monospace", "monospace"),
    ).set(  # Gradio's own colours have less contrast than WCAG 2.2 AA asks for
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_800",
    )
    return {
        "theme": theme,
        "head": _HEAD,
        "footer_links": ["api"],
        "ssr_mode": False,
        "show_error": True,
        "pwa": False,
        "mcp_server": False,
        "enable_monitoring": False,
    }


def _take_uploads_alone(page: gr.Blocks) -> None:
    """Refuse addresses, and files of this machine, wherever a form could name one.

    Gradio fetches an address in any component's value.  That a path is of an upload it checks in an
    app that was launched, and this one is mounted: any video of the machine would be captioned for
    whoever knows its path.
    """
    page.has_launched = True
    for block in page.blocks.values():
        if isinstance(block, gr.components.Component):
            _guard(block)


def _guard(component: Any) -> None:
    keep = component.async_move_resource_to_block_cache
    uploads = Path(component.GRADIO_CACHE).resolve()

    async def keep_uploads(name: str | Path | None) -> str | None:
        if name is not None and not Path(name).resolve().is_relative_to(uploads):
            raise gr.Error("This takes uploaded files alone.", print_exception=False)
        kept: str | None = await keep(name)
        return kept

    component.async_move_resource_to_block_cache = keep_uploads


def _leaver(studio: Studio) -> Any:
    def leave(request: gr.Request) -> None:
        studio.rooms.leave(request.session_hash or "")

    return leave


def _caption_tab(studio: Studio, room: gr.State) -> None:
    names = studio.captioners.names
    file = gr.File(label="A video or a picture", height=140)
    captioner = gr.Dropdown(
        list(names), value=names[0], label="Captioner", interactive=True, visible=len(names) > 1
    )
    with gr.Row():
        go = gr.Button("Caption", variant="primary")
        sample = gr.Button("Take the sample")
    told = gr.HTML(markup.status("Drop a video or a picture, or take the sample."))
    shown = gr.HTML()

    def caption(
        path: str | None, name: str, request: gr.Request
    ) -> Iterator[tuple[str, str, str, None]]:
        if path is None:
            yield markup.problem("There is no file yet: drop one first."), "", "", None
            return
        yield from _steps(studio, Path(path), Path(path).name, name, request)

    def caption_sample(name: str, request: gr.Request) -> Iterator[tuple[str, str, str, None]]:
        with tempfile.TemporaryDirectory(prefix="vidcap-") as folder:
            try:
                copy = Path(shutil.copy(sample_video(), folder))
            except VidcapError as error:
                yield markup.problem(str(error)), "", "", None
                return
            yield from _steps(studio, copy, "sample.mp4", name, request)

    async def load(name: str) -> AsyncIterator[str]:
        loading = studio.captioners.get(name)
        while True:
            done = loading.done()
            failed = done and loading.exception() is not None
            yield (markup.problem if failed else markup.status)(studio.captioners.state(name))
            if done:
                return
            await asyncio.sleep(_SECONDS_BETWEEN)

    outputs = [told, shown, room, file]
    # Who waits for a captioner keeps nobody from working with another.
    waiting: dict[str, Any] = {"concurrency_limit": _WAITERS, "show_progress": "hidden", **_HIDDEN}
    working: dict[str, Any] = {"show_progress": "hidden", **_TURNS, **_HIDDEN}
    captioner.change(load, captioner, told, **waiting)
    go.click(load, captioner, told, **waiting).then(caption, [file, captioner], outputs, **working)
    sample.click(load, captioner, told, **waiting).then(
        caption_sample, captioner, outputs, **working
    )

    def subtitle(path: str | None) -> Iterator[str]:
        if path is None:
            raise gr.Error("There is no file: send one.", print_exception=False)
        try:
            yield from studio.srt(Path(path), name=Path(path).name)
        except VidcapError as error:
            raise gr.Error(str(error), print_exception=False) from None

    video = gr.File(label="video", visible=False)
    text = gr.Textbox(label="srt", visible=False)
    gr.Button(visible=False).click(
        subtitle, video, text, api_name="subtitle", show_progress="hidden", **_TURNS
    )


def _search_tab(finder: Finder) -> None:
    query = gr.Textbox(label="What to look for", max_lines=1, max_length=300)
    go = gr.Button("Search", variant="primary")
    found = gr.HTML()

    def search(text: str) -> str:
        try:
            return finder.search(text)
        except VidcapError as error:
            return markup.problem(str(error))

    gr.on([go.click, query.submit], search, query, found, api_name="search")


def _steps(
    studio: Studio, path: Path, name: str, captioner: str, request: gr.Request
) -> Iterator[tuple[str, str, str, None]]:
    try:
        for step in studio.caption(
            path, name=name, captioner=captioner, owner=request.session_hash or ""
        ):
            yield markup.status(step.told), step.shown, step.token, None
    except VidcapError as error:
        yield markup.problem(str(error)), "", "", None
    except Exception:
        logging.getLogger(__name__).exception("the work on an upload failed")
        yield markup.problem("Something in vidcap failed; the owner's log says what."), "", "", None
