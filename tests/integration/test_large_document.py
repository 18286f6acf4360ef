"""A large document goes up, and is read back, in pieces: what is held in memory does not grow with it."""

import hashlib
import os
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from time import sleep
from typing import Any

from wherry.connectors.freshsales import open_destination
from wherry.model.operation import Content, Operation, Verb
from wherry.model.record import Key

BLOCK = os.urandom(1 << 20)
BLOCKS = 48
SIZE = BLOCKS * len(BLOCK)
MOST = 8 << 20  # bytes held at once, whatever the size of the file
MARKER = "[aerona:documents:7]"


class Shelf:
    """One document that is nowhere whole."""

    def document_size(self, ref: str) -> int | None:
        return SIZE if ref == "documents/7" else None

    @contextmanager
    def open_document(self, ref: str) -> Iterator[Iterator[bytes]]:
        assert ref == "documents/7"
        yield (BLOCK for _ in range(BLOCKS))


class Budget:
    def take(self, calls: int = 1) -> None: ...

    def learn(self, *, remaining: int | None, retry_after: float | None) -> None: ...

    def charge(self, run: str) -> None: ...


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        sleep(min(seconds, 0.02))


def digest() -> str:
    found = hashlib.sha256()
    for _ in range(BLOCKS):
        found.update(BLOCK)
    return found.hexdigest()


def test_a_large_document_is_never_held_whole(emulator_factory: Any) -> None:
    emulator = emulator_factory("--plan", "enterprise")
    contact = emulator.call("POST", "/contacts", {"contact": {"last_name": "Moss"}})[1]["contact"]["id"]
    upload = Operation(
        id="r1:documents/7:documents:1:create",
        verb=Verb.CREATE,
        stream="documents",
        key=Key("documents", "7"),
        part=1,
        fields={"name": f"Scan.tif {MARKER}", "size": SIZE, "sha256": digest()},
        links={"targetable": contact},
        marker=MARKER,
        content=Content("documents/7", "image/tiff"),
    )
    with open_destination(emulator.url, emulator.api_key, "enterprise", Budget(), Clock()) as destination:
        destination.upload_from(Shelf())
        tracemalloc.start()
        try:
            made = destination.write(upload).destination_id
            (seen,) = destination.fetch("documents", [made], {made: contact})
            most = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    (file,) = emulator.admin("files")["files"]
    assert (file["size"], file["sha256"]) == (SIZE, digest())
    assert seen.fields["sha256"] == digest()
    assert most < MOST, f"{most:,} bytes were held"
