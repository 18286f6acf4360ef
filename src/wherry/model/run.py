"""Runs, and the states that a record can be in: exactly one at every moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from wherry.model.record import Key


class RecordState(StrEnum):
    """Where a source record stands in one run; `read` is the sum over all of these."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    MERGED = "merged"
    FILTERED = "filtered"
    NO_EQUIVALENT = "no_equivalent"
    REJECTED = "rejected"
    DEFERRED = "deferred"
    PENDING = "pending"


class RunKind(StrEnum):
    """The starting points of the one engine."""

    PREPARE = "prepare"
    SAMPLE = "sample"
    LOAD = "load"
    DELTA = "delta"
    RETRY = "retry"
    ROLLBACK = "rollback"


class RunState(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    PAUSED = "paused"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a plan."""

    id: str  # r1, r2 …
    kind: RunKind
    digest: str
    state: RunState
    started_at: datetime
    finished_at: datetime | None = None
    calls: int = 0
    throttled: int = 0
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChange:
    """A record's move into a state; kept in the same transaction as the ledger events that caused it."""

    key: Key
    state: RecordState
    reason: str = ""
    hint: str = ""
    field: str = ""
    blocked_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """How many records of a stream are in a state for one coded reason; `hint` is that of one of them."""

    stream: str
    state: RecordState
    reason: str
    hint: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamCounts:
    """How many records of a stream are in each state; `read` was counted apart, when the run began."""

    read: int
    states: Mapping[RecordState, int]

    @property
    def unexplained(self) -> int:
        """Return how many records are in no state, or in more than one: 0 unless something is broken."""
        return self.read - sum(self.states.values())
