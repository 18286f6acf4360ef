"""What will be done, frozen under a digest, and a person's yes to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wherry.model.jsons import Json, sha256_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a plan stands on; each is a sha256. When one changes, the plan is stale."""

    snapshot: str
    mapping: str
    destination: str
    policies: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step of the walk: all records of one source stream that become one destination stream."""

    order: int
    mapping: str  # name of the mapping
    source: str
    destination: str
    records: int  # source records foreseen to be written
    writes: int  # destination records foreseen
    calls: int
    bulk: bool = False
    privacy: tuple[str, ...] = ()  # locked classes that this stage needs opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The frozen list of what will be done.

    The digest covers everything but `created_at`. The free-form lists hold JSON objects meant for people
    and for the plan's page: each has the keys named beside it.
    """

    basis: Basis
    created_at: str
    mappings: tuple[Mapping[str, Json], ...]  # the mappings themselves, as data
    policies: Mapping[str, Json]
    stages: tuple[Stage, ...]
    calls: Mapping[str, int]  # prepare, load, read_back, rollback, total
    hours: float
    streams: Mapping[str, Mapping[str, int]]  # per source stream: read and foreseen states
    rejects: tuple[Mapping[str, Json], ...] = ()  # stream, reason, count, hint
    no_equivalent: tuple[Mapping[str, Json], ...] = ()  # stream, field, reason, count
    owners: tuple[Mapping[str, Json], ...] = ()  # source key, email, owner_id, how (email|fallback)
    adoptions: tuple[Mapping[str, Json], ...] = ()  # key, destination_id, evidence
    demotions: tuple[Mapping[str, Json], ...] = ()  # key, reason, holder
    accounts: tuple[Mapping[str, Json], ...] = ()  # key, name written, collision
    fields: tuple[Mapping[str, Json], ...] = ()  # custom fields: stream, label, type, exists, how
    manual_steps: tuple[Mapping[str, Json], ...] = ()  # id, what, why, verified
    irreversible: tuple[Mapping[str, Json], ...] = ()  # what, why
    locked: tuple[Mapping[str, Json], ...] = ()  # privacy class, streams and fields, records
    warnings: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """Return what the digest covers."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "created_at"}

    @property
    def digest(self) -> str:
        """Return the plan's fingerprint: 64 hex characters, of which the first 12 are enough to type."""
        return sha256_of(self.body())


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A person's yes to one digest, for one kind of run, or to open one privacy class."""

    digest: str
    by: str
    at: datetime
    purpose_of_run: str = ""  # prepare, sample, load, delta, instalments
    unlock: str = ""  # a privacy class
    purpose: str = ""
    basis: str = ""
