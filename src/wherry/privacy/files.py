"""Sealed files: chunks of AES-GCM under a key of the file's own, written once, read at any place.

Layout: MAGIC, 32 bytes of salt, then chunks of 64 KiB of plain bytes with 16 bytes of tag each; the last one
is shorter or full, and never missing. A chunk's nonce is its number and whether it is the last, so that
chunks that were cut off, moved, doubled or added do not open.
"""

import io
import os
import threading
from collections import OrderedDict
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wherry.model.errors import PreflightFailed
from wherry.privacy.keys import DataKey

MAGIC = b"WHSEALED"
CHUNK = 64 << 10
_SALT = 32
_TAG = 16
_HEAD = len(MAGIC) + _SALT
_KEPT = 4  # opened chunks that a reader remembers


def plain_size(length: int) -> int:
    """Return how many plain bytes a sealed file of that length holds."""
    body = length - _HEAD
    chunks = max(1, -(-body // (CHUNK + _TAG)))
    return max(0, body - chunks * _TAG)


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\x01" if last else b"\x00")


class SealedWriter(io.RawIOBase, BinaryIO):
    """Takes bytes in order; what is on disk is sealed, and whole once it is closed."""

    def __init__(self, file: BinaryIO, key: DataKey, about: str) -> None:
        self._file, self._key, self._about = file, key, about.encode()
        self._held = bytearray()
        self._begin()

    def _begin(self) -> None:
        salt = os.urandom(_SALT)  # a key is never used for two contents
        self._cipher = AESGCM(self._key.derived("file", salt))
        self._number = 0
        self._held.clear()
        self._file.write(MAGIC + salt)

    def writable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Begin anew, which is the one place that can be moved to."""
        if (offset, whence) != (0, os.SEEK_SET):
            raise io.UnsupportedOperation("a sealed file is written from its beginning to its end")
        self._file.seek(0)
        self._file.truncate()
        self._begin()
        return 0

    def truncate(self, size: int | None = None) -> int:
        """Nothing is left to cut: see seek."""
        del size
        return 0

    def write(self, data: object) -> int:
        """Take bytes in."""
        view = memoryview(data).cast("B")  # type: ignore[arg-type]  # RawIOBase promises no more than an object
        self._held += view
        while len(self._held) > CHUNK:  # the last chunk is only known at the end
            self._put(bytes(self._held[:CHUNK]), last=False)
            del self._held[:CHUNK]
        return view.nbytes

    def close(self) -> None:
        """Write the last chunk and close the file."""
        if not self.closed:
            self._put(bytes(self._held), last=True)
            self._held.clear()
            self._file.close()
        super().close()

    def _put(self, plain: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last=last), plain, self._about))
        self._number += 1


class SealedReader(io.RawIOBase, BinaryIO):
    """Reads a sealed file at any place; each thread has a place of its own in it.

    Raises PreflightFailed where the file was cut, changed, or sealed with another key.
    """

    def __init__(self, handle: int, key: DataKey, about: str) -> None:
        self._handle = -1  # ours once all is well
        self._about = about
        length = os.fstat(handle).st_size
        self._size = plain_size(length)
        salt = os.pread(handle, _SALT, len(MAGIC))
        self._cipher = AESGCM(key.derived("file", salt))
        self._last = max(0, -(-(length - _HEAD) // (CHUNK + _TAG)) - 1)
        self._opened: OrderedDict[int, bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._at: dict[int, int] = {}  # by thread: a foreign thread keeps no thread-local between two calls
        self._opened[self._last] = self._decrypted(
            handle, self._last
        )  # a file that was cut off shows at once
        self._handle = handle

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return this thread's place."""
        return self._at.get(threading.get_ident(), 0)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move this thread's place."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self.tell(), os.SEEK_END: self._size}[whence]
        self._at[threading.get_ident()] = max(0, base + offset)
        return self.tell()

    def readinto(self, buffer: object) -> int:
        """Fill the buffer from this thread's place on; return how many bytes there were."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # RawIOBase promises no more than an object
        start = self.tell()
        end = min(start + view.nbytes, self._size)
        place = start
        while place < end:
            number, within = divmod(place, CHUNK)
            part = self._chunk(number)[within : within + end - place]
            view[place - start : place - start + len(part)] = part
            place += len(part)
        self._at[threading.get_ident()] = max(place, start)
        return max(0, place - start)

    def close(self) -> None:
        """Close the file."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        super().close()

    def _chunk(self, number: int) -> bytes:
        with self._lock:
            known = self._opened.get(number)
            if known is not None:
                self._opened.move_to_end(number)
                return known
        plain = self._decrypted(self._handle, number)
        with self._lock:
            self._opened[number] = plain
            if len(self._opened) > _KEPT:
                self._opened.popitem(last=False)
        return plain

    def _decrypted(self, handle: int, number: int) -> bytes:
        sealed = os.pread(handle, CHUNK + _TAG, _HEAD + number * (CHUNK + _TAG))
        nonce = _nonce(number, last=number == self._last)
        try:
            return self._cipher.decrypt(nonce, sealed, self._about.encode())
        except (InvalidTag, ValueError):
            raise PreflightFailed(
                f"the sealed file {self._about} does not open: it was changed, or sealed with another key",
                hint="restore .wherry and its folder keys from the same backup, or run wherry discover",
            ) from None
