"""Transactions on either database; sqlite.py and postgres.py say how one begins and how one survives."""

import abc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, CursorResult, Dialect, Engine, Executable, Row, Select, Table
from sqlalchemy import Insert as AnyInsert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.compiler import SQLCompiler

T = TypeVar("T")
Insert = sqlite.Insert | postgresql.Insert  # the two that know ON CONFLICT
Fields = dict[str, Any]  # a line of a table, by column


class Prepared(NamedTuple):
    """A compiled statement, and what makes a line into its parameters."""

    sql: str
    arrange: Callable[[Fields], Any]


@dataclass(frozen=True, slots=True)
class Transaction:
    """What work inside one transaction can do."""

    database: "Database"
    connection: Connection

    def execute(self, statement: Executable) -> CursorResult[Any]:
        """Run one statement."""
        return self.connection.execute(statement)

    def many(self, key: str, make: Callable[[], Executable], lines: Sequence[Fields]) -> int:
        """Run one statement for every line and return how many lines of the table it touched.

        The statement is compiled once per key and the driver fed directly: SQLAlchemy's own way takes
        a third of the time of a whole batch.
        """
        if not lines:
            return 0
        prepared = self.database.prepared.get(key)
        if prepared is None:
            prepared = _prepare(make(), self.database.engine.dialect, lines[0])
            self.database.prepared[key] = prepared
        arranged = [prepared.arrange(line) for line in lines]
        return self.connection.exec_driver_sql(prepared.sql, arranged).rowcount

    def insert(self, table: Table) -> Insert:
        """Return an insert that knows ON CONFLICT."""
        return self.database.insert(table)


class Database(abc.ABC):
    """One database, with its two kinds of transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.prepared: dict[str, Prepared] = {}

    @abc.abstractmethod
    def write(self, work: Callable[[Transaction], T], *, serial: bool = True) -> T:
        """Do the work in one durable transaction and return its result.

        With `serial` no other process appends at the same time. `work` may be called again after a lost
        connection, but never after it has counted.
        """

    @abc.abstractmethod
    def read(self, work: Callable[[Transaction], T]) -> T:
        """Do the work in one short transaction that sees one moment, and return its result."""

    def rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        """Return what a query finds, in a transaction of its own."""
        return self.read(lambda tx: tx.execute(query).all())

    def scalar(self, query: Select[Any]) -> Any:
        """Return the first column of the first row that a query finds, or None."""
        return self.read(lambda tx: tx.execute(query).scalar())

    @abc.abstractmethod
    def forget(self, table: Table) -> None:
        """Make what was deleted from the table unreadable in the database's own files."""

    @abc.abstractmethod
    def insert(self, table: Table) -> Insert:
        """Return an insert that knows ON CONFLICT."""

    def probe(self) -> None:
        """Connect once, without patience: a wrong address should not take a minute to show."""
        self.engine.connect().close()

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def _prepare(statement: Executable, dialect: Dialect, line: Fields) -> Prepared:
    keys = list(line) if isinstance(statement, AnyInsert) else None
    compiled = statement.compile(dialect=dialect, column_keys=keys)  # type: ignore[attr-defined]  # Executable's checker hides ClauseElement.compile
    names: list[str] | None = compiled.positiontup if isinstance(compiled, SQLCompiler) else None
    return Prepared(compiled.string, (lambda whole: whole) if names is None else itemgetter(*names))
