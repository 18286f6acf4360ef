"""The records of one sorted file by field: dates, names and words in a bundle's spelling."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from wherry.connectors.bundle.columns import DATED, SHEETS, Kind, Sheet
from wherry.connectors.folder.lookups import MADE, Cells
from wherry.connectors.folder.raw import RawFile
from wherry.connectors.folder.sorting import BOTH_NAMES, DOUBT, FileSorting
from wherry.connectors.folder.spelling import both_names, is_day, joined_moment, plain_date

MOMENTS = frozenset({Kind.LOCAL, Kind.MOMENT})
RAGGED = ""  # the field of what a row has too many of, or lacks
_Read = Callable[[Sequence[str]], Cells]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One file and what it is."""

    raw: RawFile
    stream: str
    sorting: FileSorting

    @property
    def sheet(self) -> Sheet:
        """The stream's columns."""
        return SHEETS[self.stream]

    @property
    def columns(self) -> dict[str, list[int]]:
        """Return the places of each field that is read; a moment may stand in two."""
        found: dict[str, list[int]] = {}
        for header, name in self.sorting.confirmed.items():
            if header in self.raw.header:
                found.setdefault(name, []).append(self.raw.header.index(header))
        return found


def confirmed_words(part: Part, name: str) -> dict[str, str]:
    """Return what a column's own words mean, case-folded, as far as somebody confirmed it."""
    said = part.sorting.words.get(name, {})
    return {word.strip().casefold(): ours for word, ours in said.items() if ours and not ours.endswith(DOUBT)}


def rows_of(part: Part) -> Iterator[tuple[int, Cells]]:
    """Yield (line, cells by field) of each record; one that is no whole row has a cell under RAGGED."""
    columns, sheet, width = part.columns, part.sheet, len(part.raw.header)
    readers = [(places, _reader(part, name)) for name, places in columns.items()]
    readers += _made_up(part)
    no_key = sheet.key[0] if len(sheet.key) == 1 and sheet.key[0] not in columns else ""
    for line, given in part.raw.read():
        ragged = len(given) < width or any(cell.strip() for cell in given[width:])
        cells = [*given, *([""] * (width - len(given)))]
        row: Cells = {RAGGED: "-"} if ragged else {}
        for places, read in readers:
            row |= read([cells[place] for place in places])
        if no_key:
            row[no_key] = f"row-{hashlib.sha256(chr(31).join(cells).encode()).hexdigest()[:16]}"
        yield line, row


def _made_up(part: Part) -> list[tuple[list[int], _Read]]:
    """A status whose meaning stands in no column has the one that its name was given."""
    columns = part.columns
    if part.stream != "appointment_statuses" or "canonical" in columns or "name" not in columns:
        return []
    words = confirmed_words(part, "canonical")
    return [(columns["name"], lambda cells: {"canonical": canonical(words, cells[0])})]


def canonical(words: Mapping[str, str], text: str) -> str:
    """Return what a status means: as somebody confirmed, else itself where it is one of ours, else nothing."""
    said = words.get(text.strip().casefold())
    plain = "_".join(text.casefold().replace("-", " ").replace("_", " ").split())
    column = SHEETS["appointment_statuses"].column("canonical")
    return said or (plain if column and plain in column.words else "")


def _reader(part: Part, name: str) -> _Read:
    column = part.sheet.column(name)
    if name == BOTH_NAMES:
        return _whole_name
    if column is not None and column.kind in DATED:
        return partial(_dated, name)
    words = confirmed_words(part, name)
    if column is not None and words and column.references not in MADE:
        return partial(_worded, name, words)
    return partial(_as_is, name)


def _whole_name(cells: Sequence[str]) -> Cells:
    first, last = both_names(cells[0].strip())
    return {"firstName": first, "lastName": last}


def _dated(name: str, cells: Sequence[str]) -> Cells:
    texts = [text for cell in cells if (text := cell.strip())]
    if len(texts) == 2:
        day, clock = sorted(texts, key=is_day, reverse=True)
        return {name: joined_moment(day, clock)}
    return {name: plain_date(texts[0]) if texts else ""}


def _worded(name: str, words: Mapping[str, str], cells: Sequence[str]) -> Cells:
    text = cells[0].strip()
    return {name: words.get(text.casefold(), text)}


def _as_is(name: str, cells: Sequence[str]) -> Cells:
    return {name: cells[0]}
