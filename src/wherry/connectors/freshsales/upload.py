"""Uploading a document: read once, piece by piece, and complete only if its bytes are the ones expected.

The last piece of the file is held back until the checksum of all of it is known. Where it is another one
than expected, the form breaks off before its end, and no server can take it for a file.
"""

import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import IO, cast

from wherry.connectors.freshsales.answers import as_id, as_row
from wherry.connectors.kit.exchange import Effect
from wherry.connectors.kit.http import ApiClient, Upload
from wherry.model.errors import DestinationRefused, OutcomeUnknown, PreflightFailed, UsageInvalid
from wherry.model.operation import Operation, Verb
from wherry.model.ports import Documents, Written

STREAM = "documents"
UNKNOWN_TYPE = "application/octet-stream"
_MENDED = "bring the document back, export again, then: wherry discover, wherry plan; see the reasons page"
_HELD = 1 << 20  # bytes held back: no block of a document is longer


@dataclass(slots=True, kw_only=True)
class Uploader:
    """Uploads documents of the source, which lie behind a port."""

    client: ApiClient
    documents: Documents | None = None

    def write(self, operation: Operation) -> Written:
        """Upload one document to its contact.

        Raises DestinationRefused where it is missing, empty or altered at the source, and for a change of
        one that was uploaded: no call changes or deletes a file [D] by absence.
        """
        if operation.verb is not Verb.CREATE:
            raise DestinationRefused(
                "Freshsales documents no call that changes or deletes a file",
                reason="file_cannot_change",
                hint="delete the old file there by hand, then wherry retry; or keep it as it is",
            )
        size = self._size(operation)
        name = str(operation.fields.get("name") or "")
        contact = operation.links.get("targetable")
        if contact is None:
            raise UsageInvalid(f"{operation.id}: a file without the contact that it belongs to")
        texts = {"file_name": name, "targetable_type": "Contact", "targetable_id": str(contact)}
        content = operation.content
        upload = Upload(
            texts=texts,
            part="file",
            name=with_ending_last(name, operation.marker),
            media_type=(content.media_type if content else "") or UNKNOWN_TYPE,
            open=partial(self._open, operation, size),
        )
        body = self.client.request("POST", f"/{STREAM}", upload=upload, effect=Effect.ONCE).body
        number = _made(body)
        if number is None:
            raise OutcomeUnknown(
                f"POST /{STREAM} was accepted without saying which file it made",
                hint="It is looked up before anything is sent again.",
            )
        return Written(destination_id=number, after={})

    def _size(self, operation: Operation) -> int:
        if self.documents is None or operation.content is None:
            raise PreflightFailed(
                "the documents of the source are not within reach of this process",
                hint="set [source] bundle to the export that was discovered",
            )
        size = self.documents.document_size(operation.content.ref)
        if size is None:
            raise _bad("missing_file", "the document is no longer in the source")
        if size == 0:
            raise _bad("empty_file", "the document is empty in the source")
        expected = operation.fields.get("size")
        if isinstance(expected, int) and expected != size:
            raise _bad("checksum_mismatch", "the document has another size than when it was discovered")
        return size

    @contextmanager
    def _open(self, operation: Operation, size: int) -> Iterator[IO[bytes]]:
        documents, content = self.documents, operation.content
        if documents is None or content is None:
            raise UsageInvalid(f"{operation.id}: an upload without a document")
        expected = operation.fields.get("sha256")
        with documents.open_document(content.ref) as blocks:
            checked = _checked(blocks, size, expected if isinstance(expected, str) else "")
            # The transport wants a file; it only ever reads it forward and asks for its length.
            yield cast("IO[bytes]", _Forward(checked, size))


def with_ending_last(name: str, marker: str) -> str:
    """Return the name with its marker before the ending, so that systems know the kind of file by it.

    A server may keep this name of the part, or `file_name` [?]: each holds name and marker.
    """
    stem = name.removesuffix(marker).rstrip()
    base, point, ending = stem.rpartition(".")
    if not (marker and base and point and ending.isalnum()):
        return name
    return f"{base} {marker}.{ending}"


def _made(body: object) -> int | None:
    row = as_row(body)  # type: ignore[arg-type]  # the kit's Json, whatever it holds
    return as_id(row.get("id")) or as_id(as_row(row.get("document")).get("id"))


def _bad(reason: str, sentence: str) -> DestinationRefused:
    return DestinationRefused(sentence, reason=reason, field="file", hint=_MENDED)


def _checked(blocks: Iterable[bytes], size: int, expected: str) -> Iterator[bytes]:
    """Yield the blocks, the last one only once all of them together are what is expected."""
    digest, seen, held = hashlib.sha256(), 0, b""
    for block in _ours(blocks):
        digest.update(block)
        seen += len(block)
        if seen > size:
            raise _bad("checksum_mismatch", "the document grew while it was read")
        if held:
            yield held
        held = block
    if seen != size or (expected and digest.hexdigest() != expected):
        raise _bad("checksum_mismatch", "the document holds other bytes than when it was discovered")
    yield held


def _ours(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """A file that cannot be read is the source's trouble: it must not look like trouble on the way."""
    try:
        yield from blocks
    except OSError as error:
        raise _bad("missing_file", f"the document cannot be read ({type(error).__name__})") from None


class _Forward(io.RawIOBase):
    """Blocks as a file of known length that is read once, from its beginning."""

    def __init__(self, blocks: Iterator[bytes], size: int) -> None:
        self._blocks, self._size = blocks, size
        self._left = b""
        self._place = 0

    def read(self, size: int = -1) -> bytes:
        """Return at most so many bytes, b"" at the end."""
        if not self._left:
            self._left = next(self._blocks, b"")
        cut = len(self._left) if size < 0 else size
        part, self._left = self._left[:cut], self._left[cut:]
        return part

    def tell(self) -> int:
        """Return the place that was sought; reading does not move it."""
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Take note of a place, for who wants to know the length."""
        self._place = offset + (self._size if whence == os.SEEK_END else 0)
        return self._place
