"""Load a slice with its whole relations, read it back, and write the field-level diff."""

from collections.abc import Sequence
from pathlib import Path

from wherry.app.alone import alone
from wherry.app.compare import Witness, read_back
from wherry.app.diff_report import DiffReport
from wherry.app.proofs import keep_proof
from wherry.app.run_results import DiffSummary, SampleResult
from wherry.app.runs import Readied, carry_out, ready
from wherry.app.status import result_of
from wherry.app.superseded import following, superseded, withdraw
from wherry.app.workspace import Workspace
from wherry.model.errors import UsageInvalid
from wherry.model.run import RunKind
from wherry.planning.order import stream_order
from wherry.planning.sample import Candidates, unknown_keys

SIZE = 200  # records
WHOLE = frozenset({"practices", "clinicians", "procedures"})  # small streams that a sample takes whole


def sample(
    ws: Workspace, *, size: int = SIZE, seed: int = 1, keys: Path | None = None, show_values: bool = False
) -> SampleResult:
    """Load about `size` records chosen by risk and coverage, or the patients of a file of ids, and diff them.

    The same seed takes the same records. Values are masked in the reports unless `show_values` is set.
    Sampled again under another plan, and while no load stands, what earlier samples brought is updated, or
    taken back where this one does not bring it; what a person edited stays. Exit code 6 when a field differs.
    """
    wanted = _read_keys(keys)
    with alone(ws, "sample", joining=True):
        readied = following(ready(ws, "sample"))
        earlier = superseded(ws.ledger.runs(), RunKind.SAMPLE, readied.plan.digest)
        chosen = _choose(readied, size, seed, wanted)
        options = {"size": str(size), "seed": str(seed), "keys": str(keys or "")}
        run = carry_out(
            ws,
            readied,
            RunKind.SAMPLE,
            keys=chosen,
            options=options,
            after=lambda begun: withdraw(ws, readied, begun, earlier),
        )
        report = DiffReport(ws.reports_dir, f"sample-{run.id}", show_values=show_values)
        with report:
            proofs = read_back(
                ws, readied.situation, readied.hands.apply, run.id, Witness(on_record=report.add)
            )
        report.write_page(title=f"Sample {run.id}", digest=readied.plan.digest, proofs=proofs)
    status = result_of(ws, run.id)
    result = SampleResult(
        run=status.run,
        kind=status.kind,
        state=status.state,
        digest=status.digest,
        streams=status.streams,
        calls=status.calls,
        eta_seconds=status.eta_seconds,
        rejects_csv=status.rejects_csv,
        diff=DiffSummary(
            records=sum(proof.expected for proof in proofs.values()),
            fields=sum(sum(proof.verdicts.values()) for proof in proofs.values()),
            equal=report.equal,
            equal_after_rule=dict(report.rules),
            different=report.discrepancies,
            report_html=ws.shown(report.html),
            report_csv=ws.shown(report.csv),
        ),
        next_steps=(f"a person reads {ws.shown(report.html)}, then: wherry load",),
    )
    keep_proof(ws, "sample", run.id, result)
    return result


def _read_keys(path: Path | None) -> list[str]:
    if path is None:
        return []
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageInvalid(
            f"{path} cannot be read ({type(error).__name__})", hint="one patient id a line"
        ) from None
    wanted = [line.split(",")[0].strip().strip('"').removeprefix("patients/") for line in lines]
    found = [key for key in wanted if key and key.casefold() not in {"key", "patientid", "patient"}]
    if not found:
        raise UsageInvalid(f"{path} names no patient", hint="one patient id a line")
    return found


def _choose(readied: Readied, size: int, seed: int, wanted: Sequence[str]) -> dict[str, list[str]]:
    """Return the chosen keys per stream: the patients, all that hangs on them, and all small streams whole."""
    snapshot = readied.situation.snapshot
    order = stream_order(readied.situation.mappings.active)
    adopted = readied.situation.context.adoptions
    candidates = Candidates()
    for record in snapshot.read("patients"):
        candidates.add_patient(
            record, adopted=bool({record.key.id, f"leads/{record.key.id}"} & adopted.keys())
        )
    children: dict[str, list[tuple[str, str]]] = {}
    for stream in order:
        if stream in WHOLE or stream == "patients":
            continue
        for record in snapshot.read(stream):
            patient = str(record.values.get("patientId") or record.facts.get("patient_key") or "")
            candidates.add_child(record, patient)
            children.setdefault(stream, []).append((record.key.id, patient))
    if unknown := unknown_keys(wanted, candidates.patients):
        raise UsageInvalid(
            f"{len(unknown)} of the keys name no patient that can be loaded",
            hint="one patient id a line; wherry plan lists what is held back and why",
            details=unknown[:20],
        )
    patients = set(wanted or candidates.choose(size, seed))
    chosen = {stream: [r.key.id for r in snapshot.read(stream)] for stream in order if stream in WHOLE}
    chosen["patients"] = sorted(patients)
    for stream, pairs in children.items():
        chosen[stream] = [key for key, patient in pairs if patient in patients]
    return chosen
