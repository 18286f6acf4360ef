"""One reader for each kind of column: from a cell's text to its value, odd cases counted."""

from collections.abc import Callable
from datetime import date
from functools import partial

from wherry.connectors.bundle import values
from wherry.connectors.bundle.columns import Column, Kind
from wherry.connectors.bundle.decode import is_mojibake
from wherry.connectors.bundle.proof import split_entries
from wherry.connectors.bundle.tables import Table
from wherry.connectors.bundle.tally import Tally
from wherry.connectors.bundle.values import DateReader, Unreadable
from wherry.model.catalog import Privacy
from wherry.model.record import Value

CellReader = Callable[[str, int], Value]
"""Takes a cell's text and the physical line of its record; raises Unreadable."""

_LONGEST_WORD = 60  # characters that are kept of a word that a list does not know
_PERSONAL = (Privacy.IDENTITY, Privacy.CONTACT)


def cell_reader(column: Column, table: Table, tally: Tally) -> CellReader:
    """Return the reader of a column that is no date-time (for those see date_reader)."""
    if column.kind is Kind.DATE:
        return partial(_date, column, tally, date_reader(column, table))
    if table.word_ids and column.kind in _IDS:
        return partial(_exact, values.word_id)
    if column.kind in _EXACT:
        return partial(_exact, _EXACT[column.kind])
    if column.kind in _COUNTED:
        return partial(_COUNTED[column.kind], column, tally)
    return partial(_word, column)


def date_reader(column: Column, table: Table) -> DateReader:
    """Return how the dates of a column are read: as declared, else as proven, else only where unambiguous.

    A column of the clinic's own is read as all its values can be (CustomProof.order), so that none holds a patient.
    Date-times may be ISO whatever is declared; with slashes they are day first unless month first is.
    """
    declared, proven = table.date_format, table.proven.get(column.name)
    if column.name.startswith("custom:"):  # what is declared speaks of the contract's own columns
        return partial(values.proven_date, format_=proven) if proven else values.undeclared_date
    if column.kind is not Kind.DATE and declared is not None:
        order: values.DateFormat = "mm/dd/yyyy" if declared == "mm/dd/yyyy" else "dd/mm/yyyy"
        return partial(values.proven_date, format_=order)
    if declared is not None:
        return partial(values.declared_date, format_=declared)
    if proven is not None:
        return partial(values.proven_date, format_=proven)
    return values.undeclared_date


def _exact(read: Callable[[str], Value], text: str, _line: int) -> Value:
    text = text.strip()
    return read(text) if text else None


def _text(column: Column, tally: Tally, text: str, line: int) -> Value:
    text = text.strip()
    if len(text) < 5 and column.privacy in _PERSONAL and values.is_placeholder(text):
        tally.add("placeholder_value", column.name, line)
        return None
    if is_mojibake(text):
        tally.add("mojibake", column.name, line)
    return text or None


def _long(column: Column, tally: Tally, text: str, line: int) -> Value:
    if is_mojibake(text):
        tally.add("mojibake", column.name, line)
    return text or None


def _email(column: Column, tally: Tally, text: str, line: int) -> Value:
    text = text.strip()
    if text and values.is_placeholder_email(text):
        tally.add("placeholder_email", column.name, line)
        return None
    if text and not values.looks_like_email(text):
        tally.add("invalid_email", column.name, line)
    return text or None


def _phone(column: Column, tally: Tally, text: str, line: int) -> Value:
    text = text.strip()
    if text and values.is_placeholder_phone(text):
        tally.add("placeholder_phone", column.name, line)
        return None
    return text or None


def _word(column: Column, text: str, _line: int) -> Value:
    word = "_".join(text.casefold().replace("-", " ").replace("_", " ").split())
    if word not in column.words:
        word = column.spellings.get(word, word)
    if word and word not in column.words:
        unknown = Unreadable(column.unknown)
        unknown.word = text.strip()[:_LONGEST_WORD]
        raise unknown
    return word or None


def _date(column: Column, tally: Tally, read: DateReader, text: str, line: int) -> date | None:
    text = text.strip()
    if text in values.SENTINEL_DATES:
        tally.add("sentinel_date", column.name, line)
        return None
    return read(text) if text else None


_IDS = frozenset({Kind.ID, Kind.REF})
_EXACT: dict[Kind, Callable[[str], Value]] = {
    Kind.ID: values.identifier,
    Kind.REF: values.identifier,
    Kind.CODE: str,
    Kind.BOOLEAN: values.boolean,
    Kind.INTEGER: values.integer,
    Kind.NUMBER: values.number,
    Kind.MONEY: values.money,
    Kind.MULTI: split_entries,
}
_COUNTED: dict[Kind, Callable[[Column, Tally, str, int], Value]] = {
    Kind.TEXT: _text,
    Kind.LONG: _long,
    Kind.EMAIL: _email,
    Kind.PHONE: _phone,
}
