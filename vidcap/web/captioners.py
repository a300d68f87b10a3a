"""The captioners that the owner allows, each loaded once for all visitors."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Protocol

from vidcap.errors import ModelError, UsageError, VidcapError
from vidcap.jobs import load_in_background

if TYPE_CHECKING:
    from vidcap.captioning.captioner import Captioner

_MEGABYTE = 1_000_000


class Load(Protocol):
    """Begins to load a captioner, as :func:`vidcap.jobs.load_in_background` does."""

    def __call__(
        self, name: str, /, *, downloaded: Callable[[int, int], None]
    ) -> Future[Captioner]:
        """Return it, loading."""
        ...


class Captioners:
    """Captioners by name; no other name is ever loaded.

    Args:
        names: those allowed, the first of them loaded at once.
        load: begins to load one.
    """

    def __init__(self, names: Sequence[str], load: Load = load_in_background) -> None:
        if not names:
            raise UsageError("no captioner is allowed; name one with --allow-captioner")
        self.names = tuple(dict.fromkeys(names))
        self._load = load
        self._loading: dict[str, Future[Captioner]] = {}
        self._bytes: dict[str, tuple[int, int]] = {}
        self._lock = threading.Lock()
        self.get(self.names[0])

    def get(self, name: str) -> Future[Captioner]:
        """Return a captioner that is loaded or loading; one that failed is tried again.

        Raises:
            UsageError: it is not allowed.
        """
        if name not in self.names:
            allowed = ", ".join(self.names)
            raise UsageError(f"captioner {name!r} is not offered here; choose one of {allowed}")
        with self._lock:
            known = self._loading.get(name)
            if known is None or (known.done() and known.exception() is not None):
                self._bytes.pop(name, None)
                known = self._load(name, downloaded=partial(self._downloaded, name))
                self._loading[name] = known
            return known

    def loaded(self, name: str) -> Captioner:
        """Return a captioner without waiting.

        Raises:
            UsageError: it is not allowed, or nobody has begun to load it.
            ModelError: it is loading still, or cannot be loaded.
        """
        known = self._loading.get(name)
        if known is None:
            raise UsageError(f"captioner {name!r} is not loaded here; choose one that is offered")
        if not known.done() or known.exception() is not None:
            raise ModelError(self.state(name))
        return known.result()

    def state(self, name: str) -> str:
        """Say in a sentence how far a captioner is that somebody has begun to load."""
        loading = self._loading[name]
        if not loading.done():
            there, wanted = self._bytes.get(name, (0, 0))
            share = f": {there // _MEGABYTE} of {-(-wanted // _MEGABYTE)} MB" if wanted else ""
            return f"The captioner {name} is loading{share}."
        error = loading.exception()
        if error is None:
            return f"The captioner {name} is ready."
        reason = str(error) if isinstance(error, VidcapError) else "its files cannot be used"
        return f"The captioner {name} cannot be loaded: {reason}"

    def _downloaded(self, name: str, there: int, wanted: int) -> None:
        self._bytes[name] = there, wanted
