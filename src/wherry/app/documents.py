"""The documents of the source, reached when the first one is wanted: uploads ask for nothing else of it."""

import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

import orjson

from wherry.app.place import Place
from wherry.model.ports import Documents, Snapshot


class Closable(Documents, Protocol):
    """Documents in a place that is opened and closed."""

    def close(self) -> None:
        """Let go of the place."""


class PlacedDocuments:
    """The port Documents over the place that all machines of a run reach: found by reference, kept by content."""

    def __init__(self, place: Place, listed: Mapping[str, tuple[str, int]]) -> None:
        """`listed` says for each reference the sha256 and the size of its content."""
        self._place, self._listed = place, listed

    @classmethod
    def of(cls, place: Place, snapshot: str) -> "PlacedDocuments | None":
        """Return the documents that were published for a snapshot, or None where none were."""
        text = place.read(_listing(snapshot))
        if text is None:
            return None
        return cls(place, {ref: (sha256, size) for ref, (sha256, size) in orjson.loads(text).items()})

    def document_size(self, ref: str) -> int | None:
        """Return a document's size in bytes, or None where there is no such document."""
        return self._listed[ref][1] if ref in self._listed else None

    def open_document(self, ref: str) -> AbstractContextManager[Iterable[bytes]]:
        """Open a document as a stream of blocks of at most 1 MiB."""
        return self._place.open(self._listed[ref][0])

    def close(self) -> None:
        """Nothing is held open between two documents."""


def publish_documents(place: Place, snapshot: Snapshot, documents: Documents) -> None:
    """Put the documents of a snapshot where all machines of a run reach them, one after the other.

    One that is missing, or no longer what the snapshot says, is left out: its upload is refused by name.
    """
    listed: dict[str, tuple[str, int]] = {}
    for record in snapshot.read("documents"):
        ref, sha256 = str(record.values.get("ref") or ""), str(record.values.get("sha256") or "").lower()
        size = documents.document_size(ref)
        if size is None:
            continue
        sha256 = sha256 or _hashed(documents, ref)
        if place.holds(sha256) or _keep(place, sha256, documents, ref):
            listed[ref] = (sha256, size)
    place.write(_listing(snapshot.digest), orjson.dumps(listed))


def _keep(place: Place, sha256: str, documents: Documents, ref: str) -> bool:
    with documents.open_document(ref) as blocks:
        return place.keep(sha256, blocks)


def _hashed(documents: Documents, ref: str) -> str:
    digest = hashlib.sha256()
    with documents.open_document(ref) as blocks:
        for block in blocks:
            digest.update(block)
    return digest.hexdigest()


def _listing(snapshot: str) -> str:
    return f"documents/{snapshot}.json"


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
