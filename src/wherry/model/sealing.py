"""The port of sealing: what keeps values unreadable at rest."""

from pathlib import Path
from typing import BinaryIO, Protocol


class Sealer(Protocol):
    """Turns bytes and files into what nobody without the key can read, and back.

    `about` names what a value belongs to: it opens under the same name only, so that two sealed values
    cannot change places.
    """

    @property
    def sealed(self) -> bool:
        """Whether anything is sealed at all."""

    def seal(self, plain: bytes, about: str) -> bytes:
        """Return the sealed form."""

    def open(self, sealed: bytes, about: str) -> bytes:
        """Return what was sealed; raises PreflightFailed where it was changed or the key is another."""

    def mark(self, plain: bytes) -> str:
        """Return a fingerprint of a value, in hexadecimal, from which nobody without the key can guess it."""

    def create(self, path: Path, about: str = "") -> BinaryIO:
        """Return a new file for writing from its beginning to its end; whole once it is closed.

        `about` is what the file is bound to (default: its name and that of its folder). Moving to 0 begins anew.
        """

    def read(self, path: Path, about: str = "") -> BinaryIO:
        """Return a file for reading at any place; one that was never sealed is read as it is."""

    def size(self, path: Path) -> int:
        """Return how many bytes reading a file gives."""
