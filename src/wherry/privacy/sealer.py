"""Sealers: bytes and files that nobody without the key can read or change unseen."""

import hashlib
import hmac
import io
import os
from pathlib import Path
from typing import BinaryIO, NoReturn, TextIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wherry.model.errors import PreflightFailed, UsageInvalid
from wherry.model.sealing import Sealer
from wherry.privacy.files import MAGIC, SealedReader, SealedWriter, plain_size
from wherry.privacy.keys import DataKey

_VERSION = b"\x01"  # of a sealed value; what is not sealed is JSON, and begins with none of these
_NONCE = 12
_BUFFER = 1 << 16


class Unsealed:
    """No sealing: for a store that others join who have no key."""

    sealed = False

    def seal(self, plain: bytes, about: str) -> bytes:  # noqa: ARG002 - nothing is bound
        """Return the same bytes."""
        return plain

    def open(self, sealed: bytes, about: str) -> bytes:  # noqa: ARG002 - nothing was bound
        """Return the same bytes."""
        return sealed

    def mark(self, plain: bytes) -> str:
        """Return the SHA-256."""
        return hashlib.sha256(plain).hexdigest()

    def create(self, path: Path, about: str = "") -> BinaryIO:  # noqa: ARG002 - nothing is bound
        """Return a plain file."""
        return _private(path)

    def read(self, path: Path, about: str = "") -> BinaryIO:  # noqa: ARG002 - nothing was bound
        """Return a plain file."""
        return path.open("rb")

    def size(self, path: Path) -> int:
        """Return the file's size."""
        return path.stat().st_size


UNSEALED: Sealer = Unsealed()


class AesSealer:
    """Seals with keys that are derived from the workspace's; safe to use from several threads."""

    sealed = True

    def __init__(self, key: DataKey) -> None:
        self._key = key
        self._values = AESGCM(key.derived("values"))
        self._marks = key.derived("marks")

    def seal(self, plain: bytes, about: str) -> bytes:
        """See Sealer; a nonce is random, and used once."""
        nonce = os.urandom(_NONCE)
        return _VERSION + nonce + self._values.encrypt(nonce, plain, about.encode())

    def open(self, sealed: bytes, about: str) -> bytes:
        """See Sealer; what was never sealed is refused too."""
        head, nonce = sealed[:1], sealed[1 : 1 + _NONCE]
        if head != _VERSION:
            raise _changed(about)
        try:
            return self._values.decrypt(nonce, sealed[1 + _NONCE :], about.encode())
        except (InvalidTag, ValueError):
            raise _changed(about) from None

    def mark(self, plain: bytes) -> str:
        """See Sealer."""
        return hmac.new(self._marks, plain, hashlib.sha256).hexdigest()

    def create(self, path: Path, about: str = "") -> BinaryIO:
        """See Sealer; each file has a key of its own."""
        return SealedWriter(_private(path), self._key, about or _place(path))

    def read(self, path: Path, about: str = "") -> BinaryIO:
        """See Sealer."""
        handle = os.open(path, os.O_RDONLY)
        if not _is_sealed(handle):
            return os.fdopen(handle, "rb")
        try:
            return SealedReader(handle, self._key, about or _place(path))
        except PreflightFailed:
            os.close(handle)
            raise

    def size(self, path: Path) -> int:
        """See Sealer."""
        with path.open("rb", buffering=0) as file:
            length = os.fstat(file.fileno()).st_size
            return plain_size(length) if _is_sealed(file.fileno()) else length


class Destroyed:
    """The sealer of a workspace whose key was destroyed by a purge: everything says so."""

    sealed = True

    def __init__(self, at: str) -> None:
        self._at = at

    def refuse(self) -> NoReturn:
        """Raise UsageInvalid that says when it was, and what is left."""
        raise UsageInvalid(
            f"this workspace was purged at {self._at}: its keys and the values of its records are destroyed",
            hint="status, report and audit still work; for another migration make a new workspace: wherry init DIR",
        )

    def seal(self, plain: bytes, about: str) -> bytes:  # noqa: ARG002 - nothing is sealed any more
        """Raise UsageInvalid."""
        self.refuse()

    def open(self, sealed: bytes, about: str) -> bytes:  # noqa: ARG002 - nothing is opened any more
        """Raise UsageInvalid."""
        self.refuse()

    def mark(self, plain: bytes) -> str:  # noqa: ARG002 - no value is there any more
        """Raise UsageInvalid."""
        self.refuse()

    def create(self, path: Path, about: str = "") -> BinaryIO:  # noqa: ARG002 - nothing is kept any more
        """Raise UsageInvalid."""
        self.refuse()

    def read(self, path: Path, about: str = "") -> BinaryIO:  # noqa: ARG002 - nothing is there any more
        """Raise UsageInvalid."""
        self.refuse()

    def size(self, path: Path) -> int:  # noqa: ARG002 - nothing is there any more
        """Raise UsageInvalid."""
        self.refuse()


def scratch_sealer() -> Sealer:
    """Return a sealer for files that this process alone reads: its key is kept nowhere."""
    return AesSealer(DataKey.new())


def as_text(file: BinaryIO, encoding: str) -> TextIO:
    """Return a file that was opened for reading as text, its line ends untouched."""
    buffered = io.BufferedReader(file, _BUFFER) if isinstance(file, io.RawIOBase) else file
    return io.TextIOWrapper(buffered, encoding=encoding, newline="")


def _private(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _place(path: Path) -> str:
    """Return what a sealed file is bound to: folders above may be renamed, this may not."""
    return f"{path.parent.name}/{path.name}"


def _is_sealed(handle: int) -> bool:
    return os.pread(handle, len(MAGIC), 0) == MAGIC


def _changed(about: str) -> PreflightFailed:
    kind = about.partition(":")[0]
    return PreflightFailed(
        f"a sealed value ({kind}) does not open: it was changed, or sealed with another key",
        hint="restore .wherry, its folder keys and the store from the same backup",
    )
