"""Turns a sorted folder into the files of a bundle, and remembers where each record came from."""

import csv
import hashlib
import io
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import orjson

from wherry.connectors.bundle.columns import SHEETS, Sheet
from wherry.connectors.bundle.container import MANIFEST
from wherry.connectors.bundle.overrides import Overrides
from wherry.connectors.folder.lookups import MADE, Cells, Lookup, new_entry
from wherry.connectors.folder.raw import RawFile
from wherry.connectors.folder.rows import MOMENTS, RAGGED, Part, canonical, confirmed_words, rows_of
from wherry.connectors.folder.sorting import BOTH_NAMES, CUSTOM, PLACE, Sorting
from wherry.model.errors import PreflightFailed
from wherry.privacy import Sealer

_ZONE, _CURRENCY = "Europe/London", "GBP"


@dataclass(slots=True)
class Origins:
    """Where the records of one stream came from: by their number, and by their line in the bundle's file."""

    files: list[str] = field(default_factory=list)
    file: "array[int]" = field(default_factory=lambda: array("H"))
    line: "array[int]" = field(default_factory=lambda: array("L"))
    at: "array[int]" = field(default_factory=lambda: array("L"))

    def add(self, file: str, line: int, at: int) -> None:
        """Take the next record in; `at` is its line in the bundle's file."""
        if file not in self.files:
            self.files.append(file)
        self.file.append(self.files.index(file))
        self.line.append(line)
        self.at.append(at)

    def of(self, at: int) -> tuple[str, int]:
        """Return file and line of the record that stands on that line of the bundle's file."""
        place = bisect_right(self.at, at) - 1
        return (self.files[self.file[place]], self.line[place]) if place >= 0 else ("", 0)


def parts_of(files: tuple[RawFile, ...], sorting: Sorting) -> tuple[Part, ...]:
    """Return the files that are read. Raises PreflightFailed for what a person has to decide or to mend first."""
    by_name = {file.name: file for file in files}
    gone = [name for name in sorting.read if name not in by_name]
    if gone:
        raise PreflightFailed(
            f"{PLACE} says what '{gone[0]}' is, but there is no such file in the folder",
            hint="Put the file there, or take it out of mapping/csv.yaml.",
        )
    parts = tuple(
        Part(raw=by_name[name], stream=one.stream, sorting=one) for name, one in sorting.read.items()
    )
    if not any(part.stream == "patients" for part in parts):
        raise PreflightFailed(
            f"{PLACE}: no file is confirmed as patients, and nothing can be moved without them",
            hint="Write `stream: patients` under the file that lists them.",
        )
    for part in parts:
        _check(part)
    return parts


def _check(part: Part) -> None:
    columns = part.columns
    have = set(columns) | ({"firstName", "lastName"} if BOTH_NAMES in columns else set())
    if part.stream not in {"patients", *MADE} and len(part.sheet.key) == 1:
        have.add(part.sheet.key[0])  # made of the row where there is none
    missing = [name for name in part.sheet.needed if name not in have]
    if missing:
        open_ = ", ".join(f"'{header}'" for header in part.sorting.open)
        raise PreflightFailed(
            f"'{part.raw.name}': no column is confirmed as {' or as '.join(missing)}, "
            f"and {part.stream} cannot do without",
            hint=f"In {PLACE}, write {missing[0]} beside its header"
            + (f"; not confirmed yet: {open_}" if open_ else "")
            + "; or leave the file out with an empty stream.",
        )
    for name, places in columns.items():
        column = part.sheet.column(name)
        if len(places) > 1 and (len(places) > 2 or column is None or column.kind not in MOMENTS):
            raise PreflightFailed(
                f"'{part.raw.name}': {len(places)} columns are confirmed as {name}",
                hint=f"Leave one in {PLACE} and empty the others; only a date and its time go together.",
            )


