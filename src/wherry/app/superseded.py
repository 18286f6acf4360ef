"""What samples of other plans brought: the run that carries the new plan out takes back what that does not bring."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from wherry.app.rollback import all_stays
from wherry.app.runs import Readied
from wherry.app.workspace import Workspace
from wherry.engine.gone import enlist_withdrawn, take_away
from wherry.model.run import Run, RunKind, RunState
from wherry.planning.order import stream_order

_OWN = frozenset({RunKind.LOAD, RunKind.DELTA, RunKind.RETRY})  # what they brought is no sample any more


def superseded(runs: Sequence[Run], kind: RunKind, digest: str) -> frozenset[str]:
    """Return the samples of other plans that nothing but samples came after, as a run of this plan finds them.

    A load, a retry or a delta makes what stands there its own, until it is taken back.
    """
    found: set[str] = set()
    for number, run in enumerate(runs):
        goes_on = (run.kind, run.digest) == (kind, digest) and run.state is not RunState.FINISHED
        if goes_on and run.kind in _OWN:
            break
        if run.kind in _OWN and not _taken_back(run, runs[number + 1 :]):
            found = set()
        elif run.kind is RunKind.SAMPLE and run.digest != digest:
            found.add(run.id)
    return frozenset(found)


def following(readied: Readied) -> Readied:
    """Return what is ready such that children of a record that the plan leaves out go with it."""
    return replace(readied, hands=replace(readied.hands, follows=True))


def withdraw(ws: Workspace, readied: Readied, run: Run, made_in: frozenset[str]) -> None:
    """Take back what those samples brought and this run does not, children first; what a person edited stays."""
    if not made_in:
        return
    order = stream_order(readied.situation.mappings.active)
    others = {line.key.stream for line in ws.ledger.located() if line.created_in in made_in} - set(order)
    streams = (*sorted(others), *reversed(order))
    enlist_withdrawn(readied.hands, run.id, streams, made_in)
    around = all_stays(ws, readied.situation.catalog)
    take_away(readied.hands, run.id, streams, around, delete=True)


def _taken_back(run: Run, later: Iterable[Run]) -> bool:
    return any(
        one.kind is RunKind.ROLLBACK
        and one.state is RunState.FINISHED
        and one.options.get("scope") in ("all", run.id)
        for one in later
    )
