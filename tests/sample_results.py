"""One believable result of every verb, for the tests of documents and of screens."""

from dataclasses import replace

from wherry.app.report_results import RehearseResult, ReportResult
from wherry.app.results import (
    ApproveResult,
    Check,
    DiscoverResult,
    DoctorResult,
    EstimateResult,
    InitResult,
    MatchResult,
    PlanResult,
    PrepareResult,
    ProposalLine,
    ProposeResult,
    Result,
)
from wherry.app.run_results import (
    AuditExportResult,
    AuditShowResult,
    AuditVerifyResult,
    Calls,
    DemoResult,
    DemoStep,
    DiffSummary,
    Preview,
    PurgeResult,
    ReconcileResult,
    RollbackResult,
    SampleResult,
    StatusResult,
    StreamProof,
    stream_document,
)
from wherry.model.plan import Basis, Plan, Stage
from wherry.model.run import RecordState, StreamCounts

DIGEST = "9c41" * 16

LINE = ProposalLine(
    source_object="patients",
    source_header="Mobile No.",
    target="contacts.mobile_number",
    confidence=0.97,
    band="green",
    candidates=(("contacts.mobile_number", 0.97), ("contacts.work_number", 0.4)),
    evidence="name and values look like a mobile number",
)
COUNTS = StreamCounts(read=10, states={RecordState.CREATED: 7, RecordState.MERGED: 3})
STATUS = StatusResult(
    run="r3",
    kind="load",
    state="finished",
    digest=DIGEST,
    streams={"patients": COUNTS},
    calls=Calls(made=812, budget_per_hour=5000, throttled=0),
)
DIFF = DiffSummary(
    records=3,
    fields=30,
    equal=28,
    equal_after_rule={"phone_e164": 2},
    different=0,
    report_html="reports/a.html",
    report_csv="reports/a.csv",
)
SAMPLE = SampleResult(**{name: getattr(STATUS, name) for name in STATUS.__dataclass_fields__}, diff=DIFF)
PROOF = StreamProof(
    expected=7,
    found=7,
    fields_compared=70,
    equal=68,
    equal_after_rule={"email": 2},
    different=0,
    missing=0,
    not_readable=0,
)
ROLLBACK = RollbackResult(
    reverted=8,
    kept_edited=0,
    blocked=0,
    irreversible=1,
    already_gone=1,
    writes=10,
    calls=9,
    items_csv="reports/undo.csv",
)
PREVIEW = Preview(hours=0.5, expires_at="2026-10-02T20:00:00+00:00", confirm="9c41")
STAGE = Stage(
    order=1, mapping="patients", source="patients", destination="contacts", records=7, writes=7, calls=9
)
PLAN = Plan(
    basis=Basis(snapshot="a", mapping="b", destination="c", policies="d"),
    created_at="2026-10-02T19:00:00+00:00",
    mappings=(),
    policies={},
    stages=(STAGE, replace(STAGE, order=2, mapping="notes", privacy=("clinical",))),
    calls={"load": 9, "total": 30},
    hours=0.1,
    streams={"patients": {"read": 10, "created": 7}},
    rejects=({"stream": "patients", "reason": "missing_name", "count": 1, "hint": "fill it in"},),
    warnings=("workflows are on",),
)
CHECK = Check(id="clock", what="clock", verdict="ok", found="0.2 s off")

REPORT = ReportResult(
    path="reports/report.html",
    at="2026-10-02T20:00:00+00:00",
    digest=DIGEST,
    run="r3",
    streams={"patients": stream_document(COUNTS)},
    standing=({"source": "patients", "destination": "contacts", "created": 7, "adopted": 0},),
    reasons=(
        {"stream": "patients", "state": "merged", "reason": "merged_into", "count": 3, "hint": "no need"},
    ),
    runs=(),
    approvals=(),
    sample=None,
    reconcile=None,
    chain={"entries": 12, "ok": True},
)

REHEARSE = RehearseResult(
    digest=DIGEST,
    streams={"patients": stream_document(COUNTS)},
    rejects=({"stream": "patients", "reason": "no_name", "count": 0, "foreseen": 1},),
    rejects_csv="reports/rehearse-rejects.csv",
    calls={"prepare": 4, "load": 9, "read_back": 3, "rollback": 8, "total": 24},
    planned_calls={"total": 23},
    hours=0.01,
    rollback_hours=0.01,
    faults=2,
    proof=ReconcileResult(streams={"patients": PROOF}, discrepancies="reports/d.csv", ok=True),
    undone=ROLLBACK,
    restored=True,
)

RESULTS: dict[str, Result] = {
    "init": InitResult(directory="clinic", files=("wherry.toml",)),
    "doctor": DoctorResult(checks=(CHECK,)),
    "discover": DiscoverResult(
        snapshot=DIGEST,
        source={
            "system": "aerona",
            "streams": {"patients": {"records": 10, "fields": 9}},
            "facts": {"tz": "x"},
        },
        destination={
            "system": "freshsales",
            "streams": {"tasks": {"records": None, "fields": 9}},
            "people": 2,
        },
        fates={"patients": {"ready": 9, "merged": 1}},
        findings=(
            {"code": "wrong_encoding", "message": "m", "file": "a", "line": 2, "count": None, "hint": None},
        ),
    ),
    "propose": ProposeResult(proposals=(LINE,), written=("mapping/patients.yaml",)),
    "match": MatchResult(proposals=(LINE,), engine="lexicon", lexicon_sha256=DIGEST, model_sha256=None),
    "estimate": EstimateResult(
        grade="B",
        objects={"total": 8, "one_to_one": 6, "needs_mapping": 2},
        factors={},
        timeline_hours=(3.0, 5.5),
        calls={"by_object": {"contacts": 10}, "total": 10, "rollback_reserve": 10},
        price={"currency": "EUR", "amount": None, "rule": "no table"},
        storage={},
        gotchas=(),
    ),
    "plan": PlanResult(plan=PLAN, path="plans/x.json"),
    "approve": ApproveResult(digest=DIGEST, by="Maria", at="2026-10-02T19:00:00+00:00", runs=("load",)),
    "rehearse": REHEARSE,
    "prepare": PrepareResult(run="r1", digest=DIGEST, created=(), existing=(), manual_steps=(), calls=4),
    "status": STATUS,
    "sample": SAMPLE,
    "reconcile": ReconcileResult(streams={"patients": PROOF}, discrepancies="reports/d.csv", ok=True),
    "rollback": ROLLBACK,
    "purge": PurgeResult(
        operations=10,
        undecided=1,
        values=12,
        unfinished_runs=("r3",),
        removed=(".wherry/snapshots",),
        kept=("plans/", ".wherry/store.db"),
        confirm=DIGEST,
    ),
    "audit-show": AuditShowResult(entries=({"seq": 1},)),
    "audit-verify": AuditVerifyResult(entries=12, first_broken=None),
    "audit-export": AuditExportResult(path="reports/e.zip", entries=12, sha256=DIGEST),
    "report": REPORT,
    "demo": DemoResult(steps=(DemoStep(name="load", ok=True, seconds=1.5, summary="500 records"),)),
}
