"""The process that looks at a stranger's file before anything else does.

Run as ``python -m vidcap.web.upload_probe`` by :mod:`vidcap.web.uploads`, never by hand.  It takes
one JSON object from its standard input, limits itself, and answers with one JSON object.  Pictures
are written anew, so that no other process reads what a stranger has made of a picture's format.
"""

from __future__ import annotations

import json
import os
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

from vidcap.errors import MediaError, VidcapError
from vidcap.video.frame import VideoInfo
from vidcap.video.ipc import pack_info
from vidcap.video.resource_limits import confine

PICTURES = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")
# libav's names; a name with commas stands for all of its parts. No playlists, no pipes, no text.
_FORMATS = (
    *("mov,mp4,m4a,3gp,3g2,mj2", "mov", "mp4", "matroska,webm", "matroska", "webm", "avi"),
    *("mpegts", "mpeg", "mpegvideo", "flv", "ogg", "asf", "mxf", "gif"),
)


def examine(path: Path, target: Path, limits: dict[str, int]) -> dict[str, Any]:
    """Return what a file is, within limits.

    Args:
        path: the file.
        target: where a picture is written anew, as PNG.
        limits: ``seconds``, ``pixels`` and ``frames`` of :class:`vidcap.web.limits.Limits`.

    Raises:
        MediaError: it is neither video nor picture, or beyond a limit.
    """
    if _is_picture(path, limits["pixels"]):
        from PIL import Image

        from vidcap.video.image import read_picture

        Image.fromarray(read_picture(path)).save(target, "PNG", compress_level=1)
        return {"kind": "picture"}
    return {"kind": "video", "info": pack_info(_examine_video(path, limits))}


def _is_picture(path: Path, most_pixels: int) -> bool:
    from PIL import Image, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None  # the limit is ours, and read from the header
    try:
        with Image.open(path, formats=PICTURES) as picture:
            width, height = picture.size
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return False
    _check_pixels(path, width, height, most_pixels)
    return True


def _check_pixels(path: Path, width: int, height: int, most: int) -> None:
    if width * height > most:
        raise MediaError(
            f"{path}: {width}x{height} pixels are more than the {most:,} allowed here; shrink it"
        )


def _examine_video(path: Path, limits: dict[str, int]) -> VideoInfo:
    import av

    from vidcap.video.container import open_container, packets_of, shown_stream, video_streams
    from vidcap.video.probe import probe

    with open_container(path, formats=_FORMATS) as container:
        for stream in container.streams.video:
            context = stream.codec_context
            if context is not None:
                _check_pixels(path, context.width, context.height, limits["pixels"])
        streams = video_streams(container)
        if streams:
            stream = shown_stream(streams)
            base = stream.time_base or Fraction(1, 1_000_000)
            first = last = None
            frames = 0
            try:
                # What a header says of its length may be a lie: count what is there.
                for packet in packets_of(container):
                    if packet.stream_index != stream.index:
                        continue
                    frames += packet.size > 0
                    time = packet.pts if packet.pts is not None else packet.dts
                    if time is not None:
                        first = time if first is None else min(first, time)
                        last = time if last is None else max(last, time)
                    length = 0 if first is None or last is None else (last - first) * base
                    if frames > limits["frames"] or length > limits["seconds"]:
                        break
            except av.FFmpegError:
                pass  # damage further on: what can be read is read
            if frames > limits["frames"]:
                raise MediaError(
                    f"{path}: has more than the {limits['frames']:,} frames allowed here; cut it"
                )
            if length > limits["seconds"]:
                raise MediaError(
                    f"{path}: is longer than the {limits['seconds']} s allowed here; cut it"
                )
    return probe(path)


def main() -> None:
    """Answer the one request on standard input."""
    request = json.load(sys.stdin)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    confine(memory_bytes=request["memory_bytes"], seconds=request["cpu_seconds"])
    path = Path(request["path"])
    try:
        answer = examine(path, Path(request["target"]), request["limits"])
    except VidcapError as error:
        answer = {"refused": str(error)}
    except MemoryError:
        answer = {"refused": f"{path}: needs more memory than is allowed here; shrink it"}
    json.dump(answer, answers)
    answers.flush()
    os._exit(0)  # as the decoders do: some libraries hang in their own tidying up


if __name__ == "__main__":
    main()
