"""A video with its description, for people who cannot see it: a player, and a rendered track."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

from vidcap.description.muxing import container_for
from vidcap.jobs import describe
from vidcap.subtitles import Document
from vidcap.subtitles.timed_text import sentences
from vidcap.web.markup import clock, escape

if TYPE_CHECKING:
    from vidcap.captioning.captioner import Captioner


def describing_player(base: str, source: str, name: str, document: Document) -> str:
    """Return a player that tells what is seen, by voice and in text, and its transcript.

    Args:
        base: address of the room.
        source: name of the video in it.
        name: what people call the video.
        document: what was seen.
    """
    return "\n".join(_player(base, source, name, document))


def _player(base: str, source: str, name: str, document: Document) -> Iterator[str]:
    told = sentences(document.cues)
    yield '<section class="vc-result vc-describe" aria-label="Described video">'
    yield f'<h2 dir="auto">{escape(name)}, described</h2>'
    yield "<p>The descriptions are a draft made by a machine: they can be wrong.</p>"
    yield (
        f'<video class="vc-video" controls preload="metadata" tabindex="0" '
        f'aria-label="{escape(name)}" src="{base}/{source}"></video>'
    )
    yield '<div class="vc-tools" role="group" aria-label="Descriptions">'
    yield '<button type="button" data-play>Play or pause</button>'
    yield '<button type="button" data-speak aria-pressed="true">Speak descriptions</button>'
    yield '<button type="button" data-wait aria-pressed="false">Pause to describe</button>'
    yield '<button type="button" data-step="-1">Previous description</button>'
    yield '<button type="button" data-step="1">Next description</button>'
    yield "</div>"
    yield '<p class="vc-live" aria-live="polite" aria-atomic="true"></p>'
    yield '<h3>Transcript</h3><ol class="vc-transcript">'
    for one in told:
        start = one.start_ms / 1000
        yield (
            f'<li><button type="button" data-time="{start:.3f}">{clock(start)}</button> '
            f'<span dir="auto">{escape(" ".join(one.lines))}</span></li>'
        )
    yield "</ol></section>"


def render(video: Path, captioner: Future[Captioner]) -> Path:
    """Write a copy of a video with a spoken description as one more track, beside it.

    Raises:
        MissingExtraError: the extra ``describe`` is not installed.
        VidcapError: the video or its sound cannot be read, or the result not written.
    """
    target = video.with_name(f"described{container_for(video)}")
    with describe(video, captioner=captioner) as described:
        described.write(target)
    return target
