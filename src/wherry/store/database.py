"""Transactions on either database; sqlite.py and postgres.py say how one begins and how one survives."""

import abc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar

from sqlalchemy import Connection, CursorResult, Dialect, Engine, Executable, Row, Select, Table
from sqlalchemy import Insert as AnyInsert
from sqlalchemy.sql.compiler import SQLCompiler

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite  # a store loads the one that it uses

    Insert = sqlite.Insert | postgresql.Insert  # the two that know ON CONFLICT

T = TypeVar("T")
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
        prepared = self._prepared(key, make, lines[0])
        arranged = [prepared.arrange(line) for line in lines]
        return self.connection.exec_driver_sql(prepared.sql, arranged).rowcount

    def once(self, key: str, make: Callable[[], Executable], line: Fields) -> CursorResult[Any]:
        """Run one statement, compiled once per key as in many(); its rows hold what the driver gives."""
        prepared = self._prepared(key, make, line)
        return self.connection.exec_driver_sql(prepared.sql, prepared.arrange(line))

    def _prepared(self, key: str, make: Callable[[], Executable], line: Fields) -> Prepared:
        prepared = self.database.prepared.get(key)
        if prepared is None:
            prepared = _prepare(make(), self.database.engine.dialect, line)
            self.database.prepared[key] = prepared
        return prepared

    def insert(self, table: Table) -> "Insert":
        """Return an insert that knows ON CONFLICT."""
        return self.database.insert(table)


class Database(abc.ABC):
    """One database, with its two kinds of transaction; `shared` where several machines can reach it."""

    shared: ClassVar[bool] = False

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.prepared: dict[str, Prepared] = {}

    @abc.abstractmethod
    def write(self, work: Callable[[Transaction], T], *, serial: bool = True, durable: bool = True) -> T:
        """Do the work in one transaction and return its result.

        With `serial` no other process appends at the same time. With `durable` it outlasts a loss of
        power; without, only the death of every process that uses the store. `work` may be called again after a lost
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
    def insert(self, table: Table) -> "Insert":
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
    return Prepared(compiled.string, (lambda whole: whole) if names is None else _arranged(names))


def _arranged(names: Sequence[str]) -> Callable[[Fields], Any]:
    # itemgetter gives no sequence for one name, and wants at least one.
    return itemgetter(*names) if len(names) > 1 else lambda line: tuple(line[name] for name in names)
