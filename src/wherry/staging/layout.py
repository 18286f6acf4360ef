"""How a stream lies in a table: one text column for each field, and what staging keeps beside them."""

import re
from dataclasses import dataclass

from wherry.model.catalog import Field, Stream

_PLAIN_NAME = re.compile(r"[A-Za-z]\w*\Z", re.ASCII)

KEPT: dict[str, str] = {
    "_seq": "BIGINT",
    "_key": "VARCHAR",
    "_line": "INTEGER",
    "_base": "VARCHAR",
    "_raw_hash": "VARCHAR",
    "_fate": "VARCHAR",
    "_reason": "VARCHAR",
    "_field": "VARCHAR",
    "_detail": "VARCHAR",
    "_blocked_by": "VARCHAR",
    "_via": "VARCHAR",
    "_facts": "VARCHAR",
    "_word": "VARCHAR",
}
"""Columns beside the fields. `_word` is what a closed list does not know, where a record is rejected for it. `_via` is the reason of the filtered ancestor, where a record was filtered for it."""


def quoted(name: str) -> str:
    """Return an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Return an SQL text literal."""
    return "'" + value.replace("'", "''") + "'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Which column holds which field; a field keeps its name where SQL can take it."""

    stream: Stream
    columns: dict[str, str]  # field name → column

    @property
    def name(self) -> str:
        """Return the stream's name."""
        return self.stream.name

    def fields(self) -> list[tuple[Field, str]]:
        """Return each field with its column."""
        return [(field, self.columns[field.name]) for field in self.stream.fields]

    def sql(self, field: str, alias: str = "") -> str:
        """Return the SQL for a field's text, or NULL where the stream has no such field."""
        column = self.columns.get(field)
        if column is None:
            return "NULL::VARCHAR"
        return f"{alias}.{quoted(column)}" if alias else quoted(column)


def layout(stream: Stream) -> Layout:
    """Return a stream's layout; names that differ in case only, or are no plain words, are numbered."""
    columns: dict[str, str] = {}
    taken: set[str] = set()
    for place, field in enumerate(stream.fields):
        name = field.name
        if not _PLAIN_NAME.match(name) or name.casefold() in taken:
            name = f"x{place}"
        taken.add(name.casefold())
        columns[field.name] = name
    return Layout(stream=stream, columns=columns)
