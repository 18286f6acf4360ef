"""Commit together what several threads want durable at the same moment: one flush of the disk for all."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class _Ticket(Generic[T]):
    item: T
    done: bool = False
    error: BaseException | None = None


class GroupCommit(Generic[T]):
    """Whoever comes while a commit is under way is taken along by the next one.

    `commit` makes all items it is given durable, in their order, or none of them.
    """

    def __init__(self, commit: Callable[[Sequence[T]], None]) -> None:
        self._commit = commit
        self._turn = threading.Lock()
        self._adding = threading.Lock()
        self._waiting: list[_Ticket[T]] = []

    @property
    def waiting(self) -> int:
        """How many items wait for the next commit."""
        return len(self._waiting)

    def put(self, item: T) -> None:
        """Return once the item is durable; raise what its own commit raised."""
        ticket = _Ticket(item)
        with self._adding:
            self._waiting.append(ticket)
        with self._turn:
            if not ticket.done:
                with self._adding:
                    group, self._waiting = self._waiting, []
                self._commit_all(group)
        if ticket.error is not None:
            raise ticket.error

    def _commit_all(self, group: Sequence[_Ticket[T]]) -> None:
        try:
            self._commit([ticket.item for ticket in group])
        except BaseException as error:  # noqa: BLE001 - it is the caller's, who is waiting for it in its own thread
            self._settle_apart(group, error)
        for ticket in group:
            ticket.done = True

    def _settle_apart(self, group: Sequence[_Ticket[T]], error: BaseException) -> None:
        """One bad item may not take the others with it: nothing was written, so each is tried by itself."""
        if len(group) == 1 or not isinstance(error, Exception):
            for ticket in group:
                ticket.error = error
            return
        for ticket in group:
            self._commit_all([ticket])
