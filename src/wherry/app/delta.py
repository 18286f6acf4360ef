"""Follow the source: what changed there since the load goes over too, what people changed here stays."""

import csv
import logging
from dataclasses import replace
from datetime import datetime, timedelta

from wherry.app.alone import alone
from wherry.app.hooks import Hooks
from wherry.app.rollback import all_stays
from wherry.app.run_results import StatusResult
from wherry.app.runs import Readied, carry_out, ready
from wherry.app.status import result_of
from wherry.app.workspace import Workspace
from wherry.engine.gone import DELETED, KEPT, LEFT, enlist_gone, take_away
from wherry.engine.load import OVERRULED
from wherry.model.errors import Interrupted, PreflightFailed, SettingsInvalid, TryAgain
from wherry.model.run import Run, RunKind
from wherry.planning.approve import require_approval
from wherry.planning.order import stream_order

COLUMNS = ("stream", "key", "state", "reason", "fields", "why", "run")
GAP = 60.0  # seconds between two deltas that webhooks ask for
LEAST_TOKEN = 16
NOTED = (KEPT, OVERRULED, DELETED, LEFT)
_LOG = logging.getLogger("wherry.delta")


def delta(ws: Workspace, *, wait: bool = True) -> StatusResult:
    """Read the source again and bring what changed since: creates, updates, deletes, merges, changed links.

    It carries out the approved plan on the source as it is now. A field that a person changed in Freshsales
    stays, unless `[policy] edits` says otherwise; reports/delta-….csv names every such field and every
    delete. Resumes where it stopped; a second one without changes writes nothing.

    Raises ApprovalMissing where nobody approved the plan for delta, StalePlan when the mapping, the settings
    or Freshsales are not what they were, PreflightFailed for a source that cannot be read.
    """
    ws.wait_for_quota = wait
    with alone(ws, "delta", joining=True):
        require_approval(ws.ledger.approvals(), ws.plan().digest, "delta")
        with ws.source() as source:
            ws.progress.start("reading the source", None)
            snapshot = ws.stage(source)
            ws.progress.finish()
        readied = ready(ws, "delta", snapshot.digest)
        readied = replace(readied, hands=replace(readied.hands, follows=True))
        options = {"snapshot": snapshot.digest}
        run = carry_out(ws, readied, RunKind.DELTA, options=options, after=lambda r: _follow(ws, readied, r))
    return _reported(ws, run)


def listening(ws: Workspace, host: str, port: int) -> Hooks:
    """Return a receiver of the source's webhooks; raises SettingsInvalid without a token of its own."""
    token = ws.settings.credentials.require("source.webhook_token")
    if len(token) < LEAST_TOKEN or not token.isascii() or not token.isalnum():
        raise SettingsInvalid(
            f"source.webhook_token must be {LEAST_TOKEN} letters and digits or more",
            hint="make one: python3 -c 'import secrets; print(secrets.token_hex(16))'",
        )
    return Hooks((host, port), token, ws.state / "webhooks.json")


def watch(
    ws: Workspace, *, lasting: float, every: float, wait: bool = True, hooks: Hooks | None = None
) -> StatusResult:
    """Repeat the delta every so many seconds for that many seconds, and return how the last one ended.

    A webhook brings the next one forward, to a minute after the last one began at the earliest.

    A source that cannot be read just now, or a destination that is away, is tried again the next time.
    Raises Interrupted when somebody asked to stop; run again, it goes on.
    """
    until = ws.clock.now() + timedelta(seconds=lasting)
    last = StatusResult(finished_verb=False)
    while True:
        begun = ws.clock.now()
        try:
            last = delta(ws, wait=wait)
        except (PreflightFailed, TryAgain) as error:
            _LOG.warning("not this time: %s", error.message, extra={"action": "delta.postponed"})
        soonest = begun + timedelta(seconds=min(GAP, every))
        if not _until(ws, min(begun + timedelta(seconds=every), until), soonest, hooks):
            raise Interrupted("stopped between two deltas", hint="run the same command again to go on")
        if ws.clock.now() >= until:
            return last


def _until(ws: Workspace, moment: datetime, soonest: datetime, hooks: Hooks | None) -> bool:
    """Wait until then, or until a webhook after `soonest`; return whether nobody asked to stop meanwhile."""
    while (left := (moment - ws.clock.now()).total_seconds()) > 0 and not ws.stopper.asked:
        if hooks is not None and ws.clock.now() >= soonest and hooks.pending():
            break
        ws.clock.sleep(min(1.0, left))
    return not ws.stopper.asked


def _follow(ws: Workspace, readied: Readied, run: Run) -> None:
    streams = tuple(reversed(stream_order(readied.situation.mappings.active)))
    enlist_gone(readied.hands, run.id, streams)
    # What still hangs on a record now stays: all that goes before it is gone.
    around = all_stays(ws, readied.situation.catalog)
    take_away(readied.hands, run.id, streams, around, delete=ws.settings.policy.deleted == "delete")


def _reported(ws: Workspace, run: Run) -> StatusResult:
    result = result_of(ws, run.id)
    path = ws.reports_dir / f"delta-{run.id}.csv"
    kept = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for change in ws.ledger.noted(run.id, NOTED):
            key = change.key
            writer.writerow(
                [key.stream, key.id, change.state.value, change.reason, change.field, change.hint, run.id]
            )
            kept += change.reason == KEPT
    steps = (f"{kept} records keep what people changed: {ws.shown(path)}",) if kept else ()
    return replace(result, next_steps=(*steps, *result.next_steps))
