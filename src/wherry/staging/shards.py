"""Parquet shards: what a snapshot is made of on disk."""

# ruff: noqa: S608 - names and literals in SQL are quoted by layout.py; DuckDB cannot bind identifiers

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wherry.model.catalog import FieldType
from wherry.staging.layout import Layout, quoted
from wherry.staging.relations import NUMBER
from wherry.staging.vault import Vault
from wherry.staging.workbench import Workbench

_FETCH = 2_000


def write_shards(bench: Workbench, shape: Layout, folder: Path, records: int) -> None:
    """Write a stream's table, in key order, as shards of so many records.

    A record's hash is that of its values; where staging added facts, or moved it to another parent, these
    count too, so that a change in them is a change of the record.
    """
    (folder / shape.name).mkdir()
    if shape.name not in bench.filled:
        return
    table = quoted(shape.name)
    number = NUMBER.format(key="_key")
    bench.run(
        f"""
        CREATE OR REPLACE TEMP TABLE place AS
        SELECT _seq, row_number() OVER (ORDER BY {number} NULLS LAST, length(_key), _key) - 1 AS _ord FROM {table}
        """
    )
    total = bench.number("SELECT count(*) FROM place")
    references = [quoted(c) for f, c in shape.fields() if f.type is FieldType.REFERENCE]
    added = ", ".join(["'|'", "_base", "_facts", *references])
    columns = ", ".join(quoted(column) for _, column in shape.fields())
    for shard, start in enumerate(range(0, total, records)):
        path = folder / shape.name / f"{shard:05}.parquet"
        bench.run(
            f"""
            COPY (
              SELECT _ord, {number} AS _n, _key, _line,
                     CASE WHEN _facts IS NULL THEN _base ELSE sha256(concat_ws({added})) END AS _hash,
                     _raw_hash, _fate, _reason, _field, _detail, _blocked_by, _via, _facts, {columns}
              FROM {table} JOIN place USING (_seq)
              WHERE _ord >= {start} AND _ord < {start + records} ORDER BY _ord
            ) TO {bench.place(path)} (FORMAT parquet, COMPRESSION zstd)
            """
        )
        fsync(path)
    bench.run("DROP TABLE place")


def shard_files(folder: Path, stream: str) -> list[Path]:
    """Return a stream's shards in order."""
    return sorted((folder / stream).glob("*.parquet"))


def scan(vault: Vault, path: Path, columns: str, where: str = "true") -> Iterator[tuple[Any, ...]]:
    """Yield rows of one shard in order, a few thousand in memory at a time."""
    shard = vault.place(path)
    return vault.rows(f"SELECT {columns} FROM read_parquet({shard}) WHERE {where} ORDER BY _ord", _FETCH)


def digest_of(vault: Vault, folder: Path, streams: list[str]) -> str:
    """Return the sha256 over (stream, key, hash, fate, reason) of every record, in key order."""
    digest = hashlib.sha256()
    for stream in sorted(streams):
        for path in shard_files(folder, stream):
            for row in scan(vault, path, "_key, _hash, _fate, _reason"):
                digest.update("\x1f".join((stream, *row)).encode())
                digest.update(b"\n")
    return digest.hexdigest()


def fsync(path: Path) -> None:
    """Make sure that a file, or a folder's list of files, is on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
