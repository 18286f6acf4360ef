"""How a field is filled over all ready records: what the proposer and the pick-list builder look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from wherry.staging.layout import quoted, text

_TOP = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueProfile:
    """Counts of one field. `top` are the most frequent values with their counts, at most 50; the repr hides them."""

    records: int
    filled: int
    distinct: int
    top: tuple[tuple[str, int], ...]
    max_length: int  # characters

    def __repr__(self) -> str:
        return f"ValueProfile({self.filled} of {self.records} filled, {self.distinct} distinct)"


def profile(connection: duckdb.DuckDBPyConnection, shards: Sequence[Path], column: str) -> ValueProfile:
    """Return the profile of one column over shards."""
    if not shards:
        return ValueProfile(records=0, filled=0, distinct=0, top=(), max_length=0)
    name = quoted(column)
    files = ", ".join(text(str(path)) for path in shards)
    ready = f"FROM read_parquet([{files}]) WHERE _fate = 'ready'"
    cursor = connection.cursor()
    try:
        cursor.execute(f"SELECT count(*), count({name}), count(DISTINCT {name}), max(length({name})) {ready}")
        records, filled, distinct, longest = cursor.fetchall()[0]
        cursor.execute(
            f"SELECT {name}, count(*) AS n {ready} AND {name} IS NOT NULL GROUP BY 1 ORDER BY n DESC, 1 LIMIT {_TOP}"
        )
        top = tuple((str(value), int(count)) for value, count in cursor.fetchall())
    finally:
        cursor.close()
    return ValueProfile(records=records, filled=filled, distinct=distinct, top=top, max_length=longest or 0)
