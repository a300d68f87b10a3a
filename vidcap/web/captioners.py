"""The captioners that the owner allows, each loaded once for all visitors."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING

from vidcap.errors import ModelError, UsageError
from vidcap.jobs import load_in_background

if TYPE_CHECKING:
    from vidcap.captioning.captioner import Captioner


class Captioners:
    """Captioners by name; no other name is ever loaded.

    Args:
        names: those allowed, the first of them loaded at once.
        load: begins to load one.
    """

    def __init__(
        self,
        names: Sequence[str],
        load: Callable[[str], Future[Captioner]] = load_in_background,
    ) -> None:
        if not names:
            raise UsageError("no captioner is allowed; name one with --allow-captioner")
        self.names = tuple(dict.fromkeys(names))
        self._load = load
        self._loading: dict[str, Future[Captioner]] = {}
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
                known = self._loading[name] = self._load(name)
            return known

    def state(self, name: str) -> str:
        """Say in a sentence how far a captioner is; begin to load it where nobody has."""
        loading = self.get(name)
        if not loading.done():
            return f"The captioner {name} is loading."
        error = loading.exception()
        if error is None:
            return f"The captioner {name} is ready."
        reason = str(error) if isinstance(error, ModelError) else "its files cannot be used"
        return f"The captioner {name} cannot be loaded: {reason}"
