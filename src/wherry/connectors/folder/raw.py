"""The files of a folder as they are: text, header and records, and what their values prove."""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TextIO

from wherry.connectors.bundle.csvread import DELIMITERS, Row, read_rows
from wherry.connectors.bundle.decode import inspect
from wherry.connectors.bundle.overrides import Overrides
from wherry.connectors.bundle.proof import DateProof
from wherry.connectors.bundle.values import date_parts
from wherry.connectors.folder.spelling import plain_date
from wherry.model.errors import PreflightFailed
from wherry.model.opening import RawColumn, RawTable

_ENDINGS = frozenset({".csv", ".tsv", ".txt"})
_BLOCK = 1 << 20
_SAMPLES = 200
_WORDS = 50
_HEAD_LINES = 20
_LONGEST_ID = 40  # characters
_LONGEST_DATE = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFile:
    """One file that can be read as a table."""

    name: str  # below the folder, with `/` between parts
    path: Path
    encoding: str
    delimiter: str
    header: tuple[str, ...]

    def open(self) -> TextIO:
        """Open the file as text with its line ends untouched."""
        return self.path.open(encoding=self.encoding, newline="")

    def read(self) -> Iterator[Row]:
        """Yield (line, cells) of each record, header excluded; rows of nothing but blanks are passed over."""
        first = True
        for line, cells in read_rows(self.open, self.delimiter, self.name):
            if not first and any(cell.strip() for cell in cells):
                yield line, cells
            first = False


def files_of(folder: Path, overrides: Overrides) -> tuple[RawFile, ...]:
    """Return the CSV files of a folder, by name; empty ones are left out.

    Raises PreflightFailed where the folder is none, holds none, or one cannot be read as a table.
    """
    if not folder.is_dir():
        raise PreflightFailed(
            f"{folder.name}: there is no such folder",
            hint='With connector = "csv", [source] bundle names the folder of the CSV files; unpack a zip first.',
        )
    base = folder.resolve()
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.casefold() in _ENDINGS
        and not path.name.startswith(".")
        and path.is_file()
        and path.resolve().is_relative_to(base)
    )
    found = [_opened(path, path.relative_to(folder).as_posix(), overrides) for path in paths]
    files = tuple(file for file in found if file is not None)
    if not files:
        raise PreflightFailed(
            f"{folder.name}: there is no CSV file in it", hint="Put the files there, each with a header line."
        )
    return files


def _opened(path: Path, name: str, overrides: Overrides) -> RawFile | None:
    decoding = inspect(_blocks(path), name, overrides.of(name).encoding)
    if decoding.bytes == 0:
        return None
    with path.open(encoding=decoding.encoding, newline="") as text:
        head = [line for line, _ in zip(text, range(_HEAD_LINES), strict=False)]
    delimiter = _delimiter(head)
    bare = RawFile(name=name, path=path, encoding=decoding.encoding, delimiter=delimiter, header=())
    first = next(read_rows(bare.open, delimiter, name), None)
    header = tuple(cell.strip() for cell in first[1]) if first else ()
    _check_header(name, header)
    return replace(bare, header=header)


def _check_header(name: str, header: tuple[str, ...]) -> None:
    if not any(header):
        raise PreflightFailed(
            f"{name}, line 1: there is no header", hint="Name the columns in the first line."
        )
    twice = sorted({cell for cell in header if cell and header.count(cell) > 1})
    if twice:
        raise PreflightFailed(
            f"{name}, line 1: the column '{twice[0]}' is there twice",
            hint="Give each column a name of its own.",
        )


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def _delimiter(head: list[str]) -> str:
    """Return the delimiter that cuts the first lines into equally many cells, and into most."""
    best, most = ",", 1
    for delimiter in DELIMITERS:
        widths = [len(cells) for cells in csv.reader(head[:-1] or head, delimiter=delimiter) if cells]
        width = widths[0] if widths else 1
        if width > most and sum(one == width for one in widths) * 2 > len(widths):
            best, most = delimiter, width
    return best


@dataclass(slots=True)
class _Column:
    """One column while the file is read."""

    filled: int = 0
    samples: list[str] = field(default_factory=list)
    step: int = 1
    words: set[str] = field(default_factory=set)
    seen: set[int] = field(default_factory=set)  # marks of its values, while it may hold ids
    no_ids: bool = False
    twice: bool = False
    dates: DateProof = field(default_factory=DateProof)
    iso: bool = False

    def add(self, text: str) -> None:
        if self.filled % self.step == 0:
            self.samples.append(text)
        if len(self.samples) > _SAMPLES:
            self.samples, self.step = self.samples[::2], self.step * 2
        self.filled += 1
        if len(self.words) <= _WORDS:
            self.words.add(text)
        day = plain_date(text).partition(" ")[0] if text[0].isdigit() and len(text) <= _LONGEST_DATE else ""
        parts = date_parts(day)
        self.iso = self.iso or (parts is not None and parts[0] == "iso")
        if parts is not None:
            self.dates.add(day)
        self._mark(text, is_date=parts is not None)

    def _mark(self, text: str, *, is_date: bool) -> None:
        """Remember the value by eight bytes; a column with dates or long texts holds no ids, and is forgotten."""
        if self.no_ids or is_date or len(text) > _LONGEST_ID:
            self.no_ids, self.seen = True, set()
            return
        mark = int.from_bytes(hashlib.blake2b(_key(text).encode(), digest_size=8).digest())
        self.twice = self.twice or mark in self.seen
        self.seen.add(mark)


def _key(text: str) -> str:
    return text.lstrip("0") if text.isdigit() else "_".join(text.split())


def tables_of(files: tuple[RawFile, ...]) -> tuple[RawTable, ...]:
    """Return the files as tables to recognise; reads each once, with some memory for each different id."""
    read = [(file, *_columns(file)) for file in files]
    keys = [
        (file.name, header, column)
        for file, records, columns in read
        for header, column in columns.items()
        if _is_key(column, records)
    ]
    return tuple(
        RawTable(
            name=file.name,
            records=records,
            columns=tuple(
                _finished(file.name, header, column, (records, keys)) for header, column in columns.items()
            ),
        )
        for file, records, columns in read
    )


def _columns(file: RawFile) -> tuple[int, dict[str, _Column]]:
    places = [(place, _Column()) for place, header in enumerate(file.header) if header]
    records = 0
    for _line, cells in file.read():
        records += 1
        for place, column in places:
            if place < len(cells) and (text := cells[place].strip()):
                column.add(text)
    return records, {file.header[place]: column for place, column in places}


def _is_key(column: _Column, records: int) -> bool:
    return 0 < records == column.filled and not column.twice and not column.no_ids


def _finished(
    table: str, header: str, column: _Column, around: tuple[int, list[tuple[str, str, _Column]]]
) -> RawColumn:
    records, keys = around
    return RawColumn(
        header=header,
        filled=column.filled,
        samples=tuple(column.samples),
        words=tuple(sorted(column.words)) if len(column.words) <= _WORDS else (),
        unique=_is_key(column, records),
        within=tuple(
            (other, name)
            for other, name, key in keys
            if other != table and column.seen and column.seen <= key.seen
        ),
        date_format="" if column.iso else column.dates.format or "",
    )
