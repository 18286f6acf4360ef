"""Transactions on either database; sqlite.py and postgres.py say how one begins and how one survives."""

import abc
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Row, Select, Table
from sqlalchemy.dialects import postgresql, sqlite

T = TypeVar("T")


class Database(abc.ABC):
    """One database, with its two kinds of transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @abc.abstractmethod
    def write(self, work: Callable[[Connection], T], *, serial: bool = True) -> T:
        """Do the work in one durable transaction and return its result.

        With `serial` no other process appends at the same time. `work` may be called again after a lost
        connection, but never after it has counted.
        """

    @abc.abstractmethod
    def read(self, work: Callable[[Connection], T]) -> T:
        """Do the work in one short transaction that sees one moment, and return its result."""

    def rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        """Return what a query finds, in a transaction of its own."""
        return self.read(lambda connection: connection.execute(query).all())

    @abc.abstractmethod
    def insert(self, table: Table) -> "Insert":
        """Return an insert that knows ON CONFLICT."""

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


Insert = sqlite.Insert | postgresql.Insert
Fields = dict[str, Any]  # a line of a table, by column
