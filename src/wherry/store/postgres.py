"""PostgreSQL: the same schema for several processes and machines; a lost connection is taken up again."""

import contextlib
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import TypeVar

from sqlalchemy import URL, Connection, Table, create_engine, delete, func, select, text
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.exc import DBAPIError, OperationalError

from wherry.model.errors import RunInProgress, Unavailable
from wherry.model.ports import COORDINATOR
from wherry.store.database import Database, Transaction
from wherry.store.tables import writers

T = TypeVar("T")

CHAIN_LOCK = 0x57_4845_5252_59  # one number for the whole database, the same in every process
WORKSPACE_LOCK = CHAIN_LOCK + 1
_PATIENCE_SECONDS = 60.0
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 2.0


class PostgresDatabase(Database):
    """One database on a server, reached over TCP.

    Serial work holds an advisory lock until its commit. Each process notes the number of its newest
    serial transaction in the same transaction: when the connection is lost during a commit, that tells
    whether it counted.
    """

    shared = True

    def __init__(self, url: URL, *, patience: float = _PATIENCE_SECONDS) -> None:
        driver = url.set(drivername="postgresql+psycopg")
        name = f"wherry {os.getpid()} on {socket.gethostname()}"
        super().__init__(
            create_engine(
                driver,
                pool_size=8,
                max_overflow=32,
                connect_args={"application_name": name[:63], "connect_timeout": 10},
            )
        )
        self._patience = patience
        self._writer = uuid.uuid4().hex
        self._turn = threading.RLock()
        self._turns = 0

    def write(self, work: Callable[[Transaction], T], *, serial: bool = True, durable: bool = True) -> T:
        """See Database; raises Unavailable where the server stays away for longer than the patience.

        Every write is durable here: the server is a process of its own, and may die by itself.
        """
        del durable
        if not serial:
            return self.patiently(lambda: self._once(work))
        with self._turn:
            self._turns += 1
            results: list[T] = []
            return self.patiently(lambda: self._in_turn(work, results))

    def _once(self, work: Callable[[Transaction], T]) -> T:
        with self.engine.begin() as connection:
            return work(Transaction(self, connection))

    def _in_turn(self, work: Callable[[Transaction], T], results: list[T]) -> T:
        with self.engine.begin() as connection:
            tx = Transaction(self, connection)
            tx.execute(select(func.pg_advisory_xact_lock(CHAIN_LOCK)))
            # The lock is granted once the lost transaction has ended, one way or the other.
            if results and self._counted(tx):
                return results[-1]
            results.append(work(tx))
            self._note(tx)
        return results[-1]

    def _counted(self, tx: Transaction) -> bool:
        newest = select(writers.c.turn).where(writers.c.writer == self._writer)
        return tx.execute(newest).scalar() == self._turns

    def _note(self, tx: Transaction) -> None:
        statement = Insert(writers).values(writer=self._writer, turn=self._turns)
        tx.execute(
            statement.on_conflict_do_update(index_elements=["writer"], set_={"turn": statement.excluded.turn})
        )

    def read(self, work: Callable[[Transaction], T]) -> T:
        """See Database; raises Unavailable where the server stays away for longer than the patience."""
        return self.patiently(lambda: self._look(work))

    def _look(self, work: Callable[[Transaction], T]) -> T:
        with self.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            return work(Transaction(self, connection))

    def patiently(self, transaction: Callable[[], T]) -> T:
        """Do it, again where the server was lost; raises Unavailable where it stays away for too long."""
        until = time.monotonic() + self._patience
        pause = _FIRST_PAUSE
        while True:
            try:
                return transaction()
            except DBAPIError as error:
                if not _lost(error):
                    raise
                if time.monotonic() + pause > until:
                    raise Unavailable(
                        f"The PostgreSQL server of the store has not answered for {self._patience:.0f} s",
                        hint="Start it again, then run the same command: it resumes where it stopped.",
                    ) from error
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def forget(self, table: Table) -> None:
        """See Database; the table is rewritten, so that dead lines leave its file."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"VACUUM FULL {table.name}")

    def insert(self, table: Table) -> Insert:
        """See Database."""
        return Insert(table)

    def close(self) -> None:
        """Forget this process's own mark and give the connections back."""
        with contextlib.suppress(DBAPIError), self.engine.begin() as connection:
            connection.execute(delete(writers).where(writers.c.writer == self._writer))
        super().close()


def _lost(error: DBAPIError) -> bool:
    """Return whether the server went away or is not up yet, as against refusing what was asked."""
    # Class 57 is the server's own stopping and starting, 08 the connection's; no code at all means that
    # nobody answered. 40 is a transaction that lost against another and may simply be repeated.
    code = getattr(error.orig, "sqlstate", None)
    if error.connection_invalidated:
        return True
    if code is None:
        return isinstance(error, OperationalError)
    return str(code)[:2] in {"08", "40", "57"} or code == "53300"


class ServerLock:
    """One process at a time on one store, held by a session of the server and gone with it."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    @contextlib.contextmanager
    def held(self, verb: str = "", *, joining: bool = False) -> Iterator[None]:  # noqa: ARG002 - the run is said by the leases
        """Hold the lock, or raise RunInProgress naming who holds it; a server that is away is waited for.

        Workers of a run that goes on without its coordinator count as holders too, unless who asks is
        `joining` their run: the leases then see to it that it is the same.
        """
        with self._database.patiently(lambda: self._taken(joining=joining)) as connection:
            try:
                yield
            finally:
                with contextlib.suppress(DBAPIError):
                    connection.execute(select(func.pg_advisory_unlock(WORKSPACE_LOCK)))

    def _taken(self, *, joining: bool) -> Connection:
        """Return the session that holds the lock; where it is not to be had, the session ends."""
        with contextlib.ExitStack() as opened:
            engine = self._database.engine
            connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            opened.callback(connection.close)
            opened.callback(connection.invalidate)  # a lock that was taken goes with its session
            if not connection.execute(select(func.pg_try_advisory_lock(WORKSPACE_LOCK))).scalar():
                raise self._holder(connection)
            if not joining:
                self._require_no_workers(connection)
            opened.pop_all()
        return connection

    @staticmethod
    def _holder(connection: Connection) -> RunInProgress:
        at = {"high": WORKSPACE_LOCK >> 32, "low": WORKSPACE_LOCK & 0xFFFFFFFF}
        who = connection.execute(_HOLDER, at).first()
        run = connection.execute(_COORDINATED, {"role": COORDINATOR}).scalar() or ""
        if who is None:
            return RunInProgress.by("a process that has just ended", run=run)
        return RunInProgress.by(str(who.name).replace("wherry ", "process ", 1), run=run, since=who.since)

    @staticmethod
    def _require_no_workers(connection: Connection) -> None:
        worker = connection.execute(_WORKING).first()
        if worker is not None:
            raise RunInProgress.by(worker.place, run=worker.run, verb="worker")


_WORKING = text("SELECT place, run FROM leases WHERE until > extract(epoch from clock_timestamp()) LIMIT 1")

_COORDINATED = text(
    "SELECT run FROM leases WHERE role = :role AND until > extract(epoch from clock_timestamp()) LIMIT 1"
)

# What its session did last was to take the lock.
_HOLDER = text(
    "SELECT a.application_name AS name, "
    "to_char(a.query_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC' AS since FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
    "AND l.classid::bigint = :high AND l.objid::bigint = :low "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
