"""SQLite: a file in WAL mode, every commit on the disk before it is reported."""

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, StaticPool, Table, create_engine, event
from sqlalchemy.dialects.sqlite import Insert

from wherry.store.database import Database, Transaction

T = TypeVar("T")

_BUSY_SECONDS = 60
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",  # what a purge deletes must not stay in free pages
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -65536",
)


class SqliteDatabase(Database):
    """One file, one writer at a time; threads of this process queue for it instead of polling."""

    def __init__(self, url: URL) -> None:
        path = file_of(url)
        memory = path is None
        if path is not None:
            _create_private(path)
        super().__init__(
            create_engine(url, connect_args={"check_same_thread": False}, poolclass=StaticPool)
            if memory
            else create_engine(url, connect_args={"timeout": _BUSY_SECONDS}, pool_size=32, max_overflow=-1)
        )
        event.listen(self.engine, "connect", _prepare)
        event.listen(self.engine, "begin", _begin)
        self._writer = self.engine.execution_options(immediate=True)
        self._light = self._writer if memory else _light_writer(url)
        self._turn = threading.RLock()
        self._reading: contextlib.AbstractContextManager[Any] = (
            self._turn if memory else contextlib.nullcontext()
        )

    def write(self, work: Callable[[Transaction], T], *, serial: bool = True, durable: bool = True) -> T:
        """See Database; every write is serial here."""
        del serial
        writer = self._writer if durable else self._light
        with self._turn, writer.begin() as connection:
            return work(Transaction(self, connection))

    def read(self, work: Callable[[Transaction], T]) -> T:
        """See Database."""
        with self._reading, self.engine.begin() as connection:
            return work(Transaction(self, connection))

    def forget(self, table: Table) -> None:
        """See Database; deleted cells are overwritten at once, copies in the log are cut off here."""
        del table
        with self._turn:
            raw = self.engine.raw_connection()
            try:
                raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                raw.close()

    def insert(self, table: Table) -> Insert:
        """See Database."""
        return Insert(table)

    def close(self) -> None:
        """See Database."""
        super().close()
        self._light.dispose()


def _light_writer(url: URL) -> Engine:
    """Return an engine whose commits do not wait for the disk; the next durable commit takes them along."""
    light = create_engine(url, connect_args={"timeout": _BUSY_SECONDS})
    event.listen(light, "connect", _prepare_light)
    event.listen(light, "begin", _begin)
    return light.execution_options(immediate=True)


def file_of(url: URL) -> Path | None:
    """Return the file of the database, or None where it lives in memory."""
    return None if url.database in {None, "", ":memory:"} else Path(str(url.database))


def _create_private(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _prepare(dbapi: Any, _record: object) -> None:
    # The driver's own transactions would begin late and never as IMMEDIATE: _begin does it instead.
    dbapi.isolation_level = None
    cursor = dbapi.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _prepare_light(dbapi: Any, record: object) -> None:
    _prepare(dbapi, record)
    cursor = dbapi.cursor()
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
