"""Bulk jobs: accepted at once, applied later, row by row, exactly once."""

import json
import logging
import math
import random
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass, field
from typing import Any

from wherry_emulators.freshsales.calls import Call
from wherry_emulators.freshsales.clock import Clock
from wherry_emulators.freshsales.errors import ApiError
from wherry_emulators.freshsales.faults import JOB_KINDS, FaultRule, Faults
from wherry_emulators.freshsales.switches import Switches

BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    (
        "bulk_upsert answers at once with a job's address; created ids are not in any reply",
        "[D]",
        "Official docs",
    ),
    (
        "GET /job_statuses/{id} answers {id, status, job_type_name, progress, data, created_at, status_updated_at}",
        "[D]",
        "Official docs, #job_status_api",
    ),
    (
        "Status names queued, in_progress, completed, failed",
        "[?]",
        "No readable source; switch bulk.job_states",
    ),
    (
        "Failed rows are reported in data, a JSON text {success: [...], failed: [...]} by row index from 0",
        "[?]",
        "No readable source; switch bulk.partial_failure_shape",
    ),
    ("A job fails only if every row failed", "[I]", "No readable source"),
)

_LOG = logging.getLogger(__name__)

WAITING_SHARE = 0.2
"""The part of a job's time during which it waits in the queue at progress 0."""

CURRENT_CALL: ContextVar[Call | None] = ContextVar("CURRENT_CALL", default=None)
"""The call being handled, so that a job knows which call made it."""

_FIRST_ID = 90000000001


@dataclass(slots=True, kw_only=True)
class _Job:
    id: int
    kind: str
    rows: int
    work: Callable[[int], str | None]
    begun: float
    delay: float
    stall_at: int
    failing: frozenset[int]
    message: str
    lost: bool
    context: Context
    applied: int = 0
    moved: float = 0.0
    errors: dict[int, str] = field(default_factory=dict)

    def due(self, row: int) -> float:
        """Tell the emulated second at which this row, counted from 0, is applied."""
        return self.begun + self.delay * (WAITING_SHARE + (1 - WAITING_SHARE) * (row + 1) / self.rows)

    @property
    def pending(self) -> bool:
        return self.applied < min(self.rows, self.stall_at)

    @property
    def done(self) -> bool:
        return self.applied >= self.rows


