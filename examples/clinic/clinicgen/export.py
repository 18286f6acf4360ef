"""Write the bundle's rows as they come, and keep count of what becomes of each."""

import csv
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clinicgen.columns import CLEAN_DIALECTS, COLUMNS, DIRTY_DIALECTS, Dialect, key_of
from clinicgen.fates import READY, STATES, Fate

_FLUSH_AT = 1 << 18


class Verbatim(str):
    """A value that is written as it stands, whatever the file's date format."""

    __slots__ = ()


class _Sheet:
    """One CSV file under way: rows go to disk in blocks, checksum and count beside them."""

    def __init__(self, path: Path, stream: str, dialect: Dialect) -> None:
        self.columns = COLUMNS[stream]
        self.dialect = dialect
        self.rows = 0
        self.name = path.name
        self._digest = hashlib.sha256()
        self._file = path.open("wb")
        self._parts: list[str] = []
        self._held = 0
        self._bom = dialect.encoding == "utf-8-sig"
        self._codec = "utf-8" if self._bom else dialect.encoding
        self._day_first = [self.columns.index(name) for name in dialect.day_first]
        self._csv = csv.writer(self, delimiter=dialect.delimiter, lineterminator=dialect.line_end)
        spelt = dict(dialect.headers)
        self._csv.writerow([*(spelt.get(name, name) for name in self.columns), *dialect.extra_columns])

    def write(self, text: str) -> None:
        self._parts.append(text)
        self._held += len(text)
        if self._held >= _FLUSH_AT:
            self._flush()

    def add(self, row: Mapping[str, str]) -> None:
        values = [row.get(name, "") for name in self.columns]
        for at in self._day_first:
            values[at] = _day_first(values[at])
        if self.dialect.extra_columns:
            values += [""] * len(self.dialect.extra_columns)
        self._csv.writerow(values)
        self.rows += 1

    def _flush(self) -> None:
        data = "".join(self._parts).encode(self._codec)
        if self._bom:
            data, self._bom = b"\xef\xbb\xbf" + data, False
        self._digest.update(data)
        self._file.write(data)
        self._parts.clear()
        self._held = 0

    def close(self) -> dict[str, Any]:
        self._flush()
        self._file.close()
        return {
            "name": self.name,
            "rows": self.rows,
            "sha256": self._digest.hexdigest(),
            "encoding": self.dialect.declared_encoding,
            "delimiter": self.dialect.delimiter,
            "date_format": self.dialect.date_format,
        }


def _day_first(value: str) -> str:
    if isinstance(value, Verbatim) or len(value) != 10:
        return value
    return f"{value[8:]}/{value[5:7]}/{value[:4]}"


class Export:
    """A bundle being written below a folder, and the tally of every record's expected fate.

    With `listing`, each record that is not ready is named in the tally; without it only counts are kept,
    so that memory stays flat however many patients there are.
    """

    def __init__(self, folder: Path, *, dirty: bool, listing: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "documents").mkdir(exist_ok=True)
        self.folder = folder
        self.dirty = dirty
        self.listing = listing
        dialects = DIRTY_DIALECTS if dirty else CLEAN_DIALECTS
        self._sheets = {
            stream: _Sheet(folder / f"{stream}.csv", stream, dialects.get(stream, Dialect()))
            for stream in COLUMNS
        }
        self._last = dict.fromkeys(COLUMNS, 0)
        self._counts = {stream: dict.fromkeys(STATES, 0) for stream in COLUMNS}
        self._reasons: dict[str, dict[str, int]] = {stream: {} for stream in COLUMNS}
        self._records: dict[str, dict[str, list[str]]] = {stream: {} for stream in COLUMNS}
        self._findings: dict[str, dict[str, Any]] = {}
        self._cases: dict[str, dict[str, Any]] = {}
        self.records = 0

    def number(self, stream: str) -> str:
        """Return the stream's next id; ids of different streams overlap, as they do in the real system."""
        self._last[stream] += 1
        return str(self._last[stream])

    def skip_to(self, stream: str, at: int) -> None:
        """Let the stream's ids go on after this one, leaving room for ids given by hand."""
        self._last[stream] = max(self._last[stream], at)

    def rows_of(self, stream: str) -> int:
        """Return how many rows the stream has so far."""
        return self._sheets[stream].rows

    def add(self, stream: str, row: Mapping[str, str], fate: Fate = READY) -> None:
        """Write one row; absent columns are empty. A repeated key is tallied as `key#2`."""
        self._sheets[stream].add(row)
        self._counts[stream][fate.state] += 1
        self.records += 1
        if fate is READY:
            return
        reasons = self._reasons[stream]
        label = f"{fate.state}:{fate.reason}"
        reasons[label] = reasons.get(label, 0) + 1
        if self.listing:
            named = self._records[stream]
            key = key_of(stream, row)
            if fate.reason == "duplicate_row" or key in named:
                key += "#2"
            named[key] = [fate.state, fate.reason]

    def finding(self, code: str, stream: str, *keys: str) -> None:
        """Note something a careful reader reports without refusing the record."""
        found = self._findings.setdefault(code, {"count": 0, "keys": {}})
        found["count"] += 1
        if self.listing and keys:
            found["keys"].setdefault(stream, []).append(keys[0] if len(keys) == 1 else list(keys))

    def case(self, name: str, why: str, **keys: list[str]) -> None:
        """Name a deliberate odd case, so that tests and readers find its records."""
        self._cases[name] = {"why": why, "keys": keys}

    def close(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """Finish every file, write the manifest, and return the expected outcome of reading all this."""
        files = [sheet.close() for sheet in self._sheets.values()]
        text = json.dumps({**manifest, "files": files}, ensure_ascii=False, indent=1)
        (self.folder / "manifest.json").write_text(text + "\n", encoding="utf-8")
        return {
            "counts": {
                stream: {"read": sum(states.values()), **states} for stream, states in self._counts.items()
            },
            "reasons": {stream: dict(sorted(found.items())) for stream, found in self._reasons.items()},
            "records": self._records if self.listing else None,
            "findings": self._findings,
            "cases": self._cases,
        }
