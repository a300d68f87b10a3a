"""A sentence for each of many pictures."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from vidcap.errors import MediaError, UsageError
from vidcap.jobs.options import CaptionerOptions
from vidcap.video.image import read_picture, resize_stretch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vidcap.captioning.attention import Explanation
    from vidcap.captioning.caption import Caption
    from vidcap.captioning.captioner import Captioner

AnyPath = str | os.PathLike[str]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PictureCaption:
    """What came of one picture: a sentence with its score, or an error.

    Attributes:
        path: the picture, as it was named.
        caption: the sentence; None where there is an error.
        error: why there is none.
        explanation: where the words of the sentence come from, if that was asked for.
    """

    path: Path
    caption: Caption | None
    error: MediaError | None = None
    explanation: Explanation | None = None


def caption(
    paths: AnyPath | Iterable[AnyPath],
    *,
    captioner: str | Captioner | Future[Captioner] = "default",
    device: str = "auto",
    batch_size: int = 16,
    threads: int = 0,
    prompt: str | None = None,
    explain: bool = False,
) -> Iterator[PictureCaption]:
    """Caption pictures: yield what came of each, in order, a batch at a time.

    Args:
        paths: one picture file or several; folders are not walked.
        captioner: name of a captioner or path of a checkpoint; or one that is loaded or loading.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        batch_size: pictures to caption at a time, 1 or more.
        threads: threads for captioning, 0 for as many as make sense.
        prompt: what to ask a captioner that is named and takes a prompt.
        explain: also tell where in the picture each word comes from.

    Raises:
        UsageError: an option has a value that cannot be used; or ``explain`` is asked of a
            captioner that cannot, raised when the first picture is asked for.
        ModelError: the captioner cannot be loaded; raised when the first picture is asked for.
    """
    options = CaptionerOptions(
        captioner=captioner,
        device=device,
        batch_size=batch_size,
        threads=threads,
        prompt=prompt,
    )
    named = [paths] if isinstance(paths, str | os.PathLike) else paths
    if isinstance(named, list):
        # Some captioners fill up a batch that is not full: one picture should not cost sixteen.
        options = replace(options, batch_size=min(batch_size, max(1, len(named))))
    return _caption_pictures(map(Path, named), options.load(), options.batch_size, explain)


def _caption_pictures(
    paths: Iterator[Path], loading: Future[Captioner], batch_size: int, explain: bool
) -> Iterator[PictureCaption]:
    captioner = loading.result()
    for batch in _batches(paths, batch_size):
        pictures, errors = [], {}
        for number, path in enumerate(batch):
            try:
                pictures.append(resize_stretch(read_picture(path), captioner.picture_size))
            except MediaError as error:
                errors[number] = error
        made = _caption_batch(captioner, pictures, explain=explain)
        for number, path in enumerate(batch):
            if number in errors:
                yield PictureCaption(path, None, errors[number])
            else:
                sentence, explanation = next(made)
                yield PictureCaption(path, sentence, explanation=explanation)


def _caption_batch(
    captioner: Captioner, pictures: list[NDArray[np.uint8]], *, explain: bool
) -> Iterator[tuple[Caption, Explanation | None]]:
    if not pictures:
        return
    if not explain:
        for sentence in captioner.caption(pictures):
            yield sentence, None
        return
    explaining = getattr(captioner, "explain", None)  # only vidcap's own checkpoints can
    if explaining is None:
        raise UsageError(f"captioner {captioner.name!r} cannot tell where it looked")
    for explanation in explaining(pictures):
        yield explanation.caption, explanation


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
