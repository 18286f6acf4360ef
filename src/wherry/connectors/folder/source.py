"""A folder of foreign CSV files as a source: sorted by a person, then read like a bundle."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

import orjson

from wherry.connectors.bundle import AeronaBundle, Overrides
from wherry.connectors.bundle.columns import SHEETS
from wherry.connectors.bundle.container import open_container
from wherry.connectors.bundle.integrity import INTEGRITY
from wherry.connectors.folder.convert import Converter, parts_of
from wherry.connectors.folder.raw import RawFile, files_of, tables_of
from wherry.connectors.folder.sorting import PLACE, Sorting, read_sorting
from wherry.model.catalog import Catalog, Stream
from wherry.model.errors import ApprovalMissing, MappingIncomplete, WherryError
from wherry.model.jsons import Json
from wherry.model.opening import RawTable, SourceCheck
from wherry.model.ports import Extracted, Finding, Integrity
from wherry.privacy import scratch_sealer

_READ = "wherry discover"


class CsvFolder:
    """The folder, read through the Source port. Close it.

    What its files are stands in mapping/csv.yaml; without it, and without somebody's name in it, nothing is
    read but to propose one. The converted files lie in a private folder that is gone after closing.
    """

    def __init__(
        self,
        folder: Path,
        root: Path,
        state: Path,
        overrides: Overrides,
        words: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    ) -> None:
        """`root` is the workspace, `state` a private folder; `words` are those of mapping/values.yaml."""
        self._folder, self._root, self._state = folder, root, state
        self._overrides, self._words = overrides, words
        self._scratch: Path | None = None
        self._converter: Converter | None = None

    # to be sorted -------------------------------------------------------------------------------

    def tables(self) -> Sequence[RawTable]:
        """Return every file as a table; `decided` is what mapping/csv.yaml speaks of already."""
        sorting = read_sorting(self._root) or Sorting()
        found = []
        for table in tables_of(self._files):
            said = sorting.files.get(table.name)
            known = said.columns if said else {}
            columns = tuple(replace(one, decided=one.header in known) for one in table.columns)
            found.append(replace(table, columns=columns, decided=said is not None))
        return found

    def contract(self) -> Catalog:
        """Return the streams of a bundle, with all their fields."""
        return Catalog(
            system="csv",
            streams=tuple(
                Stream(
                    name=sheet.stream,
                    fields=tuple(replace(c.field(), required=c.name in sheet.needed) for c in sheet.columns),
                    key=sheet.key[0],
                )
                for sheet in SHEETS.values()
            ),
        )

    # the Source port ----------------------------------------------------------------------------

    def describe(self) -> Catalog:
        """Return the streams with all columns of the contract, and the custom columns confirmed."""
        found = self._bundle.describe()
        spelt = {
            (one.stream, name): header
            for one in self._sorting.read.values()
            for header, name in one.confirmed.items()
        }
        streams = (
            replace(s, fields=tuple(replace(f, header=spelt.get((s.name, f.name), "")) for f in s.fields))
            for s in found.streams
        )
        return replace(found, system="csv", streams=tuple(streams))

    def facts(self) -> Mapping[str, Json]:
        """Return zone, currency and age of the folder, and who approved of what as its reading."""
        sorting = self._sorting
        body = orjson.dumps(sorting.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)
        return {
            **self._bundle.facts(),
            "sorting": sha256(body).hexdigest(),
            "sorting_approved_by": sorting.approved_by,
        }

    def integrity(self) -> Integrity:
        """Return how the streams hang together."""
        return INTEGRITY

    def extract(self, stream: str) -> Iterator[Extracted]:
        """Yield every record of a stream, file by file; each says on which line of which file it stands."""
        for record in self._bundle.extract(stream):
            file, line = self._origin(stream, record.staged.line)
            staged = record.staged
            before = f"{stream}.csv, line {staged.line}: "
            detail = staged.detail.replace(before, f"{file}, line {line}: ", 1)
            yield replace(record, staged=replace(staged, line=line, detail=detail))

    def findings(self) -> Sequence[Finding]:
        """Return what was noticed, with the names and lines of the folder's own files."""
        return [*self._unsorted(), *(self._placed(one) for one in self._bundle.findings())]

    def open_document(self, ref: str) -> AbstractContextManager[Iterable[bytes]]:
        """Raise PreflightFailed: a folder of CSV files holds no documents."""
        return self._bundle.open_document(ref)

    def document_size(self, ref: str) -> int | None:
        """Return None: a folder of CSV files holds no documents."""
        return self._bundle.document_size(ref)

    def probe(self) -> Iterator[SourceCheck]:
        """Yield whether the folder can be read, and whether somebody has said what its files are."""
        try:
            found = f"{len(self._files)} CSV files"
        except WherryError as error:
            yield SourceCheck(
                code="source.open",
                what="the folder can be read",
                ok=False,
                message=error.message,
                hint=error.hint,
            )
            return
        yield SourceCheck(code="source.open", what="the folder can be read", ok=True, message=found)
        what = "it is approved which file is what"
        try:
            sorting = self._sorting
            parts_of(self._files, sorting)
        except WherryError as error:
            yield SourceCheck(
                code="source.sorted", what=what, ok=False, message=error.message, hint=error.hint, fatal=False
            )
            return
        yield SourceCheck(code="source.sorted", what=what, ok=True, message=f"by {sorting.approved_by}")

    def close(self) -> None:
        """Wipe the converted files."""
        if self._scratch is not None:
            self._bundle.close()
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch = None

    # ---------------------------------------------------------------------------------------------

    @cached_property
    def _files(self) -> tuple[RawFile, ...]:
        return files_of(self._folder, self._overrides)

    @cached_property
    def _sorting(self) -> Sorting:
        sorting = read_sorting(self._root)
        if sorting is None:
            raise MappingIncomplete(f"there is no {PLACE} yet", hint=_READ)
        if not sorting.approved_by.strip():
            raise ApprovalMissing(
                f"{PLACE} says what each file and column is, and nobody has approved it",
                hint=f"Read it, correct what is wrong, write your name at approved_by, then run {_READ}.",
            )
        return sorting

    @cached_property
    def _bundle(self) -> AeronaBundle:
        sorting = self._sorting
        parts = parts_of(self._files, sorting)
        self._state.mkdir(parents=True, exist_ok=True)
        out = self._scratch = Path(tempfile.mkdtemp(prefix="csv-", dir=self._state))
        sealer = scratch_sealer()
        try:
            self._converter = Converter(parts, self._overrides)
            self._converter.write(out, sealer, (self._folder.name, sorting.approved_by))
        except WherryError:
            shutil.rmtree(out, ignore_errors=True)
            self._scratch = None
            raise
        return AeronaBundle(open_container(out, None, sealer=sealer), Overrides(), {}, self._words)

    def _origin(self, stream: str, line: int) -> tuple[str, int]:
        origins = self._converter.origins.get(stream) if self._converter else None
        return origins.of(line) if origins else ("", line)

    def _placed(self, finding: Finding) -> Finding:
        stream = finding.file.removesuffix(".csv")
        origins = self._converter.origins.get(stream) if self._converter else None
        if origins is None or not origins.files:
            return finding
        file, line = origins.of(finding.line) if finding.line > 1 else (origins.files[0], finding.line)
        return replace(finding, file=file, line=line, message=finding.message.replace(finding.file, file))

    def _unsorted(self) -> Iterator[Finding]:
        sorting = self._sorting
        for file in self._files:
            said = sorting.files.get(file.name)
            if file.name not in sorting.read:
                yield Finding(
                    code="unknown_file",
                    message=f"'{file.name}' is no stream that is known, or not confirmed as one; it is left alone",
                    file=file.name,
                    hint=f"Say in {PLACE} what it is, if it is to move.",
                )
                continue
            known = said.columns if said else {}
            for header in file.header:
                if header and (not known.get(header) or known[header].endswith("?")):
                    yield _left_out(file.name, header, open_=bool(known.get(header)), new=header not in known)
            for header in known:
                if header not in file.header:
                    yield Finding(
                        code="field_vanished",
                        message=f"the column '{header}' is not in '{file.name}' any more",
                        file=file.name,
                        hint=f"If it was renamed, say so in {PLACE}.",
                    )


def _left_out(file: str, header: str, *, open_: bool, new: bool) -> Finding:
    if new:
        said, code = f"the column '{header}' is new; it is left out", "field_appeared"
    elif open_:
        said, code = f"the column '{header}' is not confirmed; it is left out", "column_not_confirmed"
    else:
        said, code = f"the column '{header}' is left out, as decided", "column_left_out"
    return Finding(
        code=code, message=said, file=file, line=1, count=1, hint=f"{PLACE} is where to change it."
    )
