"""One page for the whole migration, to print and to sign: what moved, what did not and why, and the proof."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from wherry.app import plots
from wherry.app.audit import verify
from wherry.app.chronicle import Chronicle, calls_by_hour, chronicle, progress
from wherry.app.leftovers import why_left
from wherry.app.pages import page
from wherry.app.proofs import Kept, last_proof
from wherry.app.report_results import ReportResult
from wherry.app.results import Document
from wherry.app.run_results import stream_document
from wherry.app.workspace import Workspace
from wherry.model.errors import UsageInvalid
from wherry.model.run import RecordState, Run, RunKind, RunState

WHOLE = frozenset({RunKind.LOAD, RunKind.DELTA})  # runs that account for every record of the source
STAYED = (
    RecordState.REJECTED,
    RecordState.DEFERRED,
    RecordState.PENDING,
    RecordState.NO_EQUIVALENT,
    RecordState.FILTERED,
    RecordState.MERGED,
)


def report(ws: Workspace) -> ReportResult:
    """Write reports/report.html from what the ledger holds; asks neither system, and changes nothing.

    The page holds ids, counts, reasons and names of approvers, never a value of a record. Raises UsageInvalid
    while there is neither a run nor a plan to report on.
    """
    runs = ws.ledger.runs()
    if not runs and not ws.plan_digests():
        raise UsageInvalid("there is nothing to report yet: neither a plan nor a run", hint="wherry plan")
    told = chronicle(ws.ledger.entries(), runs)
    chain = verify(ws)
    main = _main(runs)
    result = ReportResult(
        path=ws.shown(ws.reports_dir / "report.html"),
        at=ws.clock.now().isoformat(timespec="seconds"),
        digest=main.digest if main else _planned(ws),
        run=main.id if main else "",
        streams={name: stream_document(line) for name, line in _counts(ws, main).items()},
        standing=_standing(ws),
        reasons=_reasons(ws, runs, main),
        runs=tuple(_run(run, told, _approver(ws, run)) for run in runs),
        approvals=tuple(_approvals(ws)),
        sample=_proof(last_proof(ws, "sample"), runs),
        reconcile=_proof(last_proof(ws, "reconcile"), runs),
        chain={"entries": chain.entries, "ok": chain.first_broken is None},
    )
    _write(ws, result, told, runs)
    return result


def _main(runs: Sequence[Run]) -> Run | None:
    """Return the run that speaks for the whole migration: the newest load or delta, else the newest that loads."""
    whole = [run for run in runs if run.kind in WHOLE]
    samples = [run for run in runs if run.kind is RunKind.SAMPLE]
    return next(reversed(whole or samples), None)


def _planned(ws: Workspace) -> str:
    try:
        return ws.plan().digest
    except UsageInvalid:
        return ""


def _counts(ws: Workspace, main: Run | None) -> dict[str, Any]:
    return dict(ws.ledger.counts(main.id)) if main else {}


def _standing(ws: Workspace) -> tuple[Document, ...]:
    """Return what of ours lives at the destination now, by source and destination stream."""
    found: Counter[tuple[str, str, bool]] = Counter()
    for line in ws.ledger.located():
        if line.stream not in {"fields", "modules"}:
            found[line.key.stream, line.stream, line.adopted] += 1
    pairs = sorted({(source, there) for source, there, _adopted in found})
    return tuple(
        {
            "source": source,
            "destination": there,
            "created": found[source, there, False],
            "adopted": found[source, there, True],
        }
        for source, there in pairs
    )


def _reasons(ws: Workspace, runs: Sequence[Run], main: Run | None) -> tuple[Document, ...]:
    """Return why records stayed behind, less those that a later retry brought after all."""
    if main is None:
        return ()
    brought = _brought(ws, [run for run in runs[runs.index(main) + 1 :] if run.kind is RunKind.RETRY], main)
    lines: list[Document] = []
    for one in ws.ledger.reasons(main.id):
        count = one.count - brought[one.stream, one.state, one.reason]
        if one.state in STAYED and count and not one.stream.startswith("link."):
            line = {"stream": one.stream, "state": one.state.value, "reason": one.reason}
            lines.append({**line, "count": count, "hint": one.hint})
    order = {state.value: place for place, state in enumerate(STAYED)}
    return tuple(sorted(lines, key=lambda line: (order[line["state"]], line["stream"], line["reason"])))


def _brought(ws: Workspace, retries: Sequence[Run], main: Run) -> Counter[tuple[str, RecordState, str]]:
    """Count the main run's rejects that later retries landed, by stream, state and reason."""
    landed = {RecordState.CREATED, RecordState.UPDATED, RecordState.UNCHANGED}
    found: Counter[tuple[str, RecordState, str]] = Counter()
    if not retries:
        return found
    held = list(ws.ledger.rejects(main.id))
    keys = [change.key for change in held]
    done = {
        key for run in retries for key, state in ws.ledger.states(run.id, keys).items() if state in landed
    }
    found.update((c.key.stream, c.state, c.reason) for c in held if c.key in done)
    return found


