"""A catalog as JSON, and back: split then join is identity."""

from collections.abc import Mapping
from typing import Any

import orjson

from wherry.model.catalog import Catalog, Choice, Field, FieldType, Person, Privacy, Stream


def dump_catalog(catalog: Catalog) -> bytes:
    """Return the catalog as JSON."""
    return orjson.dumps(catalog, option=orjson.OPT_INDENT_2)


def load_catalog(data: bytes) -> Catalog:
    """Return the catalog that dump_catalog() wrote."""
    body: dict[str, Any] = orjson.loads(data)
    return Catalog(
        system=body["system"],
        streams=tuple(_stream(stream) for stream in body["streams"]),
        people=tuple(Person(**person) for person in body["people"]),
        lookups=body["lookups"],
        limits=body["limits"],
        abilities=body["abilities"],
    )


def _stream(body: Mapping[str, Any]) -> Stream:
    return Stream(**{**body, "fields": tuple(_field(field) for field in body["fields"])})


def _field(body: Mapping[str, Any]) -> Field:
    return Field(
        **{
            **body,
            "type": FieldType(body["type"]),
            "privacy": Privacy(body["privacy"]),
            "choices": tuple(Choice(**choice) for choice in body["choices"]),
        }
    )
