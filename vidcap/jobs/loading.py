"""A captioner for a job: named, loaded, or loading while the job begins."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from vidcap.errors import UsageError

if TYPE_CHECKING:
    from vidcap.captioning.captioner import Captioner


def load_in_background(
    name: str = "default",
    *,
    device: str = "auto",
    threads: int = 0,
    batch_size: int = 16,
    prompt: str | None = None,
    downloaded: Callable[[int, int], None] | None = None,
) -> Future[Captioner]:
    """Start to load a captioner and return at once; the jobs take what is returned.

    The arguments and errors are those of :func:`vidcap.load_captioner`.
    """

    def load() -> Captioner:
        from vidcap.captioning.registry import load_captioner

        return load_captioner(
            name,
            device=device,
            threads=threads,
            batch_size=batch_size,
            prompt=prompt,
            downloaded=downloaded,
        )

    executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="vidcap-load")
    try:
        return executor.submit(load)
    finally:
        executor.shutdown(wait=False)


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


def check_counts(batch_size: int, threads: int) -> None:
    """Refuse a batch or a number of threads that there cannot be.

    Raises:
        UsageError: naming the value.
    """
    if batch_size < 1:
        raise UsageError(f"batch size is {batch_size}; it must be 1 or more")
    if threads < 0:
        raise UsageError(f"threads is {threads}; it must be 0 (as many as make sense) or more")
