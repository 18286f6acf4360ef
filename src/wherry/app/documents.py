"""The documents of the source, reached when the first one is wanted: uploads ask for nothing else of it."""

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from typing import Protocol

import orjson

from wherry.app.place import Place
from wherry.model.ports import Documents, Snapshot
from wherry.model.sealing import Sealer

_SEALED = b"WHBLOCKS"  # what sealed content begins with
_LENGTH = 4  # bytes of the length before each block


class Closable(Documents, Protocol):
    """Documents in a place that is opened and closed."""

    def close(self) -> None:
        """Let go of the place."""


class PlacedDocuments:
    """The port Documents over the place that all machines of a run reach: found by reference, kept by content."""

    def __init__(self, place: Place, listed: Mapping[str, tuple[str, int]], sealer: Sealer) -> None:
        """`listed` says for the mark of each reference the sha256 and the size of its content."""
        self._place, self._listed, self._sealer = place, listed, sealer

    @classmethod
    def of(cls, place: Place, snapshot: str, sealer: Sealer) -> "PlacedDocuments | None":
        """Return the documents that were published for a snapshot, or None where none were."""
        text = place.read(_listing(snapshot))
        if text is None:
            return None
        listed = {mark: (sha256, size) for mark, (sha256, size) in orjson.loads(text).items()}
        return cls(place, listed, sealer)

    def document_size(self, ref: str) -> int | None:
        """Return a document's size in bytes, or None where there is no such document."""
        found = self._listed.get(_mark(ref, self._sealer))
        return found[1] if found else None

    @contextmanager
    def open_document(self, ref: str) -> Iterator[Iterable[bytes]]:
        """Open a document as a stream of blocks of at most 1 MiB."""
        sha256 = self._listed[_mark(ref, self._sealer)][0]
        with self._place.open(sha256) as blocks:
            yield unsealed_blocks(blocks, self._sealer, sha256)

    def close(self) -> None:
        """Nothing is held open between two documents."""


def publish_documents(place: Place, snapshot: Snapshot, documents: Documents, sealer: Sealer) -> None:
    """Put the documents of a snapshot where all machines of a run reach them, sealed, one after the other.

    One that is missing, or no longer what the snapshot says, is left out: its upload is refused by name.
    """
    listed: dict[str, tuple[str, int]] = {}
    for record in snapshot.read("documents"):
        ref, sha256 = str(record.values.get("ref") or ""), str(record.values.get("sha256") or "").lower()
        size = documents.document_size(ref)
        if size is None:
            continue
        sha256 = sha256 or _hashed(documents, ref)
        if place.holds(sha256) or _keep(place, sha256, documents.open_document(ref), sealer):
            listed[_mark(ref, sealer)] = (sha256, size)
    place.write(_listing(snapshot.digest), orjson.dumps(listed))


def _keep(
    place: Place, sha256: str, document: AbstractContextManager[Iterable[bytes]], sealer: Sealer
) -> bool:
    with document as blocks:
        return place.keep(sha256, blocks, lambda plain: sealed_blocks(plain, sealer, sha256))


def _mark(ref: str, sealer: Sealer) -> str:
    """Return what a reference is listed as: a file's name may be a patient's."""
    return sealer.mark(f"document:{ref}".encode())


def sealed_blocks(blocks: Iterable[bytes], sealer: Sealer, name: str) -> Iterator[bytes]:
    """Yield blocks sealed one by one, each with its length before it and bound to its place; see below.

    That none is missing at the end shows by the checksum of the whole, which whoever uploads it looks at.
    """
    if not sealer.sealed:
        yield from blocks
        return
    yield _SEALED
    for number, block in enumerate(blocks):
        body = sealer.seal(block, f"document:{name}:{number}")
        yield len(body).to_bytes(_LENGTH, "big") + body


def unsealed_blocks(blocks: Iterable[bytes], sealer: Sealer, name: str) -> Iterator[bytes]:
    """Yield what `sealed_blocks` was given; what was never sealed comes as it is.

    Raises PreflightFailed where a block was changed, moved, or sealed with another key.
    """
    rest = _Rest(blocks)
    if not sealer.sealed or rest.head(len(_SEALED)) != _SEALED:
        yield from rest
        return
    rest.take(len(_SEALED))
    for number in count():
        length = rest.take(_LENGTH)
        if not length:
            return
        yield sealer.open(rest.take(int.from_bytes(length, "big")), f"document:{name}:{number}")


class _Rest:
    """A stream of blocks, of which as much is taken as is wanted."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks, self._held = iter(blocks), bytearray()

    def head(self, size: int) -> bytes:
        while len(self._held) < size and (block := next(self._blocks, b"")):
            self._held += block
        return bytes(self._held[:size])

    def take(self, size: int) -> bytes:
        found = self.head(size)
        del self._held[:size]
        return found

    def __iter__(self) -> Iterator[bytes]:
        if self._held:
            yield bytes(self._held)
        yield from self._blocks


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
