"""Strangers' files: looked at in a confined process before anybody works on them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vidcap.errors import MediaError
from vidcap.video.frame import VideoInfo
from vidcap.video.ipc import unpack_info
from vidcap.video.process import worker_environment, worker_folder
from vidcap.web.limits import Limits
from vidcap.web.workspaces import Room

_EXAMINE_SECONDS = 60
_LONGEST_NAME = 80
# A browser plays by the type, and ffmpeg writes by the suffix: both follow what the file is.
_SUFFIXES = {"mov": ".mp4", "matroska": ".mkv", "avi": ".avi", "mpegts": ".ts", "ogg": ".ogv"}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that may be worked on.

    Attributes:
        path: where it lies, in its room, under a name of ours.
        info: what a confined process said of the video; None for a still picture, which is PNG,
            written by us.
    """

    path: Path
    info: VideoInfo | None


def shown_name(name: str) -> str:
    """Return the last part of a name that a browser gave, fit to be read and to name a download.

    It is for people alone: no file is ever opened by it.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = (c if c.isalnum() or c in " .-_()" else "_" for c in unicodedata.normalize("NFC", last))
    return "".join(kept).strip(" .")[:_LONGEST_NAME] or "video"


def admit(file: Path, room: Room, limits: Limits) -> Upload:
    """Take a file into its room if it is a video or picture within the limits.

    The file itself stays, because Gradio keeps equal files of several visitors as one and tidies up
    by age; one that is refused is removed at once.

    Args:
        file: what came in.
        room: where it goes.
        limits: what is allowed.

    Raises:
        MediaError: it is not; the message names it as its owner did.
    """
    try:
        return _admitted(file, room, limits)
    except MediaError:
        file.unlink(missing_ok=True)
        raise


def _admitted(file: Path, room: Room, limits: Limits) -> Upload:
    raw = room.folder / "upload"
    try:
        size = file.stat().st_size
        if size > limits.file_bytes:
            raise MediaError(
                f"{room.name}: {size:,} bytes are more than the {limits.file_bytes:,} allowed here"
            )
        try:
            raw.hardlink_to(file)
        except OSError:  # another disk, or one without such links
            shutil.copyfile(file, raw)
    except OSError as error:
        raise MediaError(
            f"{room.name}: cannot be taken ({error.strerror}); drop it again"
        ) from None
    picture = room.folder / "picture.png"
    answer = _ask(raw, picture, room.name, limits)
    if answer["kind"] == "picture":
        raw.unlink()
        return Upload(picture, None)
    info = unpack_info(answer["info"])
    names = info.container.split(",")
    suffix = next((_SUFFIXES[name] for name in names if name in _SUFFIXES), ".mkv")
    path = raw.rename(room.folder / f"source{suffix}")
    return Upload(path, replace(info, path=str(path)))


def _ask(path: Path, target: Path, name: str, limits: Limits) -> dict[str, Any]:
    request = {
        "path": str(path),
        "target": str(target),
        "memory_bytes": limits.memory_bytes,
        "cpu_seconds": _EXAMINE_SECONDS,
        "limits": {key: getattr(limits, key) for key in ("seconds", "pixels", "frames")},
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", "vidcap.web.upload_probe"],
            input=json.dumps(request).encode(),
            capture_output=True,
            timeout=_EXAMINE_SECONDS,
            cwd=worker_folder(),
            env=worker_environment(),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise MediaError(f"{name}: took longer than {_EXAMINE_SECONDS} s to look at") from None
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise MediaError(
            f"{name}: breaks the decoder, or needs more memory than is allowed here"
        ) from None
    if "refused" in answer:
        raise MediaError(answer["refused"].replace(str(path), name))
    return answer
