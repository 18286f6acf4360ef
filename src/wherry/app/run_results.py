"""What runs return, and the verbs that prove them or take them back; see results.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from wherry.app.results import (
    DISCREPANCY,
    FINISHED_WITH_REJECTS,
    INTERRUPTED,
    OK,
    PAUSED,
    ROLLBACK_INCOMPLETE,
    UNEXPECTED,
    Document,
    Result,
    Row,
)
from wherry.model.run import RecordState, StreamCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """API calls of a run."""

    made: int
    budget_per_hour: int
    throttled: int

    def document(self) -> Document:
        """Return the `calls` object."""
        return {"made": self.made, "budget_per_hour": self.budget_per_hour, "throttled": self.throttled}


def stream_document(counts: StreamCounts) -> dict[str, int]:
    """Return the conservation line of one stream: read, each state, unexplained."""
    states = {state.value: counts.states.get(state, 0) for state in RecordState}
    return {"read": counts.read, **states, "unexplained": counts.unexplained}


@dataclass(frozen=True, kw_only=True)
class StatusResult(Result):
    """Where a run stands, or stood when it ended; `run` is empty when there was none yet.

    `finished_verb` is False for `status`, which only looks: a run that is still going, or was
    interrupted, is no failure of looking. `rejects_csv` is shown to people.
    """

    run: str = ""
    kind: str = ""
    state: str = "none"
    digest: str = ""
    streams: Mapping[str, StreamCounts] = field(default_factory=dict)
    calls: Calls = Calls(made=0, budget_per_hour=0, throttled=0)
    eta_seconds: int = 0
    finished_verb: bool = True
    rejects_csv: str = ""

    def document(self) -> Document:
        """Return the status document."""
        return {
            "schema": "wherry/status/1",
            "run": self.run or None,
            "kind": self.kind or None,
            "state": self.state,
            "digest": self.digest or None,
            "streams": {name: stream_document(counts) for name, counts in self.streams.items()},
            "calls": self.calls.document(),
            "eta_seconds": self.eta_seconds,
        }

    @property
    def rejected(self) -> int:
        """Return how many records were rejected, over all streams."""
        return sum(c.states.get(RecordState.REJECTED, 0) for c in self.streams.values())

    @property
    def exit_code(self) -> int:
        """Return 0 only for a run without rejects in which every record is explained."""
        if any(c.unexplained for c in self.streams.values()):
            return UNEXPECTED
        if self.state == "paused":
            return PAUSED
        if self.finished_verb and self.state in {"interrupted", "failed"}:
            return INTERRUPTED if self.state == "interrupted" else UNEXPECTED
        return FINISHED_WITH_REJECTS if self.rejected else OK


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffSummary:
    """The sample's read-back in figures, and the two reports."""

    records: int
    fields: int
    equal: int
    equal_after_rule: Mapping[str, int]  # rule → fields
    different: int
    report_html: str
    report_csv: str

    def document(self) -> Document:
        """Return the `diff` object."""
        return {
            "records": self.records,
            "fields": self.fields,
            "equal": self.equal,
            "equal_after_rule": dict(self.equal_after_rule),
            "different": self.different,
            "report_html": self.report_html,
            "report_csv": self.report_csv,
        }


