"""An AeronaClinic export bundle as a source."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property, partial
from types import MappingProxyType, TracebackType
from typing import Self, TypeAlias

from wherry.connectors.bundle.columns import PROCEDURES, SHEETS, Sheet
from wherry.connectors.bundle.container import MANIFEST, Container, read_all, sha256_of_file
from wherry.connectors.bundle.documents import FOLDER, check_document, is_document
from wherry.connectors.bundle.integrity import INTEGRITY
from wherry.connectors.bundle.manifest import FileEntry, parse_manifest
from wherry.connectors.bundle.overrides import Overrides
from wherry.connectors.bundle.rows import RowReader
from wherry.connectors.bundle.tables import Dialect, Table, check_sum, load_table, respelt
from wherry.connectors.bundle.tally import Tally
from wherry.connectors.bundle.zones import Zones
from wherry.model.catalog import Catalog, Stream
from wherry.model.errors import PreflightFailed
from wherry.model.jsons import Json
from wherry.model.opening import SourceCheck
from wherry.model.ports import Extracted, Finding, Integrity

Words: TypeAlias = Mapping[str, Mapping[str, str]]


class AeronaBundle:
    """The bundle, read through the Source port. Close it, or use it as a context manager.

    Opening reads manifest.json only. The first call that needs records verifies every listed file
    (checksum, count, encoding) before it returns any: a bundle that is not whole is never half staged.
    """

    def __init__(
        self,
        container: Container,
        overrides: Overrides,
        headers: Mapping[str, Mapping[str, str]],
        words: Words = MappingProxyType({}),
    ) -> None:
        self._words = words
        self._container = container
        self._overrides = overrides
        self._headers = headers
        self._tallies: dict[str, Tally] = {}
        self.manifest = parse_manifest(read_all(container, MANIFEST), container.label)

    def describe(self) -> Catalog:
        """Return the streams with all columns of the contract, and the custom columns found."""
        return Catalog(
            system="aerona", streams=(*(self._stream(sheet) for sheet in SHEETS.values()), PROCEDURES)
        )

    def facts(self) -> Mapping[str, Json]:
        """Return what the bundle says of itself, overrides applied."""
        manifest = self.manifest
        exported = manifest.exported_at
        if exported.tzinfo is None:
            exported = exported.replace(tzinfo=Zones(self._timezone, None, None).default)
        return {
            "tenant": manifest.tenant,
            "exported_at": exported.isoformat(),
            "tz": self._timezone,
            "currency": self._overrides.currency or manifest.currency,
            "tooth_notation": self._overrides.tooth_notation or manifest.tooth_notation,
            "window": {"from": manifest.window.start, "to": manifest.window.end},
            "options": {
                "requested": list(manifest.options.requested),
                "granted": list(manifest.options.granted),
            },
        }

    def integrity(self) -> Integrity:
        """Return how the streams hang together."""
        return INTEGRITY

    def extract(self, stream: str) -> Iterator[Extracted]:
        """Yield every record of a stream in file order."""
        table = self._tables.get(stream)
        if table is None:
            return
        tally = self._tallies[stream] = Tally(table.sheet.file)
        documents = partial(check_document, self._container)
        reader = RowReader(table, self._zones, tally, documents)
        for line, cells in table.read():
            yield reader.read(line, cells)

    def findings(self) -> Sequence[Finding]:
        """Return what was noticed about the bundle; complete once every stream was extracted."""
        found = list(self._about_bundle())
        for table in self._tables.values():
            found.extend(table.findings)
        for stream in SHEETS:
            if stream in self._tallies:
                found.extend(self._tallies[stream].findings())
        return found

    def open_document(self, ref: str) -> AbstractContextManager[Iterable[bytes]]:
        """Open a document as a stream of blocks of at most 1 MiB.

        Raises PreflightFailed when `ref` is no file below the bundle's documents folder.
        """
        return self._open_document(ref)

    def document_size(self, ref: str) -> int | None:
        """Return a document's size in bytes; None when `ref` is no file below the bundle's documents folder."""
        try:
            return self._container.size(ref) if is_document(self._container, ref) else None
        except FileNotFoundError:  # gone since the bundle was opened
            return None

    def probe(self) -> Iterator[SourceCheck]:
        """Yield that the bundle was opened, and whether it holds what was asked for."""
        found = f"exported {self.facts()['exported_at']}"
        yield SourceCheck(code="source.open", what="the export can be opened", ok=True, message=found)
        options = self.manifest.options
        refused = [name for name in options.requested if name not in options.granted]
        yield SourceCheck(
            code="source.options",
            what="the export holds what was asked for",
            ok=not refused,
            message=", ".join(f"{name} was not granted" for name in refused)
            or "every requested option was granted",
            hint="ask for a new export if the clinic needs it" if refused else "",
            fatal=False,
        )

    def close(self) -> None:
        """Let go of the bundle's files."""
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _open_document(self, ref: str) -> Iterator[Iterable[bytes]]:
        if not is_document(self._container, ref):
            raise PreflightFailed(
                f"{self._container.label}: a document is not below {FOLDER}",
                hint="Ask for the export again, with its documents.",
            )
        yield self._container.blocks(ref)

    @property
    def _timezone(self) -> str:
        return self._overrides.timezone or self.manifest.tz

    @cached_property
    def _tables(self) -> dict[str, Table]:
        """Verify everything that the manifest lists, and return the files with records."""
        tables = {}
        for entry in self.manifest.files:
            if entry.name not in self._container.names():
                raise PreflightFailed(
                    f"{self._container.label}: {entry.name} is listed in {MANIFEST} but is not there",
                    hint="Ask for the export again; a file was lost on the way.",
                )
            sheet = SHEETS.get(entry.name.removesuffix(".csv"))
            if sheet is None:
                check_sum(entry, sha256_of_file(self._container, entry.name))
                continue
            decided = self._headers.get(sheet.file, self._headers.get(sheet.stream, {}))
            table = load_table(self._container, sheet, entry, self._dialect(entry), decided)
            if table is not None:
                tables[sheet.stream] = respelt(table, self._words)
        return tables

    def _dialect(self, entry: FileEntry) -> Dialect:
        said = entry.model_fields_set
        manifest, overrides = self.manifest, self._overrides.of(entry.name)
        return Dialect(
            encoding=overrides.encoding or (entry.encoding if "encoding" in said else manifest.encoding),
            delimiter=entry.delimiter if "delimiter" in said else manifest.delimiter,
            date_format=overrides.date_format
            or (entry.date_format if "date_format" in said else manifest.date_format),
            word_ids=manifest.ids == "text",
        )

    @cached_property
    def _zones(self) -> Zones:
        return Zones(self._timezone, self._tables.get("practices"), self._tables.get("patients"))

    def _stream(self, sheet: Sheet) -> Stream:
        table = self._tables.get(sheet.stream)
        if table is None:
            return Stream(
                name=sheet.stream,
                fields=tuple(column.field() for column in sheet.columns),
                key="|".join(sheet.key),
                records=0,
            )
        spelt = table.header.spelt
        found = {column.name: column for column in table.columns}
        columns = [found.pop(column.name, column) for column in sheet.columns]
        fields = tuple(c.field(spelt.get(c.name, "")) for c in [*columns, *found.values()])
        cursor = "updatedAt" if "updatedAt" in table.header.places else None
        return Stream(
            name=sheet.stream, fields=fields, key="|".join(sheet.key), cursor=cursor, records=table.rows
        )

    def _about_bundle(self) -> Iterator[Finding]:
        options = self.manifest.options
        for option in options.requested:
            if option not in options.granted:
                words = option.replace("_", " ")
                yield Finding(
                    code="option_not_granted",
                    message=f"{words} was requested but not granted, so it is not in the export",
                    file=MANIFEST,
                    hint="Ask the vendor for it before the contract ends, if it is needed.",
                )
        listed = {entry.name for entry in self.manifest.files} | {MANIFEST}
        for name in sorted(self._container.names() - listed):
            if not name.startswith(FOLDER):
                yield Finding(
                    code="unlisted_file",
                    message=f"{name} is in the bundle but not in {MANIFEST}; it is left alone",
                    file=name,
                )
        for entry in self.manifest.files:
            if entry.name.removesuffix(".csv") not in SHEETS and not entry.name.startswith(FOLDER):
                yield Finding(
                    code="unknown_file",
                    message=f"{entry.name} is no file of the contract; it is left alone",
                    file=entry.name,
                )
        if self._container.unsafe():
            yield Finding(
                code="unsafe_entry",
                message=f"{self._container.unsafe()} entries lead outside of the bundle; they are left out",
                count=self._container.unsafe(),
            )
