"""Records that were not loaded, each kept with a coded why."""

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select, tuple_

from wherry.model.record import Key
from wherry.model.run import Reason, RecordState, StateChange
from wherry.store.database import Database
from wherry.store.tables import records

_PAGE = 2_000
_STATES = (RecordState.REJECTED, RecordState.DEFERRED)


def rejects(database: Database, run: str) -> Iterator[StateChange]:
    """Yield rejected and deferred records of a run by stream, state and numeric id; in short transactions."""
    return _listed(database, run, records.c.state.in_([str(state) for state in _STATES]))


def noted(database: Database, run: str, reasons: Collection[str]) -> Iterator[StateChange]:
    """Yield the records of a run with one of these reasons by stream, state and numeric id."""
    return _listed(database, run, records.c.reason.in_(sorted(reasons)))


def reasons(database: Database, run: str) -> tuple[Reason, ...]:
    """Return how many records of a run are in which state for which reason, by stream, state and reason."""
    group = (records.c.stream, records.c.state, records.c.reason)
    query = (
        select(*group, func.min(records.c.hint).label("hint"), func.count().label("found"))
        .where(records.c.run == run, records.c.reason != "")
        .group_by(*group)
        .order_by(*group)
    )
    return tuple(
        Reason(
            stream=row.stream,
            state=RecordState(row.state),
            reason=row.reason,
            hint=row.hint,
            count=row.found,
        )
        for row in database.rows(query)
    )


def _listed(database: Database, run: str, which: ColumnElement[bool]) -> Iterator[StateChange]:
    place = tuple_(records.c.stream, records.c.state, records.c.rank)
    query = (
        select(records)
        .where(records.c.run == run, which)
        .order_by(records.c.stream, records.c.state, records.c.rank)
        .limit(_PAGE)
    )
    page_query = query
    while page := database.rows(page_query):
        yield from map(_change, page)
        last = page[-1]
        page_query = query.where(place > (last.stream, last.state, last.rank))


def _change(row: Row[Any]) -> StateChange:
    return StateChange(
        key=Key(row.stream, row.id),
        state=RecordState(row.state),
        reason=row.reason,
        hint=row.hint,
        field=row.field,
        blocked_by=row.blocked_by,
    )
