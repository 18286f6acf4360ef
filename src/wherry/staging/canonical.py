"""The one text that stands for each value in a shard, and the way back."""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from wherry.model.catalog import FieldType
from wherry.model.record import Value

_ZONED = re.compile(r"(.+)\[(.+)\]\Z")


def encode(value: Value) -> str | None:
    """Return the canonical text of a value; None, empty text and an empty tuple become None.

    Date-times keep their zone's name in brackets, so that local clock time survives the way back.
    """
    if value is None:
        return None
    return _ENCODERS[type(value)](value) or None


def decode(text: str | None, type_: FieldType) -> Value:
    """Return the value that `encode` wrote, typed by its field."""
    return None if text is None else _DECODERS.get(type_, _as_it_is)(text)


def _as_it_is(text: str) -> str:
    return text


def _encode_tuple(value: tuple[str, ...]) -> str:
    return orjson.dumps(value).decode() if value else ""


def _encode_moment(value: datetime) -> str:
    zone = value.tzinfo
    return f"{value.isoformat()}[{zone.key}]" if isinstance(zone, ZoneInfo) else value.isoformat()


def _decode_moment(text: str) -> datetime:
    zoned = _ZONED.match(text)
    if zoned is None:
        return datetime.fromisoformat(text)
    return datetime.fromisoformat(zoned[1]).astimezone(ZoneInfo(zoned[2]))


_ENCODERS: dict[type, Callable[[Any], str]] = {
    str: _as_it_is,
    bool: lambda value: "true" if value else "false",
    int: str,
    Decimal: lambda value: format(value, "f"),
    datetime: _encode_moment,
    date: date.isoformat,
    tuple: _encode_tuple,
}
_DECODERS: dict[FieldType, Callable[[str], Value]] = {
    FieldType.INTEGER: int,
    FieldType.NUMBER: Decimal,
    FieldType.MONEY: Decimal,
    FieldType.BOOLEAN: lambda text: text == "true",
    FieldType.DATE: date.fromisoformat,
    FieldType.DATETIME: _decode_moment,
    FieldType.MULTI_SELECT: lambda text: tuple(orjson.loads(text)),
}
