"""The content of uploaded files: on disk, by checksum, each content once however often it was uploaded."""

import hashlib
import os
import shutil
import tempfile
import threading
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_CHUNK = 1024 * 1024
_ARRIVING = "arriving-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A content that has arrived and is not kept yet: where it lies, its SHA-256 in hexadecimal, its bytes."""

    path: Path
    sha256: str
    size: int


class Files:
    """A directory of contents. Without one given it is temporary, and gone with this object.

    What was still arriving when an earlier process ended is removed.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory
        self._opening = threading.Lock()  # uploads arrive side by side, and all go to one directory
        for left in directory.glob(f"{_ARRIVING}*") if directory else ():
            left.unlink()

    def take(self, source: IO[bytes]) -> Arrived:
        """Copy a content from its present position to its end, in pieces; keep or refuse it afterwards."""
        directory = self._open()
        digest, size = hashlib.sha256(), 0
        handle, name = tempfile.mkstemp(dir=directory, prefix=_ARRIVING)
        with os.fdopen(handle, "wb") as target:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                target.write(chunk)
        return Arrived(path=Path(name), sha256=digest.hexdigest(), size=size)

    def keep(self, arrived: Arrived) -> None:
        """Keep a content under its checksum."""
        arrived.path.replace(arrived.path.with_name(arrived.sha256))

    def refuse(self, arrived: Arrived) -> None:
        """Remove a content that is not to be kept."""
        arrived.path.unlink()

    def path(self, sha256: str | None) -> Path | None:
        """Find where a content lies; None if it is not kept here."""
        found = self._directory / sha256 if self._directory and sha256 else None
        return found if found and found.is_file() else None

    def drop(self, sha256: str) -> None:
        """Remove a content; nothing happens if it is not kept here."""
        found = self.path(sha256)
        if found:
            found.unlink()

    def _open(self) -> Path:
        with self._opening:
            if self._directory is None:
                self._directory = Path(tempfile.mkdtemp(prefix="freshsales-files-"))
                weakref.finalize(self, shutil.rmtree, self._directory, ignore_errors=True)
            self._directory.mkdir(parents=True, exist_ok=True)
            return self._directory
