"""The full run."""

from contextlib import ExitStack
from dataclasses import replace

from wherry.app.alone import alone
from wherry.app.durable import reap_when_steady
from wherry.app.run_results import StatusResult
from wherry.app.runs import carry_out, ready
from wherry.app.status import result_of
from wherry.app.superseded import following, superseded, withdraw
from wherry.app.workspace import Workspace
from wherry.model.errors import Interrupted, RunInProgress
from wherry.model.run import Run, RunKind, RunState

LOOK_SECONDS = 1.0  # between two looks of one that stands by


def load(ws: Workspace, *, wait: bool = True, stand_by: bool = False) -> StatusResult:
    """Load everything that the approved plan holds; resumes where it stopped.

    Without `wait` it pauses (exit code 8) instead of waiting for the API quota. With `stand_by` it waits
    while another process loads, ends with that one's result, and takes its place where it is gone. Raises
    ApprovalMissing or StalePlan when the plan may not be carried out, RunInProgress while another process
    is at work.
    """
    ws.wait_for_quota = wait
    with ExitStack() as stack:
        waited_for = _stand_by(ws, stack) if stand_by else None
        if not stand_by:
            stack.enter_context(alone(ws, "load", joining=True))
        if waited_for is not None and _state(ws, waited_for.id) is RunState.FINISHED:
            return result_of(ws, waited_for.id)
        return load_alone(ws)


def load_alone(ws: Workspace, resumes: str = "") -> StatusResult:
    """Load, by a process that holds the store's lock; see load.

    With `resumes` that run goes on, and none is begun where it has come to its end meanwhile. What samples of other plans left and this one does not bring is taken back.
    """
    readied = replace(ready(ws, "load"), resumes=resumes)
    earlier = superseded(ws.ledger.runs(), RunKind.LOAD, readied.plan.digest)
    readied = following(readied) if earlier else readied
    run = carry_out(ws, readied, RunKind.LOAD, after=lambda begun: withdraw(ws, readied, begun, earlier))
    return result_of(ws, run.id)


def _stand_by(ws: Workspace, stack: ExitStack) -> Run | None:
    """Take the store's lock once it is free; return the load that was under way meanwhile, or None."""
    seen: Run | None = None
    ws.progress.start("standing by: another process loads", None)
    reap = reap_when_steady(ws)
    while True:
        try:
            stack.enter_context(alone(ws, "load", joining=True))
        except RunInProgress:
            seen = seen or _under_way(ws)
            reap()
        else:
            ws.progress.finish()
            return seen
        if ws.stopper.asked:
            raise Interrupted("stopped while standing by", hint="the load goes on with its other processes")
        ws.clock.sleep(LOOK_SECONDS)


def _under_way(ws: Workspace) -> Run | None:
    running = [r for r in ws.ledger.runs() if r.kind is RunKind.LOAD and r.state is RunState.RUNNING]
    return running[-1] if running else None


def _state(ws: Workspace, run: str) -> RunState:
    return next(one.state for one in ws.ledger.runs() if one.id == run)