class Converter:
    """Carries one folder over."""

    def __init__(self, parts: tuple[Part, ...], overrides: Overrides) -> None:
        self._parts = parts
        self._told = {
            "timezone": overrides.timezone or _ZONE,
            "currency": overrides.currency or _CURRENCY,
            "canonical": "",
        }
        self._overrides = overrides
        self.origins: dict[str, Origins] = {}
        self._lookups = {stream: Lookup(stream) for stream in MADE}
        for part in parts:
            if part.stream in self._lookups:
                for _line, row in rows_of(part):
                    self._lookups[part.stream].know(row)

    def write(self, out: Path, sealer: Sealer, said: tuple[str, str]) -> None:
        """Write the bundle's files, sealed; the manifest comes last. `said`: whose folder it is, and who approved."""
        tenant, approved_by = said
        entries = []
        order = [stream for stream in SHEETS if stream not in MADE] + [*reversed(MADE)]
        for stream in order:  # entries are made on the way, so what refers comes before what is referred to
            entry = self._sheet(out, sealer, stream)
            if entry:
                entries.append(entry)
        newest = max(part.raw.path.stat().st_mtime for part in self._parts)
        manifest = {
            "format": "aerona-bundle",
            "version": 1,
            "tenant": tenant,
            "exported_at": datetime.fromtimestamp(newest, UTC).isoformat(),
            "tz": self._told["timezone"],
            "currency": self._told["currency"],
            "tooth_notation": self._overrides.tooth_notation,
            "ids": "text",
            "options": {"requested": [], "granted": []},
            "files": entries,
            "approved_by": approved_by,
        }
        (out / MANIFEST).write_bytes(orjson.dumps(manifest))

    def _sheet(self, out: Path, sealer: Sealer, stream: str) -> dict[str, object] | None:
        parts = [part for part in self._parts if part.stream == stream]
        if not parts and not (stream in self._lookups and self._lookups[stream].made):
            return None
        made = list(self._lookups[stream].made.values()) if stream in self._lookups else []
        header = _header(parts, made, SHEETS[stream])
        origins = self.origins[stream] = Origins()
        path, digest, rows = out / SHEETS[stream].file, hashlib.sha256(), 0
        at = 1
        with sealer.create(path) as file:
            for name, line, row in _chained(header, self._all(parts), made):
                data = _csv_line([*(row.get(column, "") for column in header), *_ragged(row)])
                digest.update(data)
                file.write(data)
                if line >= 0:
                    origins.add(name, line, at)
                    rows += 1
                at += data.count(b"\n")
        formats = {self._overrides.of(p.raw.name).date_format or p.sorting.date_format for p in parts}
        return {
            "name": SHEETS[stream].file,
            "rows": rows,
            "sha256": digest.hexdigest(),
            "encoding": "utf-8",
            "delimiter": ",",
            "date_format": formats.pop() if len(formats) == 1 else None,
        }

    def _all(self, parts: list[Part]) -> Iterator[tuple[str, int, Cells]]:
        for part in parts:
            references = self._references(part)
            for line, row in rows_of(part):
                for name, resolve in references.items():
                    if row.get(name):
                        row[name] = resolve(row[name])
                yield part.raw.name, line, row

    def _references(self, part: Part) -> dict[str, "partial[str]"]:
        """Return, for each column that refers by name, what gives the id."""
        wanted = {
            name: column.references
            for name in part.columns
            if (column := part.sheet.column(name)) and column.references in MADE
        }
        values: dict[str, set[str]] = {name: set() for name in wanted}
        for _line, row in rows_of(part) if wanted else ():
            for name, seen in values.items():
                if row.get(name):
                    seen.add(row[name])
        return {
            name: partial(self._resolve, stream, confirmed_words(part, name))
            for name, stream in wanted.items()
            if not self._lookups[stream].by_id(values[name])
        }

    def _resolve(self, stream: str, words: Mapping[str, str], text: str) -> str:
        told = {**self._told, "canonical": canonical(words, text)}
        return self._lookups[stream].resolve(text, lambda name: new_entry(stream, name, told))


def _header(parts: list[Part], made: list[Cells], sheet: Sheet) -> list[str]:
    names = {name for row in made for name in row} | set(sheet.key)
    for part in parts:
        names |= set(part.columns)
        if part.stream == "appointment_statuses":
            names.add("canonical")
    if BOTH_NAMES in names:
        names = (names - {BOTH_NAMES}) | {"firstName", "lastName"}
    known = [column.name for column in sheet.columns if column.name in names]
    return known + sorted(name for name in names if name.startswith(CUSTOM))


def _chained(
    header: list[str], rows: Iterator[tuple[str, int, Cells]], made: list[Cells]
) -> Iterator[tuple[str, int, Cells]]:
    yield "", -1, {name: name for name in header}
    yield from rows
    for row in made:
        yield "names in other files", 0, row


def _ragged(row: Cells) -> list[str]:
    """Return a cell too many for a row that was no whole one, so that the bundle's reader rejects it as such."""
    return [row[RAGGED]] if RAGGED in row else []


def _csv_line(cells: list[str]) -> bytes:
    line = io.StringIO(newline="")
    csv.writer(line).writerow(cells)
    return line.getvalue().encode("utf-8", errors="replace")
