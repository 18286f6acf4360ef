"""How a field is filled over all ready records: what the proposer and the pick-list builder look at."""

from collections.abc import Sequence
from pathlib import Path

from wherry.model.ports import ValueProfile
from wherry.staging.layout import quoted
from wherry.staging.vault import Vault

_TOP = 50


def profile(vault: Vault, shards: Sequence[Path], column: str) -> ValueProfile:
    """Return the profile of one column over shards."""
    if not shards:
        return ValueProfile(records=0, filled=0, distinct=0, top=(), max_length=0)
    name = quoted(column)
    files = ", ".join(vault.place(path) for path in shards)
    ready = f"FROM read_parquet([{files}]) WHERE _fate = 'ready'"
    figures = f"SELECT count(*), count({name}), count(DISTINCT {name}), max(length({name})) {ready}"
    records, filled, distinct, longest = vault.execute(figures)[0]
    most = f"SELECT {name}, count(*) AS n {ready} AND {name} IS NOT NULL GROUP BY 1 ORDER BY n DESC, 1 LIMIT {_TOP}"
    top = tuple((str(value), int(count)) for value, count in vault.execute(most))
    return ValueProfile(records=records, filled=filled, distinct=distinct, top=top, max_length=longest or 0)
