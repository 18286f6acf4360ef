"""How a verb tells the person waiting how far it is."""

from typing import Protocol


class Progress(Protocol):
    """One measured piece of work after another; what is shown, and where, is the caller's choice."""

    def start(self, label: str, total: int | None) -> None:
        """Begin a piece of work of that many items, or of an unknown number; it ends one still open."""

    def advance(self, n: int = 1) -> None:
        """Say that n more items are done."""

    def finish(self) -> None:
        """End the piece of work; harmless when none is open."""


class Silent:
    """Progress that nobody watches."""

    def start(self, label: str, total: int | None) -> None:
        """Show nothing."""

    def advance(self, n: int = 1) -> None:
        """Show nothing."""

    def finish(self) -> None:
        """Show nothing."""
