"""Where things stand."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

import orjson

from wherry.app.run_results import Calls, StatusResult
from wherry.app.workspace import Workspace
from wherry.model.errors import UsageInvalid
from wherry.model.run import RecordState, Run, RunState, StreamCounts

REJECT_COLUMNS = ("stream", "key", "field", "reason", "hint", "blocked_by", "run")


def status(ws: Workspace, run: str = "") -> StatusResult:
    """Return the newest run's counts, or those of the run named; reading changes nothing.

    Raises UsageInvalid for a run that never was.
    """
    runs = ws.ledger.runs()
    if not runs:
        return StatusResult(finished_verb=False, next_steps=("nothing has been written yet",))
    found = next((r for r in runs if r.id == run), None) if run else runs[-1]
    if found is None:
        raise UsageInvalid(f"there is no run {run}", hint="known runs: " + ", ".join(r.id for r in runs))
    return _result(ws, found, finished_verb=False)


def result_of(ws: Workspace, run: str) -> StatusResult:
    """Return the end of a run, after writing down its rejects."""
    found = next(r for r in ws.ledger.runs() if r.id == run)
    return _result(ws, found, finished_verb=True, rejects=write_rejects(ws, run))


def _result(ws: Workspace, run: Run, *, finished_verb: bool, rejects: str = "") -> StatusResult:
    counts = ws.ledger.counts(run.id)
    return StatusResult(
        run=run.id,
        kind=run.kind.value,
        state=run.state.value,
        digest=run.digest,
        streams=counts,
        calls=calls_of(ws, run),
        eta_seconds=_eta(ws, run, counts),
        finished_verb=finished_verb,
        rejects_csv=rejects,
    )


def calls_of(ws: Workspace, run: Run) -> Calls:
    """Return the call figures of a run."""
    there = ws.settings.destination
    return Calls(made=run.calls, budget_per_hour=there.hourly_quota, throttled=run.throttled)


def _eta(ws: Workspace, run: Run, counts: Mapping[str, StreamCounts]) -> int:
    """Seconds until an unfinished run is done, by its plan's calls and the call budget; 0 for a finished one."""
    if run.state is RunState.FINISHED:
        return 0
    pending = sum(
        c.states.get(RecordState.PENDING, 0) for name, c in counts.items() if not name.startswith("link.")
    )
    per_hour = min(ws.settings.destination.hourly_budget, ws.settings.destination.minute_budget * 60)
    return round(pending * 3600 / per_hour)


def write_rejects(ws: Workspace, run: str) -> str:
    """Write rejects and deferred records of a run as CSV and JSONL; return the CSV's path."""
    folder = ws.reports_dir
    csv_path, lines_path = folder / f"rejects-{run}.csv", folder / f"rejects-{run}.jsonl"
    with _new(csv_path) as table, lines_path.open("wb") as lines:
        writer = csv.DictWriter(table, REJECT_COLUMNS)
        writer.writeheader()
        for change in ws.ledger.rejects(run):
            row = {
                "stream": change.key.stream,
                "key": change.key.id,
                "field": change.field,
                "reason": change.reason,
                "hint": change.hint,
                "blocked_by": change.blocked_by,
                "run": run,
            }
            writer.writerow(row)
            lines.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
    return ws.shown(csv_path)


def _new(path: Path) -> TextIO:
    return path.open("w", encoding="utf-8", newline="")
