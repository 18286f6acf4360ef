"""The ledger, shown, verified and handed out: ids and hashes, never a value."""

import csv
import hashlib
import io
import zipfile
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import orjson

from wherry.app.chronicle import chronicle
from wherry.app.pages import page
from wherry.app.results import Row
from wherry.app.run_results import AuditExportResult, AuditShowResult, AuditVerifyResult
from wherry.app.workspace import Workspace
from wherry.model.errors import UsageInvalid

READ_ME = """The evidence pack of one migration.

index.html is the same in short, to read and to print: runs, writes by kind, approvals, and whether the chain holds.

entries.jsonl and entries.csv hold the same lines: every attempted write and every approval, oldest first,
with who approved, the plan's digest, the record's ids on both sides and the hashes of what was sent and
what stood there before and after. `hash` covers all other columns and the `previous` line's hash, so that a
changed, missing or reordered line is found by: wherry audit verify
No value of a record is in here.
"""


def show(ws: Workspace, *, run: str = "", limit: int | None = None) -> AuditShowResult:
    """Return the entries, oldest first; of one run, or the newest `limit`, where asked for.

    Raises UsageInvalid for a run that never was.
    """
    known = [r.id for r in ws.ledger.runs()] if run else []
    if run and run not in known:
        raise UsageInvalid(f"there is no run {run}", hint="known runs: " + (", ".join(known) or "none"))
    rows = (row for row in _rows(ws) if not run or row["run"] == run)
    return AuditShowResult(entries=tuple(deque(rows, maxlen=limit)))


def verify(ws: Workspace) -> AuditVerifyResult:
    """Walk the hash chain; exit code 1 where a byte was changed, removed or moved."""
    found = ws.store.ledger.verify()
    return AuditVerifyResult(entries=found.entries, first_broken=found.first_broken)


def export(ws: Workspace, *, output: Path | None = None) -> AuditExportResult:
    """Write the masked evidence pack, a zip, and return its fingerprint."""
    path = output or ws.reports_dir / "audit.zip"
    table = io.StringIO(newline="")
    lines = io.BytesIO()
    count = 0
    writer: csv.DictWriter[str] | None = None
    for row in _rows(ws):
        if writer is None:
            writer = csv.DictWriter(table, list(row))
            writer.writeheader()
        writer.writerow(row)
        lines.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
        count += 1
    page = _page(ws, count)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr("README.txt", READ_ME)
        pack.writestr("index.html", page)
        pack.writestr("entries.csv", table.getvalue())
        pack.writestr("entries.jsonl", lines.getvalue())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return AuditExportResult(path=ws.shown(path), entries=count, sha256=digest)


def _page(ws: Workspace, entries: int) -> str:
    """Return the pack's page: figures and names of approvers, never a value."""
    runs = ws.ledger.runs()
    told = chronicle(ws.ledger.entries(), runs)
    kinds: Counter[tuple[str, str, str]] = Counter()
    for entry in ws.ledger.entries():
        if entry.run and entry.verb != "run":
            kinds[entry.verb, entry.stream, entry.state.value] += 1
    return page("audit.html").render(
        written=ws.clock.now().isoformat(timespec="seconds"),
        entries=entries,
        broken=verify(ws).first_broken,
        runs=[(run, sorted(told.writes.get(run.id, Counter()).items())) for run in runs],
        kinds=sorted(kinds.items()),
        approvals=ws.ledger.approvals(),
    )


def _rows(ws: Workspace) -> Iterator[Row]:
    for entry in ws.ledger.entries():
        yield {name: str(value) if name == "state" else value for name, value in asdict(entry).items()}