@dataclass(frozen=True, kw_only=True)
class SampleResult(StatusResult):
    """A sample's run and its field-level diff; a field that never arrived counts as different."""

    diff: DiffSummary

    def document(self) -> Document:
        """Return the status document with `diff`."""
        return {**super().document(), "schema": "wherry/sample/1", "diff": self.diff.document()}

    @property
    def exit_code(self) -> int:
        """Return the run's own code, and 6 when a finished sample differs."""
        own = super().exit_code
        return DISCREPANCY if self.diff.different and own in {OK, FINISHED_WITH_REJECTS} else own


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamProof:
    """Read-back of one stream: records expected and found, and how their fields compare."""

    expected: int
    found: int
    fields_compared: int
    equal: int
    equal_after_rule: Mapping[str, int]  # rule → fields
    different: int
    missing: int
    not_readable: int

    def document(self) -> Document:
        """Return one entry of `streams`."""
        return {
            "expected": self.expected,
            "found": self.found,
            "fields_compared": self.fields_compared,
            "equal": self.equal,
            "equal_after_rule": dict(self.equal_after_rule),
            "different": self.different,
            "missing": self.missing,
            "not_readable": self.not_readable,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlRow:
    """One control total of the money on both sides: how many amounts, and what they come to."""

    kind: str  # invoiced, outstanding or received
    month: str  # YYYY-MM
    currency: str
    method: str  # of payment, where the kind is received
    source_count: int
    source: str  # amount with two decimals
    found_count: int
    found: str
    equal: bool

    def document(self) -> Document:
        """Return one entry of `control_totals`."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, kw_only=True)
class ReconcileResult(Result):
    """The proof. `ok` also covers what the figures per stream cannot show: conservation, drift, and the money."""

    streams: Mapping[str, StreamProof]
    discrepancies: str  # path of the CSV
    ok: bool
    control_totals: tuple[ControlRow, ...] = ()
    control_csv: str = ""

    def document(self) -> Document:
        """Return the document of `reconcile`."""
        return {
            "schema": "wherry/reconcile/1",
            "streams": {name: proof.document() for name, proof in self.streams.items()},
            "discrepancies": self.discrepancies,
            "control_totals": [row.document() for row in self.control_totals],
            "control_csv": self.control_csv,
            "ok": self.ok,
        }

    @property
    def exit_code(self) -> int:
        """Return 6 unless everything was proved."""
        return OK if self.ok else DISCREPANCY


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a rollback would take; `confirm` is the digest to hand back with --confirm."""

    hours: float
    expires_at: str  # ISO 8601, UTC
    confirm: str


@dataclass(frozen=True, kw_only=True)
class RollbackResult(Result):
    """What was taken back, or would be when `preview` is there; `writes` are the ledger's confirmed writes."""

    reverted: int
    kept_edited: int
    blocked: int
    irreversible: int
    already_gone: int
    writes: int
    calls: int
    items_csv: str
    preview: Preview | None = None

    @property
    def balanced(self) -> bool:
        """Return whether the buckets add up to the ledger's confirmed writes."""
        buckets = (self.reverted, self.kept_edited, self.blocked, self.irreversible, self.already_gone)
        return sum(buckets) == self.writes

    def document(self) -> Document:
        """Return the document of `rollback`, with three more keys when it is a preview."""
        body: Document = {
            "schema": "wherry/rollback/1",
            "buckets": {
                "reverted": self.reverted,
                "kept_edited": self.kept_edited,
                "blocked": self.blocked,
                "irreversible": self.irreversible,
                "already_gone": self.already_gone,
            },
            "calls": self.calls,
            "items_csv": self.items_csv,
            "ok": self.balanced and not (self.kept_edited or self.blocked),
        }
        if self.preview:
            more = {"hours": self.preview.hours, "expires_at": self.preview.expires_at}
            body |= {**more, "confirm": self.preview.confirm}
        return body

    @property
    def exit_code(self) -> int:
        """Return 7 when something was kept or blocked; a preview only fails when it does not add up."""
        if not self.balanced:
            return UNEXPECTED
        return ROLLBACK_INCOMPLETE if not self.preview and (self.kept_edited or self.blocked) else OK


@dataclass(frozen=True, kw_only=True)
class PurgeResult(Result):
    """What a purge ended for good, or would end: then `confirm` is the digest that carries it out."""

    operations: int  # confirmed writes that can no longer be taken back
    undecided: int  # writes of which nobody will know any more whether they arrived
    values: int  # operations whose values were kept
    unfinished_runs: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]
    began: str = ""
    ended: str = ""
    confirm: str = ""

    def document(self) -> Document:
        """Return the document of `purge`; a preview has `confirm`, and neither began nor ended."""
        return {
            "schema": "wherry/purge/1",
            "operations": self.operations,
            "undecided": self.undecided,
            "values": self.values,
            "unfinished_runs": list(self.unfinished_runs),
            "removed": list(self.removed),
            "kept": list(self.kept),
            "began": self.began or None,
            "ended": self.ended or None,
            "confirm": self.confirm or None,
        }


@dataclass(frozen=True, kw_only=True)
class AuditShowResult(Result):
    """Entries of the ledger, oldest first; ids and hashes, never a value."""

    entries: tuple[Row, ...]

    def document(self) -> Document:
        """Return the document of `audit show`."""
        return {"schema": "wherry/audit-show/1", "entries": [dict(entry) for entry in self.entries]}


@dataclass(frozen=True, kw_only=True)
class AuditVerifyResult(Result):
    """Whether the hash chain holds; `first_broken` is the number of the first entry that does not."""

    entries: int
    first_broken: int | None

    def document(self) -> Document:
        """Return the document of `audit verify`."""
        return {
            "schema": "wherry/audit-verify/1",
            "entries": self.entries,
            "ok": self.first_broken is None,
            "first_broken": self.first_broken,
        }

    @property
    def exit_code(self) -> int:
        """Return 1 for a broken chain."""
        return OK if self.first_broken is None else UNEXPECTED


@dataclass(frozen=True, kw_only=True)
class AuditExportResult(Result):
    """A masked evidence pack was written."""

    path: str
    entries: int
    sha256: str

    def document(self) -> Document:
        """Return the document of `audit export`."""
        pack = {"path": self.path, "entries": self.entries, "sha256": self.sha256}
        return {"schema": "wherry/audit-export/1", **pack}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoStep:
    """One step of the demo, what it showed, and whether it showed it."""

    name: str
    ok: bool
    seconds: float
    summary: str


@dataclass(frozen=True, kw_only=True)
class DemoResult(Result):
    """The proof on the bundled clinic; `directory` is empty when nothing was kept."""

    steps: tuple[DemoStep, ...]
    directory: str = ""
    report: str = ""

    def document(self) -> Document:
        """Return the document of `demo`."""
        steps = [{"name": s.name, "ok": s.ok, "seconds": s.seconds, "summary": s.summary} for s in self.steps]
        return {
            "schema": "wherry/demo/1",
            "steps": steps,
            "directory": self.directory or None,
            "report": self.report or None,
            "ok": self.exit_code == OK,
        }

    @property
    def exit_code(self) -> int:
        """Return 1 when a step did not show what it promises."""
        return OK if self.steps and all(s.ok for s in self.steps) else UNEXPECTED
