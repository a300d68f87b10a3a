"""A captioner for a job: named, loaded, or loading while the job begins."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vidcap.captioning.captioner import Captioner


class Loading(Future["Captioner"]):
    """A captioner that is being loaded.

    Attributes:
        picture_size: its picture size, which may be known before it is loaded.
    """

    def __init__(self) -> None:
        super().__init__()
        self.picture_size: Future[tuple[int, int]] = Future()


def load_in_background(
    name: str = "default",
    *,
    device: str = "auto",
    threads: int = 0,
    batch_size: int = 16,
    prompt: str | None = None,
    downloaded: Callable[[int, int], None] | None = None,
) -> Loading:
    """Start to load a captioner and return at once; the jobs take what is returned.

    The arguments and errors are those of :func:`vidcap.load_captioner`.
    """
    loading = Loading()
    size = loading.picture_size

    def load() -> None:
        loading.set_running_or_notify_cancel()
        try:
            from vidcap.captioning.registry import load_captioner

            captioner = load_captioner(
                name,
                device=device,
                threads=threads,
                batch_size=batch_size,
                prompt=prompt,
                downloaded=downloaded,
                sized=size.set_result,
            )
        except BaseException as error:
            for future in (size, loading):
                if not future.done():
                    future.set_exception(error)
        else:
            if not size.done():
                size.set_result(captioner.picture_size)
            loading.set_result(captioner)

    Thread(target=load, name="vidcap-load").start()
    return loading


def picture_size(captioner: Future[Captioner]) -> tuple[int, int]:
    """Return a captioner's picture size as soon as that is known."""
    if isinstance(captioner, Loading):
        return captioner.picture_size.result()
    return captioner.result().picture_size