def _run(run: Run, told: Chronicle, approver: str) -> Document:
    return {
        "run": run.id,
        "kind": run.kind.value,
        "state": run.state.value,
        "digest": run.digest,
        "approved_by": approver or None,
        "started_at": run.started_at.isoformat(timespec="seconds"),
        "finished_at": run.finished_at.isoformat(timespec="seconds") if run.finished_at else None,
        "calls": run.calls,
        "throttled": run.throttled,
        "writes": dict(sorted(told.writes.get(run.id, Counter()).items())),
    }


def _approver(ws: Workspace, run: Run) -> str:
    kind = "load" if run.kind is RunKind.RETRY else run.kind.value
    given = [a.by for a in ws.ledger.approvals(run.digest) if a.purpose_of_run == kind]
    return given[-1] if given else ""


def _approvals(ws: Workspace) -> list[Document]:
    return [
        {
            "digest": one.digest,
            "by": one.by,
            "at": one.at.isoformat(timespec="seconds"),
            "for": one.purpose_of_run or None,
            "unlock": one.unlock or None,
            "purpose": one.purpose or None,
            "basis": one.basis or None,
        }
        for one in ws.ledger.approvals()
    ]


def _proof(kept: Kept | None, runs: Sequence[Run]) -> Document | None:
    """Return a kept proof, and which runs have begun since: what they wrote is not in it."""
    if kept is None:
        return None
    since = [run.id for run in runs if run.started_at > kept.at or (run.finished_at or kept.at) > kept.at]
    return {"run": kept.run, "at": kept.at.isoformat(timespec="seconds"), "since": since, **kept.document}


def _shown_streams(result: ReportResult) -> list[tuple[str, Mapping[str, int]]]:
    """Return the streams as people name them: records first, then the links between them."""
    lines = sorted(result.streams.items(), key=lambda pair: pair[0].startswith("link."))
    return [(_shown_name(name), line) for name, line in lines]


def _shown_name(name: str) -> str:
    text = name.replace("_", " ").replace("deleted.", "taken away there: ")
    if not text.startswith("link."):
        return text
    start, _, end = text.removeprefix("link.").partition(".")
    return f"{start} → {end}"


def _write(ws: Workspace, result: ReportResult, told: Chronicle, runs: Sequence[Run]) -> None:
    there = ws.settings.destination
    limits = [("the account's quota", there.hourly_quota), ("ours of it", there.hourly_budget)]
    html = page("report.html").render(
        title=ws.settings.report.title or "Migration report",
        r=result.document(),
        streams=_shown_streams(result),
        states=[state.value for state in RecordState],
        kinds={run.id: run.kind.value for run in runs},
        why=why_left([(line["stream"], line["reason"]) for line in result.reasons]),
        ended=all(run.state is RunState.FINISHED for run in runs),
        progress=plots.line(progress(told), "writes that stand, over time"),
        calls=plots.bars(calls_by_hour(told, runs), "calls of each hour against the quota", limits=limits),
    )
    (ws.reports_dir / "report.html").write_text(html, encoding="utf-8")
