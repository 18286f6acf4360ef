"""Reading answers: wrapped or bare, ids as numbers or texts, sideloads beside or inside the record."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeAlias

from wherry.connectors.freshsales.entities import Entity
from wherry.model.errors import ProtocolBroken
from wherry.model.jsons import Json

Row: TypeAlias = dict[str, Json]


def as_id(value: Json) -> int | None:
    """Return a record id as an integer; the API also writes ids as texts [L]."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        return int(value)
    return None


def as_number(value: Json) -> int | float | None:
    """Return a number as such, whole where it is; the API shows amounts as texts [L]."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return int(number) if number.is_integer() else number


def words(text: str) -> frozenset[str]:
    """Return the words of a text, as a set of names."""
    return frozenset(text.split())


def as_row(value: Json) -> Row:
    """Return a JSON object, or an empty one."""
    return value if isinstance(value, dict) else {}


def as_rows(value: Json) -> list[Row]:
    """Return the objects of a JSON array, or none."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def record_of(body: Json, entity: Entity) -> Row | None:
    """Return the record in an answer: under its root key, or bare; None when there is none with an id."""
    whole = as_row(body)
    for found in (as_row(whole.get(entity.root)), whole):
        if as_id(found.get("id")) is not None:
            return found
    return None


def rows_of(body: Json, name: str) -> list[Row]:
    """Return the rows of a list answer: under their plural key, nested twice, or a bare array.

    Lookup nests twice: `{"contacts": {"contacts": [...]}}` [L].
    """
    if isinstance(body, list):
        return as_rows(body)
    inner = as_row(body).get(name)
    return as_rows(as_row(inner).get(name)) if isinstance(inner, dict) else as_rows(inner)


def need_rows(body: Json, name: str, path: str) -> list[Row]:
    """Return the rows of a list answer; raise ProtocolBroken where there is no such list at all."""
    if isinstance(body, list) or name in as_row(body):
        return rows_of(body, name)
    raise ProtocolBroken(
        f"GET {path} answered without a list of {name}",
        hint="Check [destination] base_url; it may belong to another product or edition.",
    )


def meta_number(body: Json, name: str) -> int | None:
    """Return a figure of the answer's `meta`, which may be null or absent."""
    return as_id(as_row(as_row(body).get("meta")).get(name))


def moment_of(value: Json) -> datetime | None:
    """Return an ISO 8601 text as an aware moment in UTC, or None; without an offset it counts as UTC."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def sideloads_of(body: Json, entity: Entity) -> Mapping[str, Json]:
    """Return what stands beside the record."""
    return {name: value for name, value in as_row(body).items() if name not in {entity.root, "meta"}}
