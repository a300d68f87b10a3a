"""A captioner for a job: named, loaded, or loading while the job begins."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING

from vidcap.errors import UsageError

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


def as_future(
    captioner: str | Captioner | Future[Captioner],
    *,
    device: str,
    batch_size: int,
    threads: int,
    prompt: str | None,
) -> Future[Captioner]:
    """Return the captioner that a job was given, as one that may still be loading.

    Raises:
        UsageError: a prompt was given for one that is loaded.
    """
    if isinstance(captioner, str):
        return load_in_background(
            captioner, device=device, batch_size=batch_size, threads=threads, prompt=prompt
        )
    if prompt is not None:
        raise UsageError(
            "prompt goes with the name of a captioner; give it to load_captioner() for one that "
            "is loaded"
        )
    if isinstance(captioner, Future):
        return captioner
    loaded: Future[Captioner] = Future()
    loaded.set_result(captioner)
    return loaded


def picture_size(captioner: Future[Captioner]) -> tuple[int, int]:
    """Return a captioner's picture size as soon as that is known."""
    if isinstance(captioner, Loading):
        return captioner.picture_size.result()
    return captioner.result().picture_size


def check_counts(batch_size: int, threads: int) -> None:
    """Refuse a batch or a number of threads that there cannot be.

    Raises:
        UsageError: naming the value.
    """
    if batch_size < 1:
        raise UsageError(f"batch size is {batch_size}; it must be 1 or more")
    if threads < 0:
        raise UsageError(f"threads is {threads}; it must be 0 (as many as make sense) or more")
