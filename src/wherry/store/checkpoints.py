"""Where a run stands and what a resume starts from."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Executable, Row, bindparam, func, insert, select, update

from wherry.model.jsons import canonical_json
from wherry.model.ledger import EntryState
from wherry.model.run import RecordState, Run, RunKind, RunState
from wherry.store import approvals
from wherry.store.chain import Writer
from wherry.store.database import Database, Fields, Transaction
from wherry.store.order import rank
from wherry.store.tables import records, runs


def begin(tx: Transaction, wanted: Run) -> Run:
    """Start this run, or take up the newest unfinished one of the same kind, digest and options."""
    query = (
        select(runs)
        .where(
            runs.c.kind == wanted.kind,
            runs.c.digest == wanted.digest,
            runs.c.options == _options(wanted),
            runs.c.state != RunState.FINISHED,
        )
        .order_by(runs.c.number.desc())
    )
    row = tx.execute(query).first()
    approved_by = approvals.approver(tx, wanted.digest, wanted.kind)
    at = wanted.started_at.isoformat()
    if row is None:
        run = _start(tx, wanted, approved_by)
        _enter(tx, run, approved_by, at, f"{run.kind} began")
        return run
    run = replace(_run(row), state=RunState.RUNNING, finished_at=None)
    changed = {"state": str(run.state), "finished_at": None, "approved_by": approved_by}
    tx.execute(update(runs).where(runs.c.id == run.id).values(changed))
    _enter(tx, run, approved_by, at, f"{run.kind} resumed")
    return run


def _options(run: Run) -> str:
    return canonical_json(dict(run.options)).decode()


def _start(tx: Transaction, run: Run, approved_by: str) -> Run:
    number = (tx.execute(select(func.max(runs.c.number))).scalar() or 0) + 1
    run = replace(run, id=f"r{number}")
    tx.execute(
        insert(runs).values(
            number=number,
            id=run.id,
            kind=run.kind,
            digest=run.digest,
            options=_options(run),
            state=run.state,
            approved_by=approved_by,
            started_at=run.started_at.isoformat(),
            finished_at=None,
            calls=0,
            throttled=0,
        )
    )
    return run


def _enter(tx: Transaction, run: Run, approved_by: str, at: str, note: str) -> None:
    writer = Writer(tx)
    writer.add(
        {
            "run": run.id,
            "digest": run.digest,
            "operation_id": f"run:{run.id}",
            "state": str(EntryState.CONFIRMED),
            "verb": "run",
            "approved_by": approved_by,
            "at": at,
            "note": note,
        }
    )
    writer.flush()


def finish(tx: Transaction, run: str, state: RunState, at: str) -> Run:
    """Move a run to a state. Raises KeyError for no such run."""
    row = _row(tx, run)
    tx.execute(
        update(runs)
        .where(runs.c.id == run)
        .values(state=state, finished_at=None if state is RunState.RUNNING else at)
    )
    closed = _run(_row(tx, run))
    _enter(tx, closed, row.approved_by, at, f"{closed.kind} {state}")
    return closed


def spend(tx: Transaction, run: str, calls: int, throttled: int) -> None:
    """Add to the call figures of a run."""
    tx.once("runs.spend", _spending, {"run": run, "more": calls, "refused": throttled})


def _spending() -> Executable:
    more = {"calls": runs.c.calls + bindparam("more"), "throttled": runs.c.throttled + bindparam("refused")}
    return update(runs).where(runs.c.id == bindparam("run")).values(more)


def all_runs(tx: Transaction) -> Sequence[Run]:
    """Return all runs, oldest first."""
    return [_run(row) for row in tx.execute(select(runs).order_by(runs.c.number))]


def stamp(tx: Transaction, run: str) -> Fields:
    """Return what every entry of a run carries: run, digest, approved_by. Raises KeyError for no such run."""
    row = tx.once("runs.stamp", _stamp, {"run": run}).first()
    if row is None:
        raise _no_run(run)
    return {"run": run, "digest": row.digest, "approved_by": row.approved_by}


def _stamp() -> Executable:
    return select(runs.c.digest, runs.c.approved_by).where(runs.c.id == bindparam("run"))


def _no_run(run: str) -> KeyError:
    return KeyError(f"no run {run} in this store")


def _row(tx: Transaction, run: str) -> Row[Any]:
    row = tx.execute(select(runs).where(runs.c.id == run)).first()
    if row is None:
        raise _no_run(run)
    return row


def _run(row: Row[Any]) -> Run:
    return Run(
        id=row.id,
        kind=RunKind(row.kind),
        digest=row.digest,
        state=RunState(row.state),
        started_at=datetime.fromisoformat(row.started_at),
        finished_at=None if row.finished_at is None else datetime.fromisoformat(row.finished_at),
        calls=row.calls,
        throttled=row.throttled,
        options=orjson.loads(row.options),
    )


def pending(database: Database, run: str, stream: str, limit: int, after: str) -> Sequence[str]:
    """Return ids of records that wait, in numeric order, from after that id on."""
    query = (
        select(records.c.id)
        .where(records.c.run == run, records.c.stream == stream, records.c.state == RecordState.PENDING)
        .order_by(records.c.rank)
        .limit(limit)
    )
    if after:
        query = query.where(records.c.rank > rank(after))
    return database.read(lambda tx: list(tx.execute(query).scalars()))
