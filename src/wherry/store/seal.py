"""Sealing of bodies: what hides values at rest, and what destroys them when its key is gone."""

from typing import Protocol


class Sealer(Protocol):
    """Turns bytes into bytes that nobody without the key can read, and back."""

    def seal(self, plain: bytes) -> bytes:
        """Return the sealed form."""

    def open(self, sealed: bytes) -> bytes:
        """Return what was sealed; raises where it was changed or the key is another."""


class Unsealed:
    """No sealing: for a store whose disk is encrypted already."""

    def seal(self, plain: bytes) -> bytes:
        """Return the same bytes."""
        return plain

    def open(self, sealed: bytes) -> bytes:
        """Return the same bytes."""
        return sealed
