"""Pick-list and status values: reviewed tables, and the refusal to guess beyond them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from ruamel.yaml import YAML

from wherry.mapping.ask import Problem

_PARTED = re.compile(r"[\s_-]+")


def spelling(word: str) -> str:
    """Return a word as it is compared: lower case, one space where spaces, hyphens or underscores part it."""
    return _PARTED.sub(" ", word.casefold()).strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueTable:
    """One table of values.yaml: `words` maps every accepted spelling to what is written."""

    name: str
    texts: tuple[str, ...]
    words: Mapping[str, str]
    ambiguous: Mapping[str, str]
    by_spelling: Mapping[str, str] = field(default_factory=dict, repr=False)
    doubts: Mapping[str, str] = field(default_factory=dict, repr=False)

    def text(self, word: str) -> str:
        """Return what is written for a word, or the empty text."""
        return self.by_spelling.get(spelling(word), "")

    def doubt(self, word: str) -> str:
        """Return why a word is ambiguous, or the empty text."""
        return self.doubts.get(spelling(word), "")


def _tables_from(data: Mapping[str, Mapping[str, Mapping[str, object]]]) -> dict[str, ValueTable]:
    tables = {}
    for name, body in data.items():
        values = body["values"]
        words: dict[str, str] = {}
        for text, spellings in values.items():
            for word in spellings if isinstance(spellings, list) else ():
                words[str(word)] = str(text)
        ambiguous = {str(k): str(v) for k, v in body.get("ambiguous", {}).items()}
        tables[str(name)] = ValueTable(
            name=str(name),
            texts=tuple(str(text) for text in values),
            words=words,
            ambiguous=ambiguous,
            by_spelling={spelling(word): text for word, text in words.items()},
            doubts={spelling(word): why for word, why in ambiguous.items()},
        )
    return tables


_FOREIGN = "foreign_"  # tables of values.yaml with words that other systems have begin so


VALUES = "values.yaml"


def values_source(name: str = VALUES) -> str:
    """Return the text of the reviewed tables."""
    return resources.files("wherry.mapping").joinpath(name).read_text(encoding="utf-8")


def _read(name: str) -> Mapping[str, ValueTable]:
    return _tables_from(YAML(typ="safe", pure=True).load(values_source(name)))


@cache
def elsewhere(table: str) -> Mapping[str, str]:
    """Return what words of other systems mean in a table, by their spelling: to be proposed, never to be read."""
    tables = [value_tables().get(_FOREIGN + table), _words_elsewhere().get(table)]
    return {word: text for known in tables if known for word, text in known.by_spelling.items()}


@cache
def _words_elsewhere() -> Mapping[str, ValueTable]:
    return _read("values_elsewhere.yaml")


@cache
def value_tables() -> Mapping[str, ValueTable]:
    """Return the reviewed tables by name."""
    return _read(VALUES)


def translate(
    table: str, word: str, *, own: Mapping[str, str] | None = None, reason: str = "unmapped_value"
) -> str | Problem:
    """Return the text to write for a source value, or a Problem that holds the record.

    `own` is the clinic's own table (`args.values` of a rule); it wins over the reviewed one.
    """
    key = spelling(word)
    for given, text in (own or {}).items():
        if spelling(given) == key:
            return text
    known = value_tables().get(table)
    if known is None:
        return Problem(reason=reason, detail=f"there is no value table {table}")
    if text := known.text(word):
        return text
    hint = "say in mapping/values.yaml (or under args.values of the rule) what it means, then wherry retry"
    if doubt := known.doubt(word):
        return Problem(reason=reason, detail=f"ambiguous: {doubt}", hint=hint)
    return Problem(reason=reason, detail=f"not in the value table {table}", hint=hint)


def entry_for(text: str, offered: Sequence[str], table: str = "") -> str:
    """Return the entry of a pick list that stands for a text: that text, or another spelling of it in the table.

    Empty where the list has none.
    """
    for entry in offered:
        if entry.strip().casefold() == text.strip().casefold():
            return entry
    known = value_tables().get(table)
    if known is None:
        return ""
    meant = known.text(text) or text
    return next((entry for entry in offered if spelling(known.text(entry) or entry) == spelling(meant)), "")
