"""The full run."""

from wherry.app.run_results import StatusResult
from wherry.app.runs import carry_out, ready
from wherry.app.status import result_of
from wherry.app.workspace import Workspace
from wherry.model.run import RunKind


def load(ws: Workspace, *, wait: bool = True) -> StatusResult:
    """Load everything that the approved plan holds; resumes where it stopped.

    Without `wait` it pauses (exit code 8) instead of waiting for the API quota. Raises ApprovalMissing
    or StalePlan when the plan may not be carried out.
    """
    ws.wait_for_quota = wait
    with ws.store.lock.held(joining=True):
        return load_alone(ws)


def load_alone(ws: Workspace) -> StatusResult:
    """Load, by a process that holds the store's lock; see load."""
    run = carry_out(ws, ready(ws, "load"), RunKind.LOAD)
    return result_of(ws, run.id)
