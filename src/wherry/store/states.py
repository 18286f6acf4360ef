"""Every record of a run in exactly one state, and the count of what was read beside it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import groupby, islice
from typing import Any

from sqlalchemy import Executable, func, select

from wherry.model.record import Key
from wherry.model.run import RecordState, StateChange, StreamCounts
from wherry.store.database import Database, Fields, Transaction
from wherry.store.order import rank
from wherry.store.tables import records, totals

_BATCH = 5_000
_SLICE = 400


def enlist(database: Database, run: str, states: Iterable[StateChange]) -> None:
    """Write down the records of a run in batches; what is there already is left as it is.

    `read` counts what comes in. In a stream that was empty before this call, a key that comes twice
    counts twice and so shows as unexplained: nothing may hide behind a key it shares.
    """
    fresh: dict[str, bool] = {}
    rest = iter(states)
    while batch := list(islice(rest, _BATCH)):
        by_stream: dict[str, list[Fields]] = {}
        for change in batch:
            by_stream.setdefault(change.key.stream, []).append(_line(run, change))
        work = partial(_enlist, by_stream=by_stream, fresh=fresh)
        database.write(work)


def _enlist(tx: Transaction, by_stream: Mapping[str, list[Fields]], fresh: dict[str, bool]) -> None:
    for stream, lines in by_stream.items():
        run = lines[0]["run"]
        if stream not in fresh:
            there = select(totals.c.read).where(totals.c.run == run, totals.c.stream == stream)
            fresh[stream] = tx.execute(there).first() is None
        inserted = tx.many("records.new", lambda: tx.insert(records).on_conflict_do_nothing(), lines)
        total = tx.insert(totals).values(
            run=run, stream=stream, read=len(lines) if fresh[stream] else inserted
        )
        tx.execute(
            total.on_conflict_do_update(
                index_elements=["run", "stream"], set_={"read": totals.c.read + total.excluded.read}
            )
        )


def _line(run: str, change: StateChange) -> Fields:
    return {
        "run": run,
        "stream": change.key.stream,
        "id": change.key.id,
        "rank": rank(change.key.id),
        "state": str(change.state),
        "reason": change.reason,
        "hint": change.hint,
        "field": change.field,
        "blocked_by": change.blocked_by,
    }


def move(tx: Transaction, run: str, states: Sequence[StateChange]) -> None:
    """Move records to their states; the last word on each record counts."""
    last = {change.key: _line(run, change) for change in states}
    if not last:
        return
    tx.many("records.move", lambda: _moving(tx), list(last.values()))


def _moving(tx: Transaction) -> Executable:
    statement = tx.insert(records)
    names = ("state", "reason", "hint", "field", "blocked_by")
    # A record that was never enlisted is kept as well: it shows as unexplained, below zero.
    return statement.on_conflict_do_update(
        index_elements=["run", "stream", "id"], set_={name: statement.excluded[name] for name in names}
    )


def counts(database: Database, run: str) -> Mapping[str, StreamCounts]:
    """Return the conservation table of a run."""

    def look(tx: Transaction) -> tuple[Sequence[Any], Sequence[Any]]:
        grouped = (
            select(records.c.stream, records.c.state, func.count().label("n"))
            .where(records.c.run == run)
            .group_by(records.c.stream, records.c.state)
        )
        expected = select(totals.c.stream, totals.c.read).where(totals.c.run == run)
        return tx.execute(grouped).all(), tx.execute(expected).all()

    found, expected = database.read(look)
    table: dict[str, Counter[RecordState]] = {row.stream: Counter() for row in expected}
    for row in found:
        table.setdefault(row.stream, Counter())[RecordState(row.state)] += row.n
    read = {row.stream: row.read for row in expected}
    return {
        stream: StreamCounts(read=read.get(stream, 0), states={state: tally[state] for state in RecordState})
        for stream, tally in sorted(table.items())
    }


def states_of(database: Database, run: str, keys: Iterable[Key]) -> Mapping[Key, RecordState]:
    """Return the state of these records; keys that were never enlisted are left out."""
    found: dict[Key, RecordState] = {}
    for stream, group in groupby(sorted(set(keys)), key=lambda key: key.stream):
        ids = [key.id for key in group]
        for start in range(0, len(ids), _SLICE):
            query = select(records.c.id, records.c.state).where(
                records.c.run == run,
                records.c.stream == stream,
                records.c.id.in_(ids[start : start + _SLICE]),
            )
            for row in database.rows(query):
                found[Key(stream, row.id)] = RecordState(row.state)
    return found
