"""Source key ↔ destination id: where each part of a source record lives now."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Executable, Row, and_, bindparam, case, delete, select, tuple_

from wherry.model.operation import Located
from wherry.model.record import Key
from wherry.store.database import Database, Fields, Transaction
from wherry.store.order import rank
from wherry.store.tables import crosswalk

_SLICE = 400
_PAGE = 2_000
_WHERE = ("source_stream", "source_id", "part", "destination_id")
_Place = tuple[str, str, int]


class Moves:
    """What confirmed operations change in the crosswalk; the last word on each place counts."""

    def __init__(self) -> None:
        self._puts: dict[_Place, Fields] = {}
        self._drops: dict[_Place, Fields] = {}

    def put(self, row: Fields) -> None:
        """The record of this attempt lives at its destination id."""
        place = _place(row)
        earlier = self._puts.get(place)
        same = earlier is not None and earlier["destination_id"] == row["destination_id"]
        self._puts[place] = {
            "source_stream": row["source_stream"],
            "source_id": row["source_id"],
            "part": row["part"],
            "rank": rank(row["source_id"]),
            "stream": row["stream"],
            "destination_id": row["destination_id"],
            "fingerprint": row["fingerprint"],
            "adopted": row["adopted"] or (same and earlier is not None and earlier["adopted"]),
            "created_in": earlier["created_in"] if same and earlier is not None else row["run"],
            "written_in": row["run"],
        }

    def drop(self, row: Fields) -> None:
        """The record of this attempt is no longer ours."""
        place = _place(row)
        self._puts.pop(place, None)
        self._drops[place] = {name: row[name] for name in _WHERE}

    def flush(self, tx: Transaction) -> None:
        """Write the changes."""
        tx.many("crosswalk.drop", _dropping, list(self._drops.values()))
        tx.many("crosswalk.put", lambda: _upsert(tx), list(self._puts.values()))


def _dropping() -> Executable:
    return delete(crosswalk).where(*(crosswalk.c[name] == bindparam(name) for name in _WHERE))


def _place(row: Fields) -> _Place:
    return (row["source_stream"], row["source_id"], row["part"])


def _upsert(tx: Transaction) -> Any:
    statement = tx.insert(crosswalk)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["source_stream", "source_id", "part"],
        set_={
            "stream": new.stream,
            "destination_id": new.destination_id,
            "fingerprint": new.fingerprint,
            "created_in": case(
                (crosswalk.c.destination_id == new.destination_id, crosswalk.c.created_in),
                else_=new.created_in,
            ),
            "written_in": new.written_in,
            # A record that was there before us stays so, however often we update it.
            "adopted": case(
                (
                    and_(crosswalk.c.destination_id == new.destination_id, crosswalk.c.adopted),
                    crosswalk.c.adopted,
                ),
                else_=new.adopted,
            ),
        },
    )


def locate(database: Database, keys: Iterable[Key]) -> Mapping[Key, Sequence[Located]]:
    """Return where these source records live, parts in order; keys that live nowhere are left out."""
    found: dict[Key, list[Located]] = {}
    wanted = sorted(set(keys))
    for start in range(0, len(wanted), _SLICE):
        pairs = [(key.stream, key.id) for key in wanted[start : start + _SLICE]]
        query = (
            select(crosswalk)
            .where(tuple_(crosswalk.c.source_stream, crosswalk.c.source_id).in_(pairs))
            .order_by(crosswalk.c.source_stream, crosswalk.c.source_id, crosswalk.c.part)
        )
        for row in database.rows(query):
            found.setdefault(Key(row.source_stream, row.source_id), []).append(_located(row))
    return found


def located_at(database: Database, stream: str, ids: Sequence[int]) -> list[Located]:
    """Return the lines that end at these records of a destination stream, by source stream and id."""
    found: list[Located] = []
    for start in range(0, len(ids), _SLICE):
        query = (
            select(crosswalk)
            .where(crosswalk.c.stream == stream, crosswalk.c.destination_id.in_(ids[start : start + _SLICE]))
            .order_by(crosswalk.c.source_stream, crosswalk.c.rank, crosswalk.c.part)
        )
        found += map(_located, database.rows(query))
    return found


def located(database: Database, source_stream: str | None) -> Iterator[Located]:
    """Yield the crosswalk by stream, in numeric order of id, parts in order; in short transactions."""
    place = tuple_(crosswalk.c.source_stream, crosswalk.c.rank, crosswalk.c.part)
    query = (
        select(crosswalk).order_by(crosswalk.c.source_stream, crosswalk.c.rank, crosswalk.c.part).limit(_PAGE)
    )
    if source_stream is not None:
        query = query.where(crosswalk.c.source_stream == source_stream)
    page_query = query
    while page := database.rows(page_query):
        yield from map(_located, page)
        last = page[-1]
        page_query = query.where(place > (last.source_stream, last.rank, last.part))


def _located(row: Row[Any]) -> Located:
    return Located(
        key=Key(row.source_stream, row.source_id),
        part=row.part,
        stream=row.stream,
        destination_id=row.destination_id,
        fingerprint=row.fingerprint,
        adopted=row.adopted,
        created_in=row.created_in,
        written_in=row.written_in,
    )
