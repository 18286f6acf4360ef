"""Load only rejects again, and what waits for them, after the mapping or the data was mended."""

from collections.abc import Mapping

from wherry.app.alone import alone
from wherry.app.run_results import StatusResult
from wherry.app.runs import carried, carry_out, ready
from wherry.app.status import result_of
from wherry.app.workspace import Workspace
from wherry.model.errors import UsageInvalid
from wherry.model.record import Key
from wherry.model.run import RecordState, Run, RunKind, RunState, StateChange

KINDS = frozenset({RunKind.LOAD, RunKind.RETRY, RunKind.DELTA})


def retry(ws: Workspace, *, where: Mapping[str, str] | None = None) -> StatusResult:
    """Load the rejects again that fit `where` (reason, stream, key), with their deferred descendants.

    Killed or interrupted, the same call goes on with its run. Raises UsageInvalid when no reject fits, ApprovalMissing or StalePlan as load does.
    """
    with alone(ws, "retry", joining=True):
        plan = ws.plan()
        later = carried(ws, plan)
        newer = later if later != plan.basis.snapshot else ""
        readied = ready(ws, "load", newer)
        waiting = still_waiting(ws)
        chosen = choose(waiting, where or {})
        named = ",".join(f"{k}={v}" for k, v in sorted((where or {}).items()))
        begun = _begun(ws, readied.plan.digest, named)
        if not chosen and begun is None:
            reasons = sorted({change.reason for change in waiting.values()})
            raise UsageInvalid(
                "no reject fits" if waiting else "there are no rejects",
                hint="reasons there are: " + ", ".join(reasons) if reasons else "nothing needs a retry",
            )
        keys: dict[str, list[str]] = {}
        for key in sorted(chosen):
            keys.setdefault(key.stream, []).append(key.id)
        later_one = {"snapshot": newer} if newer else {}
        options = begun.options if begun else {"where": named, "records": str(len(chosen)), **later_one}
        run = carry_out(ws, readied, RunKind.RETRY, keys=keys, options=options)
    return result_of(ws, run.id)


def _begun(ws: Workspace, digest: str, where: str) -> Run | None:
    """Return the retry of this plan and choice that was begun and did not end."""
    return next(
        (
            run
            for run in ws.ledger.runs()
            if run.kind is RunKind.RETRY
            and run.state is not RunState.FINISHED
            and (run.digest, run.options.get("where")) == (digest, where)
        ),
        None,
    )


def still_waiting(ws: Workspace) -> dict[Key, StateChange]:
    """Return the records that are rejected or deferred after all loads and retries so far."""
    waiting: dict[Key, StateChange] = {}
    for run in ws.ledger.runs():
        if run.kind not in KINDS:
            continue
        now = ws.ledger.states(run.id, list(waiting))
        open_ = {RecordState.REJECTED, RecordState.DEFERRED}
        if run.kind is RunKind.RETRY:  # one that did not end has taken up what still waits
            open_.add(RecordState.PENDING)
        waiting = {k: c for k, c in waiting.items() if now.get(k, c.state) in open_}
        for change in ws.ledger.rejects(run.id):
            if not change.key.stream.startswith("link."):
                waiting[change.key] = change
    return waiting


def choose(waiting: Mapping[Key, StateChange], where: Mapping[str, str]) -> set[Key]:
    """Return the rejects that fit, and everything that waits for one of them, however far down."""
    chosen = {key for key, change in waiting.items() if _fits(change, where)}
    grown = True
    while grown:
        names = {str(key) for key in chosen}
        more = {key for key, change in waiting.items() if change.blocked_by in names} - chosen
        chosen |= more
        grown = bool(more)
    return chosen


def _fits(change: StateChange, where: Mapping[str, str]) -> bool:
    if change.state is not RecordState.REJECTED and "key" not in where:
        return False
    facts = {"reason": change.reason, "stream": change.key.stream, "key": change.key.id}
    return all(facts.get(name) == wanted for name, wanted in where.items())
