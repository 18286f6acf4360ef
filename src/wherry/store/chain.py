"""The hash chain: append-only, each entry sealed by the hash of all before it."""

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Executable, Row, bindparam, func, insert, select, update

from wherry.model.jsons import canonical_json
from wherry.model.ledger import Entry, EntryState
from wherry.store.database import Database, Fields, Transaction
from wherry.store.tables import chain, head

_PAGE = 2_000
_BLANK: Fields = {
    "stream": "",
    "key": "",
    "part": 0,
    "destination_id": None,
    "payload_hash": "",
    "before_hash": "",
    "after_hash": "",
    "note": "",
}


class Writer:
    """Appends entries within one serial transaction; nothing is written before flush()."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        row = tx.once("head.read", lambda: select(head.c.seq, head.c.hash), {}).first()
        self._fresh = row is None
        self._seq: int = 0 if row is None else row.seq
        self._hash: str = "" if row is None else row.hash
        self._lines: list[Fields] = []

    def add(self, fields: Fields) -> int:
        """Line an entry up and return its number; columns that are left out are blank."""
        self._seq += 1
        line = {**_BLANK, **fields, "seq": self._seq, "previous": self._hash}
        line["hash"] = self._hash = _hash(line)
        self._lines.append(line)
        return self._seq

    def flush(self) -> None:
        """Write the entries and the new end of the chain."""
        if not self._lines:
            return
        self._tx.many("chain.add", lambda: insert(chain), self._lines)
        end = {"seq": self._seq, "hash": self._hash}
        if self._fresh:
            self._tx.execute(insert(head).values(id=1, **end))
        else:
            self._tx.once("head.move", _moving_head, {f"new_{name}": value for name, value in end.items()})
        self._fresh = False
        self._lines = []


def _moving_head() -> Executable:
    return update(head).values(seq=bindparam("new_seq"), hash=bindparam("new_hash"))


def _hash(line: Fields) -> str:
    return hashlib.sha256(canonical_json({n: v for n, v in line.items() if n != "hash"})).hexdigest()


class Flaw(NamedTuple):
    """What a walk along the chain found: how many entries there are, and the first that is not as written."""

    entries: int
    first_broken: int | None


def rows(database: Database) -> Iterator[Row[Any]]:
    """Yield the entries as they lie there, oldest first, in short transactions."""
    query = select(chain).order_by(chain.c.seq).limit(_PAGE)
    page_query = query
    while page := database.rows(page_query):
        yield from page
        page_query = query.where(chain.c.seq > page[-1].seq)


def entries(database: Database) -> Iterator[Entry]:
    """Yield the chain, oldest first."""
    for row in rows(database):
        yield Entry(**{**row._mapping, "state": EntryState(row.state)})  # noqa: SLF001  # Row's documented way to a mapping


def walk(database: Database) -> Flaw:
    """Return the first entry that was changed, removed, added or moved, if any; one pass over the chain."""
    start = _end(database)
    previous, count = "", 0
    for row in rows(database):
        count += 1
        line = dict(row._mapping)  # noqa: SLF001  # see entries()
        if row.seq != count or row.previous != previous or row.hash != _hash(line):
            return Flaw(_count(database), min(row.seq, count))
        if row.seq == start[0] and row.hash != start[1]:
            return Flaw(_count(database), row.seq)
        previous = row.hash
    # Others may append during the walk, but the end never lies before what we saw or after what is there.
    if count < start[0]:
        return Flaw(count, count + 1)
    end = _end(database)[0]
    return Flaw(count, end + 1 if end < count else None)


def _end(database: Database) -> tuple[int, str]:
    found = database.rows(select(head))
    return (found[0].seq, found[0].hash) if found else (0, "")


def _count(database: Database) -> int:
    counted = select(func.count()).select_from(chain)
    return database.scalar(counted) or 0
