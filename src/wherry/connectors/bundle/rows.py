"""From a row of cells to a record: typed values, and a fate where the row alone shows that it cannot move."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from wherry.connectors.bundle.cells import CellReader, cell_reader, date_reader
from wherry.connectors.bundle.columns import Kind
from wherry.connectors.bundle.documents import Problem
from wherry.connectors.bundle.manifest import known_zone
from wherry.connectors.bundle.tables import Table
from wherry.connectors.bundle.tally import Tally
from wherry.connectors.bundle.values import (
    SENTINEL_DATES,
    DateReader,
    Unreadable,
    in_zone,
    local_parts,
)
from wherry.connectors.bundle.zones import Zones
from wherry.model.ports import Extracted
from wherry.model.record import Fate, Key, Staged, Value

DocumentCheck = Callable[[Mapping[str, Value]], Problem | None]


class RowReader:
    """Reads the rows of one file."""

    def __init__(self, table: Table, zones: Zones, tally: Tally, documents: DocumentCheck) -> None:
        places = table.header.places
        self._sheet = table.sheet
        self._width = table.header.width
        self._unnamed = table.header.empty
        self._zones = zones
        self._tally = tally
        self._documents = documents
        named = next((c.spellings for c in table.columns if c.name == "name"), {})
        self._named = named if table.sheet.stream == "appointment_statuses" else {}
        moments = {c.name for c in table.columns if c.kind in {Kind.LOCAL, Kind.MOMENT}}
        self._cells: list[tuple[str, int, CellReader]] = [
            (c.name, places[c.name], cell_reader(c, table, tally))
            for c in table.columns
            if c.name not in moments
        ]
        self._moments: list[tuple[str, int, DateReader]] = [
            (c.name, places[c.name], date_reader(c, table)) for c in table.columns if c.name in moments
        ]

    def read(self, line: int, cells: list[str]) -> Extracted:
        """Return the record of a row; what is wrong with it is its fate, never an exception."""
        raw_hash = hashlib.sha256("\x1f".join(cells).encode()).hexdigest()
        ragged = self._ragged(line, cells)
        values: dict[str, Value] = {}
        problems = [ragged] if ragged else []
        self._read_cells(line, cells, values, problems)
        self._read_moments(line, cells, values, problems)
        self._declare(values)
        key = self._key(values)
        if key is None:
            name = self._sheet.key[0]
            problems.insert(0, Problem(reason="missing_key", field=name, detail="the record has no id"))
        fate, problem = self._decide(values, problems)
        staged = Staged(
            key=Key(self._sheet.stream, key or f"@{raw_hash[:16]}"),
            fate=fate,
            reason=problem.reason if problem else "",
            field=problem.field if problem else "",
            detail=f"{self._sheet.file}, line {line}: {problem.detail}" if problem else "",
            line=line,
        )
        return Extracted(
            staged=staged, values=values, raw_hash=raw_hash, word=problem.word if problem else ""
        )

    def _ragged(self, line: int, cells: list[str]) -> Problem | None:
        for place in self._unnamed:
            if place < len(cells) and cells[place].strip():
                self._tally.add("unnamed_column", "", line)
        if len(cells) == self._width:
            return None
        if len(cells) < self._width:
            detail = f"{len(cells)} cells where the header has {self._width}"
            cells.extend([""] * (self._width - len(cells)))
            return Problem(reason="ragged_row", field="", detail=detail)
        if any(cell.strip() for cell in cells[self._width :]):
            detail = f"{len(cells)} cells where the header has {self._width}"
            return Problem(reason="ragged_row", field="", detail=detail)
        self._tally.add("extra_cells", "", line)
        return None

    def _read_cells(
        self, line: int, cells: Sequence[str], values: dict[str, Value], problems: list[Problem]
    ) -> None:
        for name, place, read in self._cells:
            text = cells[place]
            if not text:
                values[name] = None
                continue
            try:
                values[name] = read(text, line)
            except Unreadable as problem:
                values[name] = None
                problems.append(_cannot_read(name, problem))

    def _read_moments(
        self, line: int, cells: Sequence[str], values: dict[str, Value], problems: list[Problem]
    ) -> None:
        zone = self._zones.of(values) if self._moments else self._zones.default
        for name, place, read_date in self._moments:
            values[name] = None
            text = cells[place].strip()
            if text[:10] in SENTINEL_DATES:
                self._tally.add("sentinel_date", name, line)
                continue
            if not text:
                continue
            try:
                naive, offset = local_parts(text, read_date)
                moment, twice = in_zone(naive, offset, zone)
            except Unreadable as problem:
                problems.append(_cannot_read(name, problem))
                continue
            if twice:
                self._tally.add("ambiguous_local_time", name, line)
            values[name] = moment

    def _declare(self, values: dict[str, Value]) -> None:
        """Give a status whose meaning is not declared the one that somebody decided for its name."""
        if self._named and not values.get("canonical"):
            name = "_".join(str(values.get("name") or "").casefold().replace("-", " ").split())
            values["canonical"] = self._named.get(name)

    def _key(self, values: Mapping[str, Value]) -> str | None:
        """Return the record's id; the second part of a joint key is hashed where it is no id itself."""
        parts = [values.get(name) for name in self._sheet.key]
        if not all(isinstance(part, str) and part for part in parts):
            return None
        first, *others = (str(part) for part in parts)
        tail = [part if part.isdigit() else hashlib.sha256(part.encode()).hexdigest()[:12] for part in others]
        return "|".join([first, *tail])

    def _decide(self, values: Mapping[str, Value], problems: list[Problem]) -> tuple[Fate, Problem | None]:
        rule = _RULES.get(self._sheet.stream)
        if self._sheet.stream == "appointments" and _is_blocked_time(values, problems):
            detail = "time is blocked, for no patient"
            return Fate.FILTERED, Problem(reason="blocked_time", field="patientId", detail=detail)
        if problems:
            return Fate.REJECTED, problems[0]
        problem = rule(values) if rule else None
        if self._sheet.stream == "documents":
            problem = self._documents(values)
        return (Fate.REJECTED, problem) if problem else (Fate.READY, None)


