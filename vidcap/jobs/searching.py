"""Finding scenes in a catalogue: by a text, or by a picture."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from vidcap.captioning.protocols import PictureEmbedder
from vidcap.captioning.registry import load_captioner
from vidcap.closing import Closing
from vidcap.errors import UsageError
from vidcap.index import Catalogue
from vidcap.index.embedding import SentenceEmbedder
from vidcap.index.fingerprint import model_hash
from vidcap.index.search import Hit, Ranking, check_top, search, search_vector
from vidcap.jobs.scenes import AnyPath
from vidcap.jobs.workers import find_embedder
from vidcap.video.image import read_picture, resize_stretch

if TYPE_CHECKING:
    from vidcap.captioning.captioner import Captioner

# Pictures with a smaller cosine do not look alike: docs/search.md has the figures.
_LEAST_LIKENESS = 0.75


class Library(Closing):
    """A catalogue, with what it takes to search it.

    A context manager.

    >>> with vidcap.open_library("library.db") as library:  # doctest: +SKIP
    ...     for hit in library.search("a dog in the snow"):
    ...         print(hit.path, hit.start_ms / 1000, hit.text)

    Attributes:
        catalogue: the videos and scenes themselves.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    @cached_property
    def embedder(self) -> SentenceEmbedder | None:
        """What makes vectors of sentences; None where the extra ``index`` is not installed."""
        return find_embedder()

    def search(
        self,
        text: str,
        *,
        top: int = 10,
        within: AnyPath | None = None,
        ranking: str | None = None,
    ) -> list[Hit]:
        """Return the scenes that fit a text, best first; none, if none does.

        Args:
            text: what to look for, in plain words: nothing in it is syntax.
            top: how many scenes at most.
            within: a file or folder to look in alone.
            ranking: ``"words"``, ``"meaning"`` or ``"fusion"`` of both; None for what is best of
                what there is.

        Raises:
            UsageError: ``top`` or ``ranking`` cannot be used.
            MissingExtraError: ``ranking`` needs the extra ``index``, which is not installed.
        """
        if ranking is not None and ranking not in list(Ranking):
            raise UsageError(f"ranking {ranking!r} is not one of {', '.join(Ranking)}")
        chosen = None if ranking is None else Ranking(ranking)
        embedder = None if chosen is Ranking.WORDS else self.embedder
        if chosen not in (None, Ranking.WORDS) and embedder is None:
            embedder = SentenceEmbedder.load()  # which says what is missing
        return search(
            self.catalogue,
            text,
            embed=embedder.embed if embedder else None,
            top=top,
            within=None if within is None else Path(within),
            ranking=chosen,
        )

    def like(
        self,
        picture: AnyPath,
        *,
        captioner: str | Captioner = "default",
        top: int = 10,
        within: AnyPath | None = None,
    ) -> list[Hit]:
        """Return the scenes that look like a picture, best first; none, if none does.

        Scenes are found that the same captioner has watched.  One that cannot tell what looks
        alike says what it sees, and scenes are searched for that.

        Args:
            picture: the file.
            captioner: that the videos were watched with.
            top: how many scenes at most.
            within: a file or folder to look in alone.

        Raises:
            UsageError: ``top`` cannot be used.
            MediaError: the picture cannot be read.
            ModelError: the captioner cannot be loaded.
        """
        check_top(top)
        image = read_picture(picture)
        loaded = load_captioner(captioner) if isinstance(captioner, str) else captioner
        seen = resize_stretch(image, loaded.picture_size)
        if not isinstance(loaded, PictureEmbedder):
            return self.search(loaded.caption([seen])[0].text, top=top, within=within)
        return search_vector(
            self.catalogue,
            loaded.embed([seen])[0],
            "picture",
            model=model_hash(loaded.provenance),
            least=_LEAST_LIKENESS,
            top=top,
            within=None if within is None else Path(within),
        )

    def close(self) -> None:
        """Let go of the file."""
        self.catalogue.close()


def open_library(db: AnyPath) -> Library:
    """Open a catalogue to search in it; :class:`vidcap.Indexer` fills one.

    Raises:
        DataError: there is no such file, it is no catalogue, or a newer vidcap made it.
    """
    return Library(Catalogue(db))
