"""What sample, load and retry share: one run of an approved plan, from its lock to its last line."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from wherry.app.discover import refresh
from wherry.app.durable import carry_through, coordinated_elsewhere, warm_up
from wherry.app.durable_files import publish
from wherry.app.instalments import is_signed, settled
from wherry.app.situation import Situation, gather
from wherry.app.workspace import Workspace
from wherry.engine.decide import Known, decide, needs_observed
from wherry.engine.hands import Hands, Pace
from wherry.engine.send import send_all
from wherry.engine.settle import settle
from wherry.model.catalog import Catalog, Privacy
from wherry.model.errors import Interrupted, PreflightFailed, QuotaExhausted, RateLimited, Unavailable
from wherry.model.ledger import Event, Refused
from wherry.model.operation import Operation, Payload
from wherry.model.plan import Plan
from wherry.model.record import Fate, Key, Staged
from wherry.model.run import RecordState, Run, RunKind, RunState, StateChange
from wherry.planning.approve import require_approval, require_fresh, unlocked_classes
from wherry.planning.basis import changes
from wherry.planning.order import link_streams, stream_order
from wherry.planning.storage import require_room, storage_now

FATE_STATES = {
    Fate.FILTERED: RecordState.FILTERED,
    Fate.MERGED: RecordState.MERGED,
    Fate.NO_EQUIVALENT: RecordState.NO_EQUIVALENT,
    Fate.REJECTED: RecordState.REJECTED,
    Fate.DEFERRED: RecordState.DEFERRED,
}
LOADING = frozenset({RunKind.LOAD, RunKind.SAMPLE, RunKind.RETRY, RunKind.DELTA})


@dataclass(frozen=True, slots=True, kw_only=True)
class Readied:
    """A plan that may be carried out now, and the hands to do it."""

    plan: Plan
    situation: Situation
    hands: Hands
    unlocked: frozenset[Privacy]
    resumes: str = ""  # the run that goes on; then none is begun


def ready(ws: Workspace, kind: str, newer: str = "") -> Readied:
    """Return the current plan with everything checked: approved for this kind, fresh, schema in place.

    `newer` is the digest of a later snapshot of the source that the plan is to be carried out on. Raises ApprovalMissing, StalePlan naming what changed, or PreflightFailed naming the fields that are
    still missing at the destination, or what is in the way of uploading documents.
    """
    warm_up()
    plan = ws.plan()
    require_approval(ws.ledger.approvals(), plan.digest, kind)
    unlocked = unlocked_classes(ws.ledger.approvals(plan.digest), plan.digest)
    catalog = ws.destination.describe()
    if kind != "prepare":
        refresh(ws, catalog)
    situation = gather(ws, catalog, unlocked, newer)
    check_fresh(ws, plan, situation, newer=bool(newer))
    if kind != "prepare":
        _require_fields(situation)
        _require_documents(ws, plan, catalog, unlocked)
    return Readied(
        plan=plan, situation=situation, hands=make_hands(ws, situation, unlocked), unlocked=unlocked
    )


def carried(ws: Workspace, plan: Plan) -> str:
    """Return the digest of the newest snapshot that this plan was carried out on: its own, or a delta's."""
    runs = [run for run in ws.ledger.runs() if run.digest == plan.digest and run.kind in LOADING]
    return (runs[-1].options.get("snapshot", "") if runs else "") or plan.basis.snapshot


def make_hands(ws: Workspace, situation: Situation, unlocked: frozenset[Privacy] = frozenset()) -> Hands:
    """Return the engine's hands for this workspace."""
    engine = ws.settings.engine
    return Hands(
        snapshot=situation.snapshot,
        ledger=ws.ledger,
        destination=ws.destination,
        clock=ws.clock,
        apply=situation.applying(unlocked),
        unlocked=frozenset(str(one) for one in unlocked),
        link_streams=link_streams(situation.mappings.active),
        fill_only=ws.settings.policy.adopt == "fill",
        writable=situation.catalog.writable(),
        overwrites=ws.settings.policy.overwrites,
        pace=Pace(
            batch_size=engine.batch_size,
            workers=engine.workers,
            settle_after=engine.settle_wait_seconds,
            # On SQLite who stands still holds the lock: whoever gets it knows that the others' calls are cut.
            in_flight=0 if ws.store.leases(engine.lease_seconds) is None else engine.call_seconds,
        ),
        stopper=ws.stopper,
        advance=ws.progress.advance,
    )


def check_fresh(ws: Workspace, plan: Plan, situation: Situation, *, newer: bool = False) -> None:
    """Raise StalePlan, naming every record, field or setting that changed, unless the plan still fits.

    With `newer` the source's records may be others than those that the plan was made of.
    """
    now = replace(situation.basis, snapshot=plan.basis.snapshot) if newer else situation.basis
    if now == plan.basis:
        return
    lines = changes(plan.extra["facts"], situation.facts)
    if now.snapshot != plan.basis.snapshot:
        lines["snapshot"] = list(ws.changed_records(plan.basis.snapshot))
    require_fresh(plan.basis, now, lines)


def _require_fields(situation: Situation) -> None:
    missing = [need for need in situation.needs if not need.exists]
    if missing:
        raise PreflightFailed(
            f"{len(missing)} custom fields that the plan writes do not exist in Freshsales",
            hint="wherry prepare; where it cannot create them, an admin follows reports/admin-steps.md",
            details=[f"{need.stream}: {need.label} ({need.type})" for need in missing],
        )


