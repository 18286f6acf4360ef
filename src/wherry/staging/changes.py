"""What changed between two snapshots: the work of a delta."""

# ruff: noqa: S608 - names and literals in SQL are quoted by layout.py; DuckDB cannot bind identifiers

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from wherry.model.record import Key
from wherry.staging.shards import shard_files
from wherry.staging.snapshot import ParquetSnapshot
from wherry.staging.vault import Vault

_FETCH = 2_000
_MEMORY_MB = 256


class ChangeKind(StrEnum):
    """What became of a record."""

    CREATED = "created"  # ready now, and was not before
    CHANGED = "changed"  # ready both times, with other values or facts
    DELETED = "deleted"  # was ready, and is in the source no more
    WITHDRAWN = "withdrawn"  # was ready, is still there, and has another fate now


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One record that is not what it was; `fate` and `reason` are those of now, empty where it is gone."""

    key: Key
    kind: ChangeKind
    fate: str = ""
    reason: str = ""


def compare(old: ParquetSnapshot, new: ParquetSnapshot, streams: list[str] | None = None) -> Iterator[Change]:
    """Yield what changed from `old` to `new`, stream by stream in the new catalog's order, by key order.

    A merged record is withdrawn with fate `merged`. Bounded memory.
    """
    names = [stream.name for stream in new.catalog.streams]
    names += [stream.name for stream in old.catalog.streams if stream.name not in names]
    for name in names:
        if streams is None or name in streams:
            yield from _stream(old, new, name)


def _stream(old: ParquetSnapshot, new: ParquetSnapshot, stream: str) -> Iterator[Change]:
    sealer = new.sealer
    vault = Vault(sealer, new.folder.parent, memory_mb=_MEMORY_MB, threads=1 if sealer.sealed else 2)
    sql = f"""
        SELECT coalesce(n._key, o._key) AS key,
          CASE WHEN n._key IS NULL THEN 'deleted'
               WHEN n._fate <> 'ready' THEN 'withdrawn'
               WHEN o._fate IS DISTINCT FROM 'ready' THEN 'created' ELSE 'changed' END AS kind,
          coalesce(n._fate, ''), coalesce(n._reason, '')
        FROM ({_records(vault, old, stream)}) o FULL OUTER JOIN ({_records(vault, new, stream)}) n ON n._key = o._key
        WHERE (o._fate = 'ready' OR n._fate = 'ready')
          AND (o._hash IS DISTINCT FROM n._hash OR o._fate IS DISTINCT FROM n._fate)
        ORDER BY coalesce(n._n, o._n) NULLS LAST, length(key), key
    """
    try:
        for key, kind, fate, reason in vault.rows(sql, _FETCH):
            yield Change(key=Key(stream, key), kind=ChangeKind(kind), fate=fate, reason=reason)
    finally:
        vault.close()


def _records(vault: Vault, snapshot: ParquetSnapshot, stream: str) -> str:
    files = shard_files(snapshot.folder, stream)
    if not files:
        return (
            "SELECT ''::VARCHAR AS _key, 0::BIGINT AS _n, '' AS _hash, '' AS _fate, '' AS _reason WHERE false"
        )
    names = ", ".join(vault.place(path) for path in files)
    return f"SELECT _key, _n, _hash, _fate, _reason FROM read_parquet([{names}])"
