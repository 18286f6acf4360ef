"""Pick-list and status values: reviewed tables, and the refusal to guess beyond them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from ruamel.yaml import YAML

from wherry.mapping.ask import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueTable:
    """One table of values.yaml: `words` maps every accepted spelling to what is written."""

    name: str
    texts: tuple[str, ...]
    words: Mapping[str, str]
    ambiguous: Mapping[str, str]


def _tables_from(data: Mapping[str, Mapping[str, Mapping[str, object]]]) -> dict[str, ValueTable]:
    tables = {}
    for name, body in data.items():
        values = body["values"]
        words: dict[str, str] = {}
        for text, spellings in values.items():
            for word in spellings if isinstance(spellings, list) else ():
                words[str(word)] = str(text)
        tables[str(name)] = ValueTable(
            name=str(name),
            texts=tuple(str(text) for text in values),
            words=words,
            ambiguous={str(k): str(v) for k, v in body.get("ambiguous", {}).items()},
        )
    return tables


@cache
def value_tables() -> Mapping[str, ValueTable]:
    """Return the reviewed tables by name."""
    text = resources.files("wherry.mapping").joinpath("values.yaml").read_text(encoding="utf-8")
    return _tables_from(YAML(typ="safe", pure=True).load(text))


def translate(
    table: str, word: str, *, own: Mapping[str, str] | None = None, reason: str = "unmapped_value"
) -> str | Problem:
    """Return the text to write for a source value, or a Problem that holds the record.

    `own` is the clinic's own table (`args.values` of a rule); it wins over the reviewed one.
    """
    key = " ".join(word.split()).casefold()
    for given, text in (own or {}).items():
        if given.strip().casefold() == key:
            return text
    known = value_tables().get(table)
    if known is None:
        return Problem(reason=reason, detail=f"there is no value table {table}")
    if key in known.words:
        return known.words[key]
    hint = "say in mapping/values.yaml (or under args.values of the rule) what it means, then wherry retry"
    if key in known.ambiguous:
        return Problem(reason=reason, detail=f"ambiguous: {known.ambiguous[key]}", hint=hint)
    return Problem(reason=reason, detail=f"not in the value table {table}", hint=hint)
