"""Prove it: conservation per stream, and every field read back and compared."""

from collections.abc import Callable
from contextlib import closing

from wherry.app.alone import alone
from wherry.app.compare import Witness, read_back
from wherry.app.control_totals import control_rows, control_totals, write_control
from wherry.app.diff_report import DiffReport
from wherry.app.proofs import keep_proof
from wherry.app.readings import Lines, Readings
from wherry.app.run_results import ReconcileResult, StreamProof
from wherry.app.runs import LOADING, carried, make_hands
from wherry.app.situation import gather
from wherry.app.workspace import Workspace
from wherry.model.diff import Observed, Verdict
from wherry.model.errors import UsageInvalid
from wherry.model.jsons import sha256_of
from wherry.model.record import Record
from wherry.model.run import RecordState, Run, RunKind
from wherry.planning.approve import unlocked_classes
from wherry.reconcile.control import ControlTotals
from wherry.reconcile.proof import Proof, unbalanced


def reconcile(ws: Workspace, run: str = "") -> ReconcileResult:
    """Compare everything that was written and not taken back (or by the run named) with what is there now.

    Writes nothing to the destination. Exit code 6 when a record is missing, a field differs, records are
    still pending, the counts of a stream do not add up, or a control total of the money differs;
    reports/reconcile-….csv names each discrepancy, reports/control-totals-….csv holds the money.
    Interrupted, paused or killed, the next call goes on with what was read already, for a day and as long as
    nothing was written meanwhile.
    """
    with alone(ws, "reconcile"):
        found = _run(ws, run)
        plan = ws.plan(found.digest)
        unlocked = unlocked_classes(ws.ledger.approvals(plan.digest), plan.digest)
        situation = gather(ws, ws.destination.describe(), unlocked, carried(ws, plan))
        hands = make_hands(ws, situation, unlocked)
        report = DiffReport(
            ws.reports_dir, f"reconcile-{found.id}", show_values=ws.settings.report.show_values
        )
        totals = control_totals(situation)
        witness = Witness(on_record=report.add, on_seen=seen_by(totals))
        readings = _readings(ws, plan.digest, run)
        with report, closing(readings):
            proofs = read_back(ws, situation, hands.apply, run and found.id, witness, readings)
        readings.done()
        report.write_page(title=f"Reconcile {found.id}", digest=plan.digest, proofs=proofs)
    if not any(proof.expected for proof in proofs.values()):
        raise UsageInvalid(
            "there is nothing to reconcile: nothing that was written stands", hint="wherry load"
        )
    counts = ws.ledger.counts(found.id)
    pending = sum(line.states.get(RecordState.PENDING, 0) for line in counts.values())
    control = control_rows(totals)
    sheet = write_control(ws.reports_dir / f"control-totals-{found.id}.csv", control)
    ok = not unbalanced(counts) and not pending and all(proof.ok for proof in proofs.values())
    ok = ok and totals.equal
    steps: tuple[str, ...] = () if ok else (f"read {ws.shown(report.html)}",)
    if pending:
        steps = (f"{found.id} has not ended: {pending} records are pending; wherry {found.kind}", *steps)
    result = ReconcileResult(
        streams={name: _proof(proof) for name, proof in proofs.items()},
        discrepancies=ws.shown(report.csv),
        ok=ok,
        control_totals=control,
        control_csv=ws.shown(sheet),
        next_steps=steps,
    )
    keep_proof(ws, "reconcile", found.id, result)
    return result


def _readings(ws: Workspace, digest: str, run: str) -> Readings:
    """What an interrupted reconcile of the same state has read already."""
    runs = [[r.id, r.kind.value, r.state.value, r.calls] for r in ws.ledger.runs()]
    path = ws.state / "readings" / f"{run or 'all'}.jsonl"
    return Readings(
        path, sha256_of([digest, run, runs]), ws.destination, Lines(sealer=ws.sealer, now=ws.clock.now())
    )


def seen_by(totals: ControlTotals) -> Callable[[Record, Observed | None], None]:
    """Return what adds each invoice to the control totals, and leaves other records alone."""

    def seen(record: Record, found: Observed | None) -> None:
        if record.key.stream == "invoices":
            totals.add(record, found)

    return seen


def _run(ws: Workspace, run: str) -> Run:
    runs = [r for r in ws.ledger.runs() if r.kind in LOADING]
    if run and run not in {r.id for r in runs}:
        raise UsageInvalid(
            f"{run} is no run that loads", hint="such runs: " + (", ".join(r.id for r in runs) or "none yet")
        )
    if run:
        runs = [r for r in runs if r.id == run]
    loads = [r for r in runs if r.kind is not RunKind.SAMPLE] or runs
    if not loads:
        raise UsageInvalid("there is nothing to reconcile", hint="wherry load, or wherry sample, first")
    return loads[-1]


def _proof(proof: Proof) -> StreamProof:
    return StreamProof(
        expected=proof.expected,
        found=proof.found,
        fields_compared=proof.compared,
        equal=proof.verdicts[Verdict.EQUAL],
        equal_after_rule=dict(sorted(proof.rules.items())),
        different=proof.verdicts[Verdict.DIFFERENT],
        missing=proof.verdicts[Verdict.MISSING],
        not_readable=proof.verdicts[Verdict.NOT_READABLE],
    )
