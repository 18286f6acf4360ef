"""What `report` and `rehearse` return; see results.py."""

from collections.abc import Mapping
from dataclasses import dataclass

from wherry.app.results import (
    DISCREPANCY,
    FINISHED_WITH_REJECTS,
    OK,
    PREFLIGHT_FAILED,
    ROLLBACK_INCOMPLETE,
    Document,
    Result,
    Row,
)
from wherry.app.run_results import ReconcileResult, RollbackResult


@dataclass(frozen=True, kw_only=True)
class ReportResult(Result):
    """One page for the whole migration was written; these are the figures on it.

    `run` is the one whose states `streams` and `reasons` show; empty before the first. `sample` and `reconcile`
    are the newest documents of those verbs, with `run`, `at` and the runs that wrote `since`.
    """

    path: str
    at: str  # ISO 8601, UTC
    digest: str
    run: str
    streams: Mapping[str, Mapping[str, int]]
    standing: tuple[Document, ...]
    reasons: tuple[Document, ...]
    runs: tuple[Document, ...]
    approvals: tuple[Document, ...]
    sample: Document | None
    reconcile: Document | None
    chain: Document

    def document(self) -> Document:
        """Return the document of `report`."""
        return {
            "schema": "wherry/report/1",
            "path": self.path,
            "at": self.at,
            "digest": self.digest or None,
            "run": self.run or None,
            "streams": {name: dict(line) for name, line in self.streams.items()},
            "standing": list(self.standing),
            "reasons": list(self.reasons),
            "runs": list(self.runs),
            "approvals": list(self.approvals),
            "sample": self.sample,
            "reconcile": self.reconcile,
            "chain": self.chain,
        }


@dataclass(frozen=True, kw_only=True)
class RehearseResult(Result):
    """What the plan came to against the emulator; `proof` is None where nothing landed.

    `rejects` (deferred ones included) stand beside what the plan foresaw; `hours` are those of the way there, at the real quota.
    """

    digest: str
    streams: Mapping[str, Mapping[str, int]]
    rejects: tuple[Document, ...]
    rejects_csv: str
    calls: Mapping[str, int]
    planned_calls: Mapping[str, int]
    hours: float
    rollback_hours: float
    faults: int
    proof: ReconcileResult | None
    undone: RollbackResult | None
    restored: bool
    manual_steps: tuple[Row, ...] = ()

    def document(self) -> Document:
        """Return the document of `rehearse`."""
        proofs = self.proof.streams.values() if self.proof else ()
        buckets: Document = self.undone.document()["buckets"] if self.undone else {}
        return {
            "schema": "wherry/rehearse/1",
            "digest": self.digest,
            "streams": {name: dict(line) for name, line in self.streams.items()},
            "rejects": list(self.rejects),
            "rejects_csv": self.rejects_csv,
            "calls": dict(self.calls),
            "planned_calls": dict(self.planned_calls),
            "hours": self.hours,
            "rollback_hours": self.rollback_hours,
            "faults": self.faults,
            "proof": {
                "records": sum(one.found for one in proofs),
                "fields_compared": sum(one.fields_compared for one in proofs),
                "different": sum(one.different for one in proofs),
                "missing": sum(one.missing for one in proofs),
                "ok": self.proof is None or self.proof.ok,
            },
            "rollback": {"buckets": buckets, "restored": self.restored},
            "manual_steps": [dict(step) for step in self.manual_steps],
            "ok": self.exit_code == OK,
        }

    @property
    def exit_code(self) -> int:
        """Return 3 for steps that an admin has to do first, 6, 7 and 4 as the verbs that were rehearsed would."""
        if self.manual_steps:
            return PREFLIGHT_FAILED
        if self.proof is not None and not self.proof.ok:
            return DISCREPANCY
        if not self.restored:
            return ROLLBACK_INCOMPLETE
        return FINISHED_WITH_REJECTS if any(line["rejected"] for line in self.streams.values()) else OK
