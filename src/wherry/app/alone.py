"""One process at a time: a verb that writes has the workspace to itself, or says who has it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from wherry.app.workspace import Workspace
from wherry.model.errors import RunInProgress
from wherry.model.run import RunState


@contextmanager
def alone(ws: Workspace, verb: str, *, joining: bool = False) -> Iterator[None]:
    """Have the store to itself for that verb; raises RunInProgress naming the run that is under way.

    Live workers of a run are refused too, unless who asks is `joining` it.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(ws.store.lock.held(verb, joining=joining))
        except RunInProgress as held:
            raise _named(ws, held) from None
        yield


def _named(ws: Workspace, held: RunInProgress) -> RunInProgress:
    """Say which run it is, and of which kind: by the lease of its coordinator, or by the verb of who holds the lock."""
    for run in reversed(ws.ledger.runs()):
        its = run.id == held.run or (run.kind == held.verb and run.state is RunState.RUNNING)
        if its:
            verb = held.verb or run.kind.value
            return RunInProgress.by(held.place, run=run.id, verb=verb, since=held.since)
    return held
