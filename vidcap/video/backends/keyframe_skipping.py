"""Reading a video by leaps: between key frames that look alike nothing need be decoded.

Only key frames are decoded first, on a decoder of their own.  A stretch is decoded whole where the
key frames at its two ends differ by enough for a change of shot to lie between them, where it is
longer than the sampling asks for, or where nothing is known of its end.  So every cut and every
transition is found at its very frame, as if all had been decoded; what can be missed is what comes
and goes within one stretch.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vidcap.video.aligned_difference import Grey, aligned_change

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    Decode = Callable[["Packet[VideoStream] | None"], Iterable[VideoFrame]]

# Half of what makes a cut.  Of 150 key frames a second apart, those of one shot under a moving
# camera changed by 0.18 at most, those of two by 0.88 or more.
_ALIKE = 0.28
# A stretch with more compressed data than this is not held back; it is decoded.
_MOST_BYTES = 32 * 1024 * 1024
# A key frame that gives no picture is waited for so long, in stretches.
_MOST_WAITING = 16


@dataclass(slots=True)
class Gop:
    """The packets from a key frame to the next one that is looked at.

    Attributes:
        packets: in decoding order, the key frame's first.
        key: the decoded key frame, once there is one.
        look: what it is compared with others by.
    """

    packets: list[Packet[VideoStream]] = field(default_factory=list)
    key: VideoFrame | None = None
    look: Grey | None = None

    @property
    def begin(self) -> int:
        """The presentation time of its key frame, in ticks."""
        return self.packets[0].pts or 0

    @property
    def last(self) -> int:
        """The latest presentation time of its packets, in ticks."""
        return max(packet.pts or 0 for packet in self.packets)


def stretches(
    packets: Iterable[Packet[VideoStream]], *, shortest: int
) -> Iterator[Gop | Packet[VideoStream]]:
    """Part a stream at key frames that lie at least ``shortest`` ticks apart.

    Yields:
        stretches as long as every picture of one can be decoded from its own packets; from the
        first packet on that breaks this rule, or lets it be doubted, the packets themselves.
    """
    waiting = iter(packets)
    current: Gop | None = None
    size = 0
    for packet in waiting:
        pts = packet.pts
        if pts is None or packet.is_discard or packet.is_corrupt or size > _MOST_BYTES:
            break
        if current is None:
            if not packet.is_keyframe:
                break
            current = Gop()
        elif pts <= current.begin:
            break  # it is shown before the key frame, and leans on what came before that
        elif packet.is_keyframe and pts - current.begin >= shortest:
            if pts <= current.last:
                break
            yield current
            current, size = Gop(), 0
        current.packets.append(packet)
        size += packet.size
    else:
        if current is not None:
            yield current
        return
    if current is not None:
        yield from current.packets
    yield packet
    yield from waiting


class KeyframeSkipper:
    """Decodes a stream by leaps.

    Args:
        keys: decodes a packet of a key frame, or None for the end; gives the frames that come out.
        whole: the same for any packet; after the end it can begin anew with a key frame.
        look: returns what key frames are compared by.
        longest: ticks; a longer stretch is always decoded whole.
        leapt: told of each stretch that was not.
    """

    def __init__(
        self,
        keys: Decode,
        whole: Decode,
        *,
        look: Callable[[VideoFrame], Grey],
        longest: int,
        leapt: Callable[[Gop], None],
    ) -> None:
        self._keys = keys
        self._whole = whole
        self._look = look
        self._longest = longest
        self._leapt = leapt
        self._running = False  # whether the decoder of all pictures holds some back
        self._waiting: deque[Gop] = deque()

    def frames(self, parts: Iterable[Gop | Packet[VideoStream]]) -> Iterator[VideoFrame]:
        """Yield the frames that are worth looking at, in presentation order.

        Args:
            parts: what :func:`stretches` gives.
        """
        for part in parts:
            if isinstance(part, Gop):
                self._waiting.append(part)
                self._see(self._keys(part.packets[0]))
                while self._knows_enough():
                    yield from self._first()
            else:
                while self._waiting:
                    yield from self._first()
                yield from self._whole(part)
                self._running = True
        self._see(self._keys(None))
        while self._waiting:
            yield from self._first()
        yield from self._whole(None)

    def _knows_enough(self) -> bool:
        """Whether it can be told if the first stretch is worth decoding."""
        waiting = self._waiting
        return len(waiting) > 1 and (waiting[1].look is not None or len(waiting) > _MOST_WAITING)

    def _see(self, frames: Iterable[VideoFrame]) -> None:
        for frame in frames:
            for stretch in self._waiting:
                if stretch.begin == frame.pts:
                    stretch.key, stretch.look = frame, self._look(frame)

    def _first(self) -> Iterator[VideoFrame]:
        """Yield what there is to see of the first stretch that waits."""
        stretch = self._waiting.popleft()
        if stretch.key is None or not self._waiting or not self._alike(stretch, self._waiting[0]):
            for packet in stretch.packets:
                yield from self._whole(packet)
            self._running = True
            return
        if self._running:
            yield from self._whole(None)
            self._running = False
        yield stretch.key
        self._leapt(stretch)

    def _alike(self, stretch: Gop, after: Gop) -> bool:
        if stretch.look is None or after.look is None:
            return False
        if after.begin - stretch.begin > self._longest:
            return False
        return aligned_change(stretch.look, after.look) < _ALIKE
