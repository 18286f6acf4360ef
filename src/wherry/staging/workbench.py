"""The scratch database in which records wait for their fate; bounded memory, thrown away afterwards."""

# ruff: noqa: S608 - names and literals in SQL are quoted by layout.py; DuckDB cannot bind identifiers

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from wherry.model.catalog import Catalog, Stream
from wherry.model.jsons import canonical_json
from wherry.model.ports import Extracted
from wherry.staging.canonical import encode
from wherry.staging.layout import KEPT, Layout, layout, quoted, text
from wherry.staging.vault import Vault

_BYTES_A_LOAD = 48 << 20


class Workbench:
    """One table for each stream, named as the stream."""

    def __init__(self, vault: Vault, folder: Path, catalog: Catalog) -> None:
        self._vault, self._folder = vault, folder
        self.filled: set[str] = set()  # streams with records; the others need no statement
        self.layouts: dict[str, Layout] = {stream.name: layout(stream) for stream in catalog.streams}
        self.run("SET preserve_insertion_order = false")
        for shape in self.layouts.values():
            kept = [f"{name} {type_}" for name, type_ in KEPT.items()]
            own = [f"{quoted(column)} VARCHAR" for _, column in shape.fields()]
            self.run(f"CREATE TABLE {quoted(shape.name)} ({', '.join(kept + own)})")

    def run(self, sql: str, parameters: Iterable[Any] = ()) -> None:
        """Run a statement for its effect."""
        self._vault.execute(sql, list(parameters))

    def rows(self, sql: str, parameters: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query that gives few."""
        return self._vault.execute(sql, list(parameters))

    def number(self, sql: str, parameters: Iterable[Any] = ()) -> int:
        """Return the one number that a query gives."""
        return int(self.rows(sql, parameters)[0][0] or 0)

    def close(self) -> None:
        """Let go of the database and of what it spilt."""
        self._vault.close()

    def place(self, path: Path) -> str:
        """Return a file as SQL names it."""
        return self._vault.place(path)

    def create(self, path: Path) -> BinaryIO:
        """Return a new file that SQL can read under its place once it is closed."""
        return self._vault.sealer.create(path)

    def loader(self, stream: Stream) -> "Loader":
        """Return what takes the records of a stream in."""
        return Loader(self, self.layouts[stream.name], self._folder)


class Loader:
    """Takes records in, some tens of megabytes at a time."""

    def __init__(self, bench: Workbench, shape: Layout, folder: Path) -> None:
        self._bench = bench
        self._name = shape.name
        self._table = quoted(shape.name)
        self._path = folder / "load.ndjson"
        names = list(KEPT) + [column for _, column in shape.fields()]
        places = {name: str(place) for place, name in enumerate(names)}
        types = [f"{text(place)}: {text(KEPT.get(name, 'VARCHAR'))}" for name, place in places.items()]
        self._columns = "{" + ", ".join(types) + "}"
        self._select = ", ".join(f"{quoted(place)} AS {quoted(name)}" for name, place in places.items())
        self._fields = [(field.name, places[column]) for field, column in shape.fields()]
        self._kept = [places[name] for name in KEPT]
        self._file: BinaryIO | None = None
        self._held = 0
        self.count = 0

    def add(self, record: Extracted) -> None:
        """Take one record in."""
        row: dict[str, Any] = {}
        values: dict[str, str] = {}
        for name, place in self._fields:
            encoded = encode(record.values.get(name))
            if encoded is not None:
                row[place] = values[name] = encoded
        staged = record.staged
        base = hashlib.sha256(canonical_json(values)).hexdigest()
        kept = (
            self.count,
            staged.key.id,
            staged.line,
            base,
            record.raw_hash,
            staged.fate.value,
            staged.reason,
            staged.field,
            staged.detail,
            staged.blocked_by,
            None,
            None,
            record.word or None,
        )
        row.update(zip(self._kept, kept, strict=True))
        self._write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
        self.count += 1

    def _write(self, line: bytes) -> None:
        if self._file is None:
            self._file = self._bench.create(self._path)
        self._file.write(line)
        self._held += len(line)
        if self._held >= _BYTES_A_LOAD:
            self.flush()

    def flush(self) -> None:
        """Move what was taken in since the last time into the table."""
        if self._file is None:
            return
        self._file.close()
        self._file = None
        self._held = 0
        self._bench.filled.add(self._name)
        place = self._bench.place(self._path)
        source = f"read_json({place}, format='newline_delimited', columns={self._columns})"
        self._bench.run(f"INSERT INTO {self._table} SELECT {self._select} FROM {source}")
        self._path.unlink()

    def abandon(self) -> None:
        """Close the file that is being written, if any."""
        if self._file is not None:
            self._file.close()
