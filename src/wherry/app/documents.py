"""The documents of the source, reached when the first one is wanted: uploads ask for nothing else of it."""

import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Protocol

from wherry.model.ports import Documents


class Closable(Documents, Protocol):
    """Documents in a place that is opened and closed."""

    def close(self) -> None:
        """Let go of the place."""


class LazyDocuments:
    """The port Documents over a place that is opened at the first call; safe to use from several threads.

    Raises what opening raises: PreflightFailed for a bundle that is not there or not fit.
    """

    def __init__(self, opening: Callable[[], Closable]) -> None:
        self._opening = opening
        self._lock = threading.Lock()
        self._place: Closable | None = None

    def document_size(self, ref: str) -> int | None:
        """Return a document's size in bytes, or None where there is no such document."""
        return self._opened().document_size(ref)

    def open_document(self, ref: str) -> AbstractContextManager[Iterable[bytes]]:
        """Open a document as a stream of blocks of at most 1 MiB."""
        return self._opened().open_document(ref)

    def close(self) -> None:
        """Let go of the place, where one was opened."""
        with self._lock:
            if self._place is not None:
                self._place.close()
                self._place = None

    def _opened(self) -> Closable:
        with self._lock:
            if self._place is None:
                self._place = self._opening()
            return self._place
