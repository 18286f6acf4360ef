"""What hangs on a contact, in tenants whose answers do not say so: read from lists, and kept for a while."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from wherry.connectors.freshsales.entities import CHILDREN
from wherry.model.diff import Observed
from wherry.model.errors import RefuseRecord

_FRESH_SECONDS = 600.0
"""What colleagues add meanwhile is noticed after so long."""


@dataclass(slots=True, kw_only=True)
class Hanging:
    """Knows the tasks and appointments of each contact, from the account's lists.

    `scan` reads the list of a stream; a plan or a user may not have one, which counts as an empty list.
    """

    scan: Callable[[str], Iterator[Observed]]
    _known: dict[str, dict[int, set[int]]] = field(default_factory=dict)
    _read_at: dict[str, float] = field(default_factory=dict)

    def of(self, contact: int) -> Mapping[str, tuple[int, ...]]:
        """Return the ids of the contact's tasks and appointments; a few calls, at most once in ten minutes."""
        return {
            stream: tuple(sorted(self._of(stream).get(contact, ())))
            for stream in CHILDREN
            if stream != "notes"
        }

    def gone(self, stream: str, number: int) -> None:
        """Take note that a record was deleted."""
        for ids in self._known.get(stream, {}).values():
            ids.discard(number)

    def _of(self, stream: str) -> Mapping[int, set[int]]:
        if time.monotonic() - self._read_at.get(stream, -_FRESH_SECONDS) >= _FRESH_SECONDS:
            self._read_at[stream] = time.monotonic()
            self._known[stream] = self._read(stream)
        return self._known[stream]

    def _read(self, stream: str) -> dict[int, set[int]]:
        found: dict[int, set[int]] = {}
        try:
            for row in self.scan(stream):
                for contact in row.links.get("targetable", ()):
                    found.setdefault(contact, set()).add(row.id)
        except RefuseRecord:
            return {}
        return found