def _cannot_read(name: str, problem: Unreadable) -> Problem:
    detail = f"{name} {_DETAILS[problem.reason]}"
    return Problem(reason=problem.reason, field=name, detail=detail, word=problem.word)


_DETAILS: dict[str, str] = {
    "invalid_id": "is no id of at most 11 digits",
    "invalid_boolean": "is neither yes nor no",
    "invalid_number": "is no plain number",
    "invalid_amount": "is no amount that has one reading only",
    "ambiguous_date": "could be day first or month first, and nothing in the column tells",
    "date_format_mismatch": "is no date in the format of its column",
    "nonexistent_local_time": "was skipped when the clocks went forward",
    "unmapped_status": "is no status that is known",
    "unknown_line_type": "is no line type that is known",
    "unknown_type": "is none of the listed kinds",
}


def _is_blocked_time(values: Mapping[str, Value], problems: Sequence[Problem]) -> bool:
    hindered = {"missing_key", "ragged_row"} & {problem.reason for problem in problems}
    misread = any(problem.field == "patientId" for problem in problems)
    return values.get("patientId") is None and not hindered and not misread


def _named(values: Mapping[str, Value]) -> Problem | None:
    if values.get("lastName") is None:
        return Problem(reason="missing_name", field="lastName", detail="lastName is empty")
    return None


def _on_a_clock(values: Mapping[str, Value]) -> Problem | None:
    zone = values.get("timeZone")
    try:
        known_zone(str(zone or "UTC"))
    except ValueError:
        return Problem(reason="invalid_time_zone", field="timeZone", detail="timeZone has no such zone")
    return None


def _has_a_time(values: Mapping[str, Value]) -> Problem | None:
    if not isinstance(values.get("appointmentTime"), datetime):
        return Problem(reason="missing_time", field="appointmentTime", detail="appointmentTime is empty")
    return None


_RULES: dict[str, Callable[[Mapping[str, Value]], Problem | None]] = {
    "patients": _named,
    "practices": _on_a_clock,
    "appointments": _has_a_time,
}
