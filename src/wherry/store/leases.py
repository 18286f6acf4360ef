"""Who works on a run, and until when: timed claims that a dead process cannot renew.

Times are the database's, so that the clocks of the machines may differ.
"""

import contextlib
import os
import socket
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    cast,
    delete,
    func,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError

from wherry.model.errors import RunInProgress
from wherry.model.ports import COORDINATOR, Claim
from wherry.store.database import Database, Transaction
from wherry.store.tables import leases

REAPER_LOCK = 0x57_4845_5252_5B
_EPOCH: ColumnElement[Any] = literal_column("extract(epoch from clock_timestamp())")


# `application_name` says of each connection what `place` says of each lease. A process that came after the
# last beat of one that is gone may have its number.
_CUT_OFF = text(
    "SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN leases l "
    "ON a.application_name = left(replace(l.place, 'process ', 'wherry '), 63) "
    "WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() "
    "AND l.until <= extract(epoch from clock_timestamp()) "
    "AND extract(epoch from a.backend_start) < l.until - :ttl"
)


def _unlock(connection: Connection) -> None:
    with contextlib.suppress(DBAPIError):
        connection.execute(select(func.pg_advisory_unlock(REAPER_LOCK)))


class Leases:
    """The leases of one store on PostgreSQL; `ttl` is in seconds."""

    def __init__(self, database: Database, ttl: float) -> None:
        self._database = database
        self.ttl = ttl

    def take(self, worker: str, run: str, role: str) -> None:
        """Claim a part in a run. Raises RunInProgress while others carry another run out, or coordinate this one."""
        place = f"process {os.getpid()} on {socket.gethostname()}"
        self._database.write(lambda tx: self._take(tx, worker, Claim(run=run, role=role, place=place)))

    def _take(self, tx: Transaction, worker: str, claim: Claim) -> None:
        others = {name: held for name, held in self._live(tx).items() if name != worker}
        for held in others.values():
            if held.run != claim.run:
                raise RunInProgress.by(held.place, run=held.run)
            if held.role == claim.role == COORDINATOR:
                raise RunInProgress.by(
                    held.place,
                    run=held.run,
                    hint="wherry worker helps it; wherry load --stand-by waits for it",
                )
        until = self._now() + self.ttl
        line = tx.insert(leases).values(
            worker=worker, run=claim.run, role=claim.role, place=claim.place, until=until
        )
        tx.execute(line.on_conflict_do_update(index_elements=["worker"], set_={"until": until}))

    def renew(self, worker: str) -> bool:
        """Prolong a lease; False when it ran out and was taken away meanwhile."""
        renewed = update(leases).where(leases.c.worker == worker).values(until=self._now() + self.ttl)
        return self._database.write(lambda tx: tx.execute(renewed).rowcount == 1, serial=False)

    def leave(self, worker: str) -> None:
        """Give a lease back."""
        gone = delete(leases).where(leases.c.worker == worker)
        self._database.write(lambda tx: tx.execute(gone).rowcount, serial=False)

    def live(self) -> Mapping[str, Claim]:
        """Return the leases that have not run out, by worker."""
        return self._database.read(self._live)

    def reap(self) -> frozenset[str]:
        """Take away the leases that have run out, for good, and return the workers whose leases stand.

        Whoever held one is cut off the store: a process that stands still, or whose machine is gone, would
        keep its lock for hours. Alive, it connects anew, finds its lease gone, and ends.
        """

        def sweep(tx: Transaction) -> frozenset[str]:
            tx.connection.execute(_CUT_OFF, {"ttl": self.ttl})
            tx.execute(delete(leases).where(leases.c.until <= self._now()))
            return frozenset(tx.execute(select(leases.c.worker)).scalars())

        return self._database.write(sweep, serial=False)

    def alone(self, work: Callable[[], None]) -> bool:
        """Do the work while no other process does; False, and nothing done, when one does."""
        # Held by a session, outside of any transaction: making an index waits for every open one.
        with contextlib.ExitStack() as stack:
            try:
                connection = stack.enter_context(self._database.engine.connect())
                connection = connection.execution_options(isolation_level="AUTOCOMMIT")
                if not connection.execute(select(func.pg_try_advisory_lock(REAPER_LOCK))).scalar():
                    return False
            except DBAPIError:
                return False  # the server is away; who asks will ask again
            stack.callback(_unlock, connection)
            work()
        return True

    def _live(self, tx: Transaction) -> dict[str, Claim]:
        rows = tx.execute(select(leases).where(leases.c.until > self._now()))
        return {row.worker: Claim(run=row.run, role=row.role, place=row.place) for row in rows}

    @staticmethod
    def _now() -> Any:
        return cast(_EPOCH, Float(53))