def _require_documents(ws: Workspace, plan: Plan, catalog: Catalog, unlocked: frozenset[Privacy]) -> None:
    """Raise PreflightFailed where documents are to be uploaded and cannot be: no room, or no bundle here."""
    storage = storage_now(plan.extra.get("storage", {}), catalog)
    if storage.files and Privacy.DOCUMENTS in unlocked:
        require_room(storage)
        ws.documents.document_size("")  # opens the place that they lie in


def carry_out(
    ws: Workspace,
    readied: Readied,
    kind: RunKind,
    keys: Mapping[str, Sequence[str]] | None = None,
    options: Mapping[str, str] | None = None,
    after: Callable[[Run], None] = lambda _run: None,
) -> Run:
    """Carry out the plan for all records, or for these keys; resumes an unfinished run of the same kind.

    `after` belongs to the run: it is called when every stream has been walked.
    The run is left paused, interrupted or failed when it cannot go on, and finished otherwise.
    """
    hands = readied.hands
    streams = stream_order(readied.situation.mappings.active)
    publish(ws, readied.plan.digest, readied.situation.snapshot.digest)
    ended = _ended(ws, readied.resumes)
    if ended is not None:
        return ended
    run = ws.ledger.begin(kind, readied.plan.digest, options or {})
    ws.budget.charge(run.id)
    signed = is_signed(ws.ledger.approvals(), readied.plan.digest)
    fates = settled(readied.situation.snapshot.fates(), signed=signed)
    ws.ledger.enlist(run.id, _states(fates, readied.situation, hands.link_streams, keys))
    total = sum(
        counts.states.get(RecordState.PENDING, 0)
        for name, counts in ws.ledger.counts(run.id).items()
        if not name.startswith("link.")
    )
    ws.progress.start(kind.value, total)
    state = RunState.FAILED
    try:
        ensure_unassigned(hands, run.id, readied.situation.unassigned())
        carry_through(ws, hands, run.id, streams)
        after(run)
        state = RunState.FINISHED
    except (Interrupted, KeyboardInterrupt):
        state = RunState.INTERRUPTED
        raise
    except (QuotaExhausted, RateLimited):
        state = RunState.PAUSED
        raise
    finally:
        ws.progress.finish()
        if not coordinated_elsewhere(ws, run.id):
            run = ws.ledger.finish(run.id, state)
    return run


def _ended(ws: Workspace, run: str) -> Run | None:
    """Return the run that was to go on, where it is under way no more."""
    return next((r for r in ws.ledger.runs() if r.id == run and r.state is not RunState.RUNNING), None)


def _states(
    fates: Iterable[Staged],
    situation: Situation,
    links: Mapping[str, Mapping[str, str]],
    keys: Mapping[str, Sequence[str]] | None,
) -> Iterator[StateChange]:
    """Yield every source record of the run with the state it starts in, links as streams of their own."""
    chosen = {stream: set(ids) for stream, ids in keys.items()} if keys is not None else None
    streams = stream_order(situation.mappings.active)
    for staged in fates:
        if chosen is not None and staged.key.id not in chosen.get(staged.key.stream, ()):
            continue
        change = _start(staged, streams, situation.mappings.stream_fates)
        yield change
        if change.state is RecordState.PENDING:
            for name in links.get(staged.key.stream, {}).values():
                yield StateChange(key=Key(name, staged.key.id), state=RecordState.PENDING)


def _start(staged: Staged, streams: Sequence[str], fates: Mapping[str, str]) -> StateChange:
    if staged.fate is Fate.READY and staged.key.stream in streams:
        return StateChange(key=staged.key, state=RecordState.PENDING)
    if staged.fate is Fate.READY:
        reason = fates.get(staged.key.stream, "no_mapping")
        return StateChange(key=staged.key, state=RecordState.NO_EQUIVALENT, reason=reason)
    return StateChange(
        key=staged.key,
        state=FATE_STATES[staged.fate],
        reason=staged.reason,
        hint=staged.detail,
        field=staged.field,
        blocked_by=staged.blocked_by,
    )


def ensure_unassigned(hands: Hands, run: str, payload: Payload | None) -> None:
    """Make sure that the account for patients without a practice is there; it is no source record.

    Raises PreflightFailed when the destination refuses it, Unavailable while it cannot be found out whether
    it is there: nobody's patients may wait for an account that is.
    """
    if payload is None:
        return
    settle(hands, run, [payload.key])
    located = hands.ledger.locate([payload.key]).get(payload.key, ())
    line = located[0] if located else None
    observed = None
    if needs_observed(payload, line):
        id_ = line.destination_id if line else payload.adopt
        observed = next(iter(hands.destination.fetch(payload.stream, [id_ or 0])), None)
    decision = decide(payload, Known(run=run, parents={}, located=line, observed=observed))
    if isinstance(decision, Operation):
        send_all(hands, run, [decision], _unassigned_outcome(hands, run))
        settle(hands, run, [payload.key])
        if not hands.ledger.locate([payload.key]):
            raise Unavailable(
                "the account for patients without a practice is not there yet, and its answer was lost",
                hint="Nothing was doubled; run the same command again.",
            )


def _unassigned_outcome(hands: Hands, run: str) -> Callable[[Operation, Event], None]:
    def done(_operation: Operation, event: Event) -> None:
        hands.ledger.record(run, [event])
        if isinstance(event, Refused):
            raise PreflightFailed(
                f"Freshsales refuses the account for patients without a practice ({event.reject.reason})",
                hint="set [policy] unassigned_account to a name that is free, then wherry plan; "
                + event.reject.hint,
            )

    return done
