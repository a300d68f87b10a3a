"""The page as a program that serves it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vidcap.extras import import_extra
from vidcap.video.resource_limits import MEMORY_VARIABLE, SECONDS_VARIABLE
from vidcap.web.captioners import Captioners
from vidcap.web.library_search import Finder
from vidcap.web.limits import Limits
from vidcap.web.security import App, Shield
from vidcap.web.service import Studio

# A form around an upload takes some bytes of its own.
_FORM_BYTES = 64 * 1024
_ARRIVALS = "arrivals"


@contextmanager
def served_app(
    captioners: Captioners,
    *,
    limits: Limits,
    db: Path | None = None,
    login: tuple[str, str] | None = None,
) -> Iterator[App]:
    """Yield the page as an ASGI app; what visitors left behind is removed afterwards.

    Args:
        captioners: that visitors may choose from.
        limits: what visitors may ask for.
        db: a library to search; None for none. Who may see the page may see its videos.
        login: user and password; None where everybody may come in.

    Raises:
        DataError: ``db`` is no library.
        MissingExtraError: the extra ``web`` is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="vidcap-page-") as folder:
        _prepare(Path(folder), limits)
        import_extra("gradio", "web")
        import gradio as gr
        from fastapi import FastAPI

        from vidcap.web.page import build_page, mount_options
        from vidcap.web.routes import add_routes

        finder = None if db is None else Finder(db)
        studio = Studio(Path(folder), captioners, limits)
        inner = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        add_routes(inner, studio.rooms, finder)
        app = gr.mount_gradio_app(
            inner,
            build_page(studio, finder),
            path="/",
            max_file_size=limits.file_bytes,
            **mount_options(),
        )
        try:
            with studio.rooms.ageing():
                yield Shield(
                    app,
                    login=login,
                    body_bytes=limits.file_bytes + _FORM_BYTES,
                    arrivals=Path(folder) / _ARRIVALS,
                    arrivals_bytes=limits.waiting * limits.file_bytes,
                )
        finally:
            studio.close()


def _prepare(folder: Path, limits: Limits) -> None:
    """Tell Gradio and the decoders, before they start, what they read from the environment."""
    os.environ |= {
        "GRADIO_ANALYTICS_ENABLED": "False",
        "GRADIO_TEMP_DIR": str(folder / _ARRIVALS),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        MEMORY_VARIABLE: str(limits.memory_bytes),
        SECONDS_VARIABLE: str(limits.work_seconds),
    }


def serve(app: App, *, host: str, port: int) -> None:
    """Serve an app until the process is told to end."""
    import uvicorn

    uvicorn.run(app, host=host, port=port, log_level="warning", server_header=False)
