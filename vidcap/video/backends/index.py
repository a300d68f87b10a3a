"""The list of a file's frames, for back ends whose own times cannot be trusted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from vidcap.video.backends.base import chosen_stream
from vidcap.video.clock import PresentationClock
from vidcap.video.container import open_container, packets_of, why_cut_off
from vidcap.video.frame import VideoInfo


class Entry(NamedTuple):
    """A frame that a player shows: presentation time, length (0: unknown), if a key frame."""

    ticks: int
    length: int
    key: bool


@dataclass(frozen=True, slots=True)
class Index:
    """A file's frames in presentation order, its packets' number, and whether it shows a cut."""

    entries: list[Entry]
    packets: int
    cut_off: str


def presentation_index(info: VideoInfo, beat: Callable[[int | None], None]) -> Index:
    """Return a video's frames in presentation order, from its packets alone.

    Packets that the container tells players to leave out, as an edit list does, are left out.
    The whole file is read but nothing decoded; a two-hour film has some 200,000 entries.
    """
    import av

    packets: list[tuple[int | None, int | None, int, bool]] = []
    count = 0
    with open_container(info.path) as container:
        stream = chosen_stream(container, info)
        try:
            for packet in packets_of(container):
                beat(None)
                if packet.stream_index != stream.index:
                    continue
                count += bool(packet.size)
                if packet.size and not packet.is_discard:
                    packets.append(
                        (packet.pts, packet.dts, packet.duration or 0, packet.is_keyframe)
                    )
        except av.FFmpegError:
            pass  # What was listed until here is what can be had; the rest is missed by its length.
        cut_off = why_cut_off(container, stream)
    if all(pts is not None for pts, *_ in packets):
        packets.sort(key=lambda packet: packet[0] or 0)
    clock = PresentationClock(info)
    entries = [Entry(clock.ticks(pts, dts), length, key) for pts, dts, length, key in packets]
    return Index(entries, count, cut_off)
