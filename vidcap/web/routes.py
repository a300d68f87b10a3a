"""The files of the rooms, and the page's own script and style."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from vidcap.web.library_search import Finder
from vidcap.web.workspaces import Rooms

if TYPE_CHECKING:
    from fastapi import FastAPI

_STATIC = Path(__file__).parent / "static"
_STATIC_TYPES = {
    "page.js": "text/javascript; charset=utf-8",
    "describe.js": "text/javascript; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
}
# What a room may give out, with its type: a name that is not here does not exist.
_TYPES = {
    r"source\.mp4": "video/mp4",
    r"source\.mkv": "video/x-matroska",
    r"source\.avi": "video/x-msvideo",
    r"source\.ts": "video/mp2t",
    r"source\.ogv": "video/ogg",
    r"described\.mp4": "video/mp4",
    r"described\.mkv": "video/x-matroska",
    r"picture\.png": "image/png",
    r"frame-\d{1,6}\.jpg": "image/jpeg",
    r"looked-\d{1,6}\.html": "text/html; charset=utf-8",
    r"subtitles\.vtt": "text/vtt; charset=utf-8",
    r"subtitles\.srt": "application/x-subrip; charset=utf-8",
    r"subtitles\.json": "application/json",
    r"subtitles\.txt": "text/plain; charset=utf-8",
}


def room_file(rooms: Rooms, token: str, name: str) -> tuple[Path, str] | None:
    """Return a file of a room with its type; None where there is none to give out."""
    room = rooms.find(token)
    kind = next((kind for form, kind in _TYPES.items() if re.fullmatch(form, name)), None)
    if room is None or kind is None or not (room.folder / name).is_file():
        return None
    return room.folder / name, kind


def add_routes(app: FastAPI, rooms: Rooms, finder: Finder | None) -> None:
    """Add what the page asks for besides what Gradio serves."""
    from starlette.requests import Request
    from starlette.responses import FileResponse, PlainTextResponse, Response

    def give_room(request: Request) -> Response:
        found = room_file(rooms, request.path_params["token"], request.path_params["name"])
        if found is None:
            return PlainTextResponse("This result is not kept any more.", 404)
        path, kind = found
        return FileResponse(path, media_type=kind, headers={"cache-control": "no-store"})

    def give_static(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _STATIC_TYPES:
            return PlainTextResponse("There is nothing here.", 404)
        return FileResponse(_STATIC / name, media_type=_STATIC_TYPES[name])

    def give_video(request: Request) -> Response:
        found = None if finder is None else finder.video(request.path_params["content"])
        if found is None:
            return PlainTextResponse("This video is not where the library says.", 404)
        return FileResponse(found)

    app.add_route("/vidcap/library/{content}", give_video)
    app.add_route("/vidcap/rooms/{token}/{name}", give_room)
    app.add_route("/vidcap/static/{name}", give_static)
