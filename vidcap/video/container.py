"""Opening files with libav so that a name is never more than a name.

libav takes what looks like ``protocol:`` at the head of a name as a protocol, follows the addresses
that playlists hold, and reads text files as ANSI art.  A video here is one regular local file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from vidcap.errors import MediaError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.stream import VideoStream

_PLAYLISTS = {"hls", "applehttp", "concat", "dash", "imf", "sdp", "rtsp", "ffmetadata", "webm_dash"}
# Bytes of an MPEG transport packet: plain, with a time stamp, with error correction.
_TRANSPORT_PACKETS = (188, 192, 204)
# An hour of sound has some 200,000.
_MOST_UNKNOWN_PACKETS = 1_000_000
_TEXT_ART = {"tty", "bin", "xbin", "adf", "idf"}


def regular_file(path: str | os.PathLike[str]) -> Path:
    """Return the absolute path of an existing, non-empty regular file.

    Raises:
        MediaError: there is no such file, or it is a folder, a device or empty.
    """
    # Not resolve(): what a link leads to may have another name, and messages name the given one.
    file = Path(path).absolute()
    try:
        facts = file.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise MediaError(f"{path}: there is no such file") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise MediaError(f"{path}: cannot be read: {reason}") from None
    if stat.S_ISDIR(facts.st_mode):
        raise MediaError(f"{path}: is a folder; give the video files inside it")
    if not stat.S_ISREG(facts.st_mode):
        raise MediaError(f"{path}: is not a regular file; copy it to one first")
    if facts.st_size == 0:
        raise MediaError(f"{path}: the file is empty")
    if not os.access(file, os.R_OK):
        raise MediaError(f"{path}: no permission to read it")
    return file


def open_container(path: str | os.PathLike[str], *, formats: Sequence[str] = ()) -> InputContainer:
    """Open a local file for reading with PyAV; the caller closes it.

    Args:
        path: the file.
        formats: names of libav's demuxers that may open it; all where none is named.

    Raises:
        MediaError: the file is missing, empty, not a media file, a playlist or a still picture.
    """
    import av

    file = regular_file(path)
    allowed = {"format_whitelist": ",".join(formats)} if formats else {}
    try:
        container = av.open(
            f"file:{file}",
            mode="r",
            # Metadata in the wrong encoding must not keep the pictures from being read.
            metadata_errors="replace",
            container_options={"protocol_whitelist": "file", **allowed},
        )
    except (av.FFmpegError, ValueError, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        raise MediaError(
            f"{path}: is not a video that can be opened ({reason}); "
            "it may be cut off before its index, or not a video at all"
        ) from None
    problem = _refusal(container.format.name)
    if problem:
        container.close()
        raise MediaError(f"{path}: {problem}")
    return container


def _refusal(format_name: str) -> str | None:
    names = set(format_name.split(","))
    if names & _PLAYLISTS:
        return "is a playlist, not a video; give the video file itself"
    if names & _TEXT_ART:
        return "is a text file, not a video"
    if "image2" in names or format_name.endswith("_pipe"):
        return "is a still picture, not a video; caption it as a picture"
    return None


def video_streams(container: InputContainer) -> list[VideoStream]:
    """Return the moving video streams of a container, cover art and thumbnails left out."""
    from av.stream import Disposition

    still = Disposition.attached_pic | Disposition.timed_thumbnails
    return [stream for stream in container.streams.video if not stream.disposition & still]


def shown_stream(streams: list[VideoStream]) -> VideoStream:
    """Return the stream that a player would show: default before others, then larger, then first.

    Streams whose codec this libav cannot decode come last.
    """
    from av.stream import Disposition

    def rank(stream: VideoStream) -> tuple[bool, bool, int, int]:
        context = stream.codec_context
        decodable = context is not None
        area = context.width * context.height if decodable else 0
        return decodable, bool(stream.disposition & Disposition.default), area, -stream.index

    return max(streams, key=rank)


def packets_of(container: InputContainer) -> Iterator[Packet[Stream]]:
    """Yield the packets of the streams that a file had when it was opened, in its order.

    PyAV fails at each packet of a stream that begins later, as those of MPEG transport streams and
    Flash may; it has been read by then, and one asks for the next.

    Raises:
        av.FFmpegError: the next cannot be read; asking again may give those behind it.
    """
    for _ in range(_MOST_UNKNOWN_PACKETS):
        with suppress(IndexError):
            for packet in container.demux():
                # PyAV's own mark for flushing, one a stream, is none.
                if packet.dts is not None or packet.pts is not None or packet.size:
                    yield packet
            return


def why_cut_off(container: InputContainer, stream: VideoStream) -> str:
    """Say in one sentence how a file that was read to its end shows that it once was longer.

    Nothing where it does not show.
    """
    size = container.size
    entries = stream.index_entries
    if len(entries):
        last = entries[len(entries) - 1]
        if last.pos + last.size > size:
            return "The file is cut off: its index lists frames behind its end."
    if container.format.name == "mpegts" and all(size % unit for unit in _TRANSPORT_PACKETS):
        return "The file is cut off: it ends inside a transport packet."
    return ""
