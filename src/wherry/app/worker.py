"""Help to carry out a run that was begun elsewhere."""

import logging
from contextlib import ExitStack
from dataclasses import replace

from wherry.app.alone import alone
from wherry.app.durable import Part, part_in, warm_up
from wherry.app.durable_files import fetch
from wherry.app.load import load_alone
from wherry.app.run_results import StatusResult
from wherry.app.runs import LOADING, check_fresh, make_hands
from wherry.app.situation import gather
from wherry.app.status import status
from wherry.app.superseded import superseded
from wherry.app.workspace import Workspace
from wherry.engine.hands import Hands
from wherry.model.errors import Interrupted, NotOnThisStore, RunInProgress
from wherry.model.ports import WORKER
from wherry.model.run import Run, RunKind, RunState
from wherry.planning.approve import unlocked_classes

LOOK_SECONDS = 1.0  # between two looks for a run to join

_log = logging.getLogger("wherry.engine")
_SUCCEEDS = {"action": "engine.coordinator_succeeded"}


def worker(ws: Workspace) -> StatusResult:
    """Wait for a run of this store, work on it until it is over, and return where it stands then.

    Where the coordinator of a load is gone for longer than its lease, one of the workers takes its place.
    Raises NotOnThisStore on SQLite, Interrupted when somebody asked to stop, StalePlan when what lies
    here is not what the run's plan stands on, and whatever ended a batch of this worker.
    """
    if ws.store.leases(ws.settings.engine.lease_seconds) is None:
        raise NotOnThisStore(
            "several workers need PostgreSQL",
            hint="set [store] url to postgresql://host/name; on one machine, wherry load needs no worker",
        )
    warm_up()
    run = _wait_for_run(ws)
    hands = join(ws, run)
    ws.budget.charge(run.id)
    while True:
        with part_in(ws, hands, run.id, WORKER) as part:
            _help(ws, run, part)
        if not _running(ws, run.id):
            return status(ws, run.id)
        with ExitStack() as stack:
            if _locked(ws, stack) and _running(ws, run.id):
                _log.warning("the coordinator is gone: this worker goes on in its place", extra=_SUCCEEDS)
                return load_alone(ws, run.id)


def _help(ws: Workspace, run: Run, part: Part) -> None:
    """Work on a run until it is over, or until nobody coordinates it any more and this process could."""
    while _running(ws, run.id):
        part.watch()
        if part.engine.failed(LOOK_SECONDS):
            part.engine.raise_failure()
        _check_stop(ws)
        if run.kind is RunKind.LOAD and part.abandoned():
            with ExitStack() as stack:
                if _locked(ws, stack):
                    return


def _locked(ws: Workspace, stack: ExitStack) -> bool:
    """Take the store's lock, unless another process has it: a coordinator that begins, or a quicker worker."""
    try:
        stack.enter_context(alone(ws, "load", joining=True))
    except RunInProgress:
        return False
    return True


def join(ws: Workspace, run: Run) -> Hands:
    """Return the hands for a run that was begun elsewhere, once all that it stands on is here."""
    fetch(ws, run.digest)
    plan = ws.plan(run.digest)
    unlocked = unlocked_classes(ws.ledger.approvals(plan.digest), plan.digest)
    newer = run.options.get("snapshot", "")
    situation = gather(ws, ws.destination.describe(), unlocked, newer)
    check_fresh(ws, plan, situation, newer=bool(newer))
    follows = run.kind in (RunKind.DELTA, RunKind.SAMPLE)
    follows = follows or bool(superseded(ws.ledger.runs(), run.kind, run.digest))
    return replace(make_hands(ws, situation, unlocked), follows=follows)


def _wait_for_run(ws: Workspace) -> Run:
    ws.progress.start("waiting for a run to join", None)
    while True:
        _check_stop(ws)
        found = [run for run in ws.ledger.runs() if run.state is RunState.RUNNING and run.kind in LOADING]
        if found:
            ws.progress.finish()
            return found[-1]
        ws.clock.sleep(LOOK_SECONDS)


def _running(ws: Workspace, run: str) -> bool:
    return any(one.id == run and one.state is RunState.RUNNING for one in ws.ledger.runs())


def _check_stop(ws: Workspace) -> None:
    if ws.stopper.asked:
        raise Interrupted("stopped at a batch border", hint="the run goes on with its other workers")
