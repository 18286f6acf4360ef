"""JSON values, and the one canonical form under which they are hashed."""

import hashlib
from typing import TypeAlias

import orjson

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"


def canonical_json(value: object) -> bytes:
    """Return the one byte string that stands for this value: sorted keys, no spaces, UTF-8.

    Takes what JSON can hold, and dates, enums and dataclasses, which orjson writes by their fields.
    """
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=str)


def sha256_of(value: object) -> str:
    """Return the sha256 (hex) of the canonical form."""
    return hashlib.sha256(canonical_json(value)).hexdigest()
