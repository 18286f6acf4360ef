"""One file of the bundle, verified: how to decode and split it, what its columns are, what its dates prove."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import BinaryIO, TextIO

from wherry.connectors.bundle.columns import DATED, Column, Kind, Sheet
from wherry.connectors.bundle.container import Container
from wherry.connectors.bundle.csvread import Row, prove_delimiter, read_rows
from wherry.connectors.bundle.decode import inspect
from wherry.connectors.bundle.headers import Header, read_header, recognised
from wherry.connectors.bundle.manifest import FileEntry
from wherry.connectors.bundle.proof import CustomProof, DateProof, privacy_of_label
from wherry.connectors.bundle.values import DateFormat
from wherry.model.errors import PreflightFailed
from wherry.model.ports import Finding
from wherry.privacy import as_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What is declared of a file, overrides applied; None is not declared."""

    encoding: str | None
    delimiter: str | None
    date_format: DateFormat | None
    word_ids: bool = False  # ids may be any word


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A file that may be read."""

    sheet: Sheet
    content: Callable[[], BinaryIO]
    encoding: str
    delimiter: str
    header: Header
    columns: tuple[Column, ...]  # those of the sheet that the file has, then custom ones
    date_format: DateFormat | None
    proven: Mapping[str, DateFormat | None]  # by column, where the format is not declared
    rows: int
    findings: tuple[Finding, ...]
    word_ids: bool = False  # ids may be any word

    def open(self) -> TextIO:
        """Open the file as text with its line ends untouched."""
        return as_text(self.content(), self.encoding)

    def read(self) -> Iterator[Row]:
        """Yield (line, cells) of each record, header excluded."""
        return islice(read_rows(self.open, self.delimiter, self.sheet.file), 1, None)


def load_table(
    container: Container, sheet: Sheet, entry: FileEntry, dialect: Dialect, decided: Mapping[str, str]
) -> Table | None:
    """Verify a file against the manifest and prove what is not declared; None where it is empty.

    Reads the file twice. Raises PreflightFailed on a wrong checksum, a wrong count of records, and
    whatever spoils its text.
    """
    decoding = inspect(container.blocks(entry.name), entry.name, dialect.encoding)
    check_sum(entry, decoding.sha256)
    findings = []
    if decoding.finding[0]:
        findings.append(Finding(code=decoding.finding[0], message=decoding.finding[1], file=entry.name))
    content = partial(container.open, entry.name)
    if decoding.bytes == 0 and entry.rows == 0:
        return None
    delimiter, differs = _delimiter(content, decoding.encoding, sheet, dialect)
    findings += differs
    bare = Table(
        sheet=sheet,
        content=content,
        encoding=decoding.encoding,
        delimiter=delimiter,
        header=Header(places={}, spelt={}, unknown=(), empty=(), width=0),
        columns=(),
        date_format=dialect.date_format,
        proven={},
        rows=0,
        findings=(),
        word_ids=dialect.word_ids,
    )
    first = next(read_rows(bare.open, delimiter, entry.name), None)
    header = read_header(first[1] if first else [], sheet, decided)
    findings += _about(header, entry.name)
    table = replace(bare, header=header, columns=_columns(sheet, header), findings=tuple(findings))
    return _prove(table, entry)


def check_sum(entry: FileEntry, sha256: str) -> None:
    """Raise PreflightFailed when a file's bytes are not those that the manifest speaks of."""
    if sha256 != entry.sha256.lower():
        raise PreflightFailed(
            f"{entry.name}: its checksum is not the one in manifest.json; the file was changed or cut off",
            hint="Take the file as it was delivered, or ask for the export again.",
        )


def _delimiter(
    content: Callable[[], BinaryIO], encoding: str, sheet: Sheet, dialect: Dialect
) -> tuple[str, list[Finding]]:
    with as_text(content(), encoding) as text:
        head = text.readline(1 << 16)
    proven = prove_delimiter(head, lambda cells: recognised(cells, sheet))
    declared = dialect.delimiter
    if declared and (declared == proven or proven is None):
        return declared, []
    if declared and proven:
        message = f"the manifest declares {declared!r} as delimiter, but its header is parted by {proven!r}"
        return proven, [Finding(code="delimiter_differs", message=message, file=sheet.file)]
    return proven or ",", []


def _about(header: Header, file: str) -> list[Finding]:
    found = [
        Finding(
            code="unknown_column",
            message=f"the column '{name}' is not known; it is left out",
            file=file,
            line=1,
            count=1,
            hint="Name it in mapping/headers.yaml if it is a known column under another name.",
        )
        for name in header.unknown
    ]
    if header.empty:
        message = f"{len(header.empty)} columns have no header"
        found.append(
            Finding(code="empty_column", message=message, file=file, line=1, count=len(header.empty))
        )
    return found


def _columns(sheet: Sheet, header: Header) -> tuple[Column, ...]:
    known = [column for column in sheet.columns if column.name in header.places]
    names = {column.name for column in known}
    custom = [
        Column(name=name, kind=Kind.TEXT, privacy=privacy_of_label(name.removeprefix("custom:")))
        for name in header.places
        if name not in names
    ]
    return (*known, *custom)


def respelt(table: Table, words: Mapping[str, Mapping[str, str]]) -> Table:
    """Return the table with what stands for the words of its closed lists, by `stream.column`."""
    stream = table.sheet.stream
    columns = (replace(c, spellings=words.get(f"{stream}.{c.name}", {})) for c in table.columns)
    return replace(table, columns=tuple(columns))


def _prove(table: Table, entry: FileEntry) -> Table:
    """Count records and look at the columns whose format or type only their values can tell."""
    customs = {c.name: CustomProof() for c in table.columns if c.name.startswith("custom:")}
    undeclared = table.date_format is None
    dates = {c.name: DateProof() for c in table.columns if c.kind in DATED and undeclared}
    proofs: dict[str, CustomProof | DateProof] = {**customs, **dates}
    watched = [(table.header.places[name], proof) for name, proof in proofs.items()]
    count = 0
    for _, cells in table.read():
        count += 1
        for place, proof in watched:
            if place < len(cells) and (text := cells[place].strip()):
                proof.add(text)
    if count != entry.rows:
        raise PreflightFailed(
            f"{entry.name} holds {count} records, but manifest.json says {entry.rows}",
            hint="The file was cut off or written to meanwhile: ask for the export again.",
        )
    columns = tuple(
        customs[c.name].column(c, table.date_format) if c.name in customs else c for c in table.columns
    )
    proven = {name: proof.format for name, proof in dates.items()}
    proven |= {
        c.name: customs[c.name].order(table.date_format)
        for c in columns
        if c.name in customs and c.kind is Kind.DATE
    }
    return replace(table, columns=columns, proven=proven, rows=count)
