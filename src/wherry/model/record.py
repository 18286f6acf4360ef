"""One item of a stream, its identity at home, and what was decided of it when it was staged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

Value: TypeAlias = str | int | bool | Decimal | date | datetime | tuple[str, ...] | None


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """The identity of a record at the source: its stream and its id there."""

    stream: str
    id: str

    def __str__(self) -> str:
        return f"{self.stream}/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record of the staged snapshot.

    `values` are typed by the stream's catalog. `facts` are what staging found out about the record by
    looking at others (names in staging/relations.py), for instance `never_booked` or `email_holder`.
    """

    key: Key
    values: Mapping[str, Value]
    facts: Mapping[str, Value] = field(default_factory=dict)
    hash: str = ""  # sha256 of the canonical values

    def __repr__(self) -> str:
        return f"Record({self.key}, {len(self.values)} fields)"


class Fate(StrEnum):
    """What staging decided of a record before any mapping is applied."""

    READY = "ready"
    FILTERED = "filtered"
    MERGED = "merged"
    NO_EQUIVALENT = "no_equivalent"
    REJECTED = "rejected"
    DEFERRED = "deferred"


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """The fate of one source record: `reason` is a stable code, `detail` names field and line, never a value."""

    key: Key
    fate: Fate
    reason: str = ""
    detail: str = ""
    field: str = ""
    line: int = 0  # physical line in the file where the record starts
    blocked_by: str = ""  # "stream/id" of the parent that holds a deferred record back
    hash: str = ""
