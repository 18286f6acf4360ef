"""What hangs on a contact or a lead, in tenants whose answers do not say so: read from lists, and kept for a while."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from wherry.connectors.freshsales.entities import CHILDREN
from wherry.model.diff import Observed
from wherry.model.errors import RefuseRecord

_Home: TypeAlias = tuple[str, int]  # relation, and the id of what it leads to

_FRESH_SECONDS = 600.0
"""What colleagues add meanwhile is noticed after so long."""


@dataclass(slots=True, kw_only=True)
class Hanging:
    """Knows the tasks and appointments of each contact and lead, from the account's lists.

    `scan` reads the list of a stream; a plan or a user may not have one, which counts as an empty list.
    """

    scan: Callable[[str], Iterator[Observed]]
    _known: dict[str, dict[_Home, set[int]]] = field(default_factory=dict)
    _read_at: dict[str, float] = field(default_factory=dict)

    def of(self, number: int, relation: str = "targetable") -> Mapping[str, tuple[int, ...]]:
        """Return the ids of its tasks and appointments; a few calls, at most once in ten minutes.

        `relation` is `targetable` for a contact, `lead` for a lead.
        """
        return {
            stream: tuple(sorted(self._of(stream).get((relation, number), ())))
            for stream in CHILDREN
            if stream != "notes"
        }

    def gone(self, stream: str, number: int) -> None:
        """Take note that a record was deleted."""
        for ids in self._known.get(stream, {}).values():
            ids.discard(number)

    def _of(self, stream: str) -> Mapping[_Home, set[int]]:
        if time.monotonic() - self._read_at.get(stream, -_FRESH_SECONDS) >= _FRESH_SECONDS:
            self._read_at[stream] = time.monotonic()
            self._known[stream] = self._read(stream)
        return self._known[stream]

    def _read(self, stream: str) -> dict[_Home, set[int]]:
        found: dict[_Home, set[int]] = {}
        try:
            for row in self.scan(stream):
                for relation, ids in row.links.items():
                    for number in ids:
                        found.setdefault((relation, number), set()).add(row.id)
        except RefuseRecord:
            return {}
        return found
