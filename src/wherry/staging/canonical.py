"""The one text that stands for each value in a shard, and the way back."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import assert_never
from zoneinfo import ZoneInfo

import orjson

from wherry.model.catalog import FieldType
from wherry.model.record import Value

_ZONED = re.compile(r"(.+)\[(.+)\]\Z")


def encode(value: Value) -> str | None:
    """Return the canonical text of a value; None and empty text both become None.

    Date-times keep their zone's name in brackets, so that local clock time survives the way back.
    """
    match value:
        case None | "":
            return None
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Decimal():
            return format(value, "f")
        case datetime():
            return _encode_moment(value)
        case date():
            return value.isoformat()
        case tuple():
            return orjson.dumps(value).decode() if value else None
        case _:
            assert_never(value)


def _encode_moment(value: datetime) -> str:
    zone = value.tzinfo
    return f"{value.isoformat()}[{zone.key}]" if isinstance(zone, ZoneInfo) else value.isoformat()


def decode(text: str | None, type_: FieldType) -> Value:
    """Return the value that `encode` wrote, typed by its field."""
    if text is None:
        return None
    match type_:
        case FieldType.INTEGER:
            return int(text)
        case FieldType.NUMBER | FieldType.MONEY:
            return Decimal(text)
        case FieldType.BOOLEAN:
            return text == "true"
        case FieldType.DATE:
            return date.fromisoformat(text)
        case FieldType.DATETIME:
            return _decode_moment(text)
        case FieldType.MULTI_SELECT:
            return tuple(orjson.loads(text))
        case _:
            return text


def _decode_moment(text: str) -> datetime:
    zoned = _ZONED.match(text)
    if zoned is None:
        return datetime.fromisoformat(text)
    return datetime.fromisoformat(zoned[1]).astimezone(ZoneInfo(zoned[2]))