class Jobs:
    """The account's bulk jobs, on the emulated clock; safe to use from several threads.

    Rows are applied when their time has come: when anybody asks, and by a background thread once
    :meth:`start` was called.
    """

    def __init__(
        self,
        clock: Clock,
        switches: Callable[[], Switches],
        faults: Faults,
        lock: AbstractContextManager[Any],
    ) -> None:
        """Begin without jobs; ``lock`` is the account's, and ``switches`` is asked at each use."""
        self._clock, self._switches, self._faults, self._lock = clock, switches, faults, lock
        self._jobs: dict[int, _Job] = {}
        self._known = threading.Condition()
        self._applying = threading.Lock()
        self._stopped = False
        self._thread: threading.Thread | None = None

    def submit(self, kind: str, rows: int, work: Callable[[int], str | None]) -> str:
        """Accept a job of so many rows and return its id.

        ``work(row)`` applies one row, counted from 0, and returns why it failed, or None. It is called once
        per row, never inside this call, with the account's lock held and in the context of the call that
        submitted the job.
        """
        call = CURRENT_CALL.get() or Call(method="POST", path="")
        struck = self._faults.picked(call, JOB_KINDS)
        late = sum(rule.ms for rule in struck if rule.kind == "job_late")
        with self._known:
            number = _FIRST_ID + len(self._jobs)
            begun = self._clock.seconds()
            self._jobs[number] = _Job(
                id=number,
                kind=kind,
                rows=rows,
                work=work,
                begun=begun,
                moved=begun,
                delay=(self._switches().bulk_delay_ms + late) / 1000,
                stall_at=_stall(struck, rows),
                failing=self._failing(struck, rows, number),
                message=next((rule.message for rule in struck if rule.kind == "job_partial"), ""),
                lost=any(rule.kind == "job_lost" for rule in struck),
                context=copy_context(),
            )
            self._known.notify()
        return str(number)

    def status(self, job_id: int) -> dict[str, Any]:
        """Describe a job as ``GET /job_statuses/{id}`` does; ApiError 404 if it is unknown or lost."""
        self.advance()
        with self._known:
            job = self._jobs.get(job_id)
        if job is None or job.lost:
            raise ApiError(404, "Job not found")
        with self._applying:
            return self._describe(job)

    def advance(self) -> None:
        """Apply every row whose time has come, in the order of their times."""
        now = self._clock.seconds()
        with self._applying:
            with self._known:
                jobs = [job for job in self._jobs.values() if job.pending]
            due = sorted(
                (job.due(row), job.id, row)
                for job in jobs
                for row in range(job.applied, min(job.rows, job.stall_at))
                if job.due(row) <= now
            )
            for moment, number, row in due:
                self._apply(self._jobs[number], row, moment)

    def finish(self) -> None:
        """Apply the rows of every job that is not stalled, as if their time had come."""
        with self._applying:
            for job in list(self._jobs.values()):
                for row in range(job.applied, min(job.rows, job.stall_at)):
                    self._apply(job, row, max(job.due(row), job.begun))

    def pending(self) -> int:
        """Count the rows accepted and not yet applied, those of stalled jobs excepted."""
        with self._known:
            return sum(min(job.rows, job.stall_at) - job.applied for job in self._jobs.values())

    def start(self) -> None:
        """Start the thread that applies rows although nobody asks."""
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop that thread; jobs keep the rows they have applied."""
        with self._known:
            self._stopped = True
            self._known.notify()
        if self._thread:
            self._thread.join(timeout=5)

    def wake(self) -> None:
        """Make the thread look again, because the clock was pushed forward."""
        with self._known:
            self._known.notify()

    def _run(self) -> None:
        while True:
            with self._known:
                if self._stopped:
                    return
                dues = [job.due(job.applied) for job in self._jobs.values() if job.pending]
                wait = self._clock.real(min(dues) - self._clock.seconds()) if dues else None
                if wait is None or wait > 0:
                    self._known.wait(wait)
            self.advance()

    def _apply(self, job: _Job, row: int, moment: float) -> None:
        """Apply one row; the caller holds the applying lock."""
        job.applied = row + 1
        job.moved = moment
        reason: str | None
        if row in job.failing:
            reason = job.message
        else:
            try:
                with self._lock:
                    reason = job.context.run(job.work, row)
            except ApiError as refusal:
                reason = ", ".join(refusal.messages)
            except Exception as error:  # noqa: BLE001 - one broken row must not end the thread that applies all others
                _LOG.error("row %d of job %d broke: %s", row, job.id, type(error).__name__)
                reason = "Internal error"
        if reason is not None:
            job.errors[row] = reason

    def _failing(self, struck: list[FaultRule], rows: int, number: int) -> frozenset[int]:
        shares = [0.1 if rule.rows < 0 else rule.rows for rule in struck if rule.kind == "job_partial"]
        if not shares:
            return frozenset()
        chance = random.Random(f"{self._faults.seed}|job|{number}")
        return frozenset(chance.sample(range(rows), math.ceil(max(shares) * rows)))

    def _describe(self, job: _Job) -> dict[str, Any]:
        switches = self._switches()
        waiting, running, completed, failed = switches.bulk_job_states
        waits = (
            job.applied == 0
            and job.rows > 0
            and self._clock.seconds() < job.begun + job.delay * WAITING_SHARE
        )
        if job.done:
            status = failed if job.rows and len(job.errors) == job.rows else completed
        else:
            status = waiting if waits else running
        return {
            "id": job.id,
            "status": status,
            "job_type_name": job.kind,
            "progress": 100 if job.done else job.applied * 100 // job.rows,
            "data": _data(job, switches) if job.done else "",
            "created_at": self._clock.at(job.begun).isoformat(timespec="seconds"),
            "status_updated_at": self._clock.at(job.moved).isoformat(timespec="seconds"),
        }


def _stall(struck: list[FaultRule], rows: int) -> int:
    shares = [0.5 if rule.rows < 0 else rule.rows for rule in struck if rule.kind == "job_stalled"]
    return min(rows - 1, int(min(shares) * rows)) if shares else rows


def _data(job: _Job, switches: Switches) -> str:
    match switches.bulk_partial_failure_shape:
        case "none":
            return ""
        case "message":
            return f"{len(job.errors)} of {job.rows} rows failed" if job.errors else ""
        case "data_json":
            failed = [{"row": row, "message": message} for row, message in sorted(job.errors.items())]
            return json.dumps(
                {"success": [row for row in range(job.rows) if row not in job.errors], "failed": failed}
            )
