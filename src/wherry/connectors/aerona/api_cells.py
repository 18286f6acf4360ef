"""From what JSON holds to the text of a cell, so that one reader reads bundle and API alike."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from wherry.connectors.aerona.api_profile import Listing
from wherry.connectors.bundle.columns import Sheet

CUSTOM = "custom:"


def text_of(value: Any) -> str:
    """Return a JSON value as a bundle's cell would hold it; nothing is approximated."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case list():
            return "; ".join(text_of(one) for one in value)
        case dict():
            return orjson.dumps(value).decode()
        case _:
            return str(value)


def flattened(record: Mapping[str, Any], listing: Listing) -> dict[str, str]:
    """Return a record's cells under our names, custom fields as `custom:<Label>`, in the order received."""
    theirs = {name: ours for ours, name in listing.fields.items()}
    cells: dict[str, str] = {}
    for path, value in _leaves(
        record, listing.custom, {name.partition(".")[0] for name in theirs if "." in name}
    ):
        if path == listing.custom and listing.custom:
            cells |= _custom(value)
        else:
            cells[theirs.get(path, path)] = text_of(value)
    return cells


def _leaves(record: Mapping[str, Any], custom: str, nested: set[str]) -> Iterable[tuple[str, Any]]:
    """Yield each field with its dotted path; only what the profile names inwards is opened."""
    for name, value in record.items():
        if name in nested and name != custom and isinstance(value, Mapping):
            for inner, leaf in value.items():
                yield f"{name}.{inner}", leaf
        else:
            yield name, value


def _custom(value: Any) -> dict[str, str]:
    """Return custom fields by label, from an object or from a list of label and value."""
    if isinstance(value, Mapping):
        return {f"{CUSTOM}{label}": text_of(one) for label, one in value.items()}
    if isinstance(value, list):
        pairs = (one for one in value if isinstance(one, Mapping))
        return {
            f"{CUSTOM}{one.get('label', one.get('name', ''))}": text_of(one.get("value"))
            for one in pairs
            if one.get("label") or one.get("name")
        }
    return {}


def header_of(records: Iterable[Mapping[str, str]], sheet: Sheet) -> list[str]:
    """Return every name that any record has, in the order of first sight; the contract's where there is none."""
    names: dict[str, None] = {}
    for record in records:
        names.update(dict.fromkeys(record))
    return list(names) or [column.name for column in sheet.columns]


def inside(body: Any, path: str) -> Any:
    """Return what stands at a dotted path of an answer; the answer itself for an empty path, None where nothing."""
    for part in path.split(".") if path else ():
        body = body.get(part) if isinstance(body, Mapping) else None
    return body
