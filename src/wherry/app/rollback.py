"""Take runs back, newest first, down to the state before."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from math import ceil

from wherry.app.alone import alone
from wherry.app.confirm import require_confirmed
from wherry.app.discover import STREAMS
from wherry.app.run_results import Preview, RollbackResult
from wherry.app.runs import make_hands
from wherry.app.situation import gather
from wherry.app.workspace import Workspace
from wherry.engine.along import was_found_gone
from wherry.engine.hands import Hands
from wherry.engine.settle import settle
from wherry.engine.undo import (
    Bucket,
    Judgement,
    Surroundings,
    deals_gone,
    end_runs,
    held_by_others,
    ours,
    take_back,
    written_later,
)
from wherry.engine.uploads import Uploads
from wherry.model.catalog import Catalog
from wherry.model.errors import Interrupted, QuotaExhausted, UsageInvalid
from wherry.model.jsons import sha256_of
from wherry.model.ledger import Attempt
from wherry.model.operation import Verb
from wherry.model.run import Run, RunKind, RunState
from wherry.planning.approve import SHORT
from wherry.planning.budget import BULK_CALLS, FILES, ROWS_PER_CALL

BIN_DAYS = 90  # days that the recycle bin keeps a deleted record [D] crmsupport 50000002562
COLUMNS = ("bucket", "verb", "stream", "destination_id", "key", "part", "run", "why", "fields")


def rollback(ws: Workspace, *, preview: bool = False, run: str = "", confirm: str = "") -> RollbackResult:
    """Take one run or all of them back, or preview it; edits that people made since stay.

    A rollback needs the digest that its preview printed: raises ApprovalMissing when it is not given or
    when the destination has changed since. Interrupted or killed, the next call goes on.
    """
    with alone(ws, "rollback"):
        _scope(ws, run)
        if not ws.ledger.runs():
            raise UsageInvalid("there is nothing to take back: no run yet", hint="wherry status")
        hands = make_hands(ws, gather(ws, catalog := ws.destination.describe()))
        # What a killed run left open may have arrived: then it is there to be taken back, and to be shown.
        settle(hands, ws.ledger.runs()[-1].id)
        scope = _scope(ws, run)
        around = surroundings(ws, catalog, run)
        uploads = Uploads.of(ws.ledger)
        if preview or not _resumed(ws, confirm):
            ws.progress.start("looking at what is there now", len(scope))
            judged = list(take_back(hands, "preview", _newest(ws, scope), around, write=False))
            ws.progress.finish()
            judged += _deleted(ws, run)
            digest = _digest(judged)
            if preview:
                judged = [uploads.foresee(judgement) for judgement in judged]
                # What was looked at now is looked at when it is confirmed, and again before each write.
                calls = 2 * ws.budget.taken + _write_calls(ws, judged)
                return _result(ws, uploads.told(judged), _preview(ws, judged, digest, calls), calls)
            require_confirmed("rollback", "", confirm, digest)
        return _carry_out(ws, hands, run, confirm, catalog)


def _carry_out(ws: Workspace, hands: Hands, run: str, confirm: str, catalog: Catalog) -> RollbackResult:
    """Take the writes back; goes on where an earlier call of this rollback was interrupted."""
    uploads = Uploads.of(ws.ledger)
    scope = _scope(ws, run)
    undo = _begin(ws, run, confirm)
    ws.progress.start("taking back", len(scope))
    state = RunState.FAILED
    try:
        uploads.let_go(ws.ledger, undo.id)
        judged = list(_done_before(ws, undo.id, run))
        around = surroundings(ws, catalog, run)
        for judgement in take_back(hands, undo.id, _newest(ws, _scope(ws, run)), around, write=True):
            judged.append(uploads.foresee(judgement))
            uploads.let_go(ws.ledger, undo.id)
        judged += _deleted(ws, run)
        _forget(ws, judged)
        state = RunState.FINISHED
    except (Interrupted, KeyboardInterrupt):
        state = RunState.INTERRUPTED
        raise
    except QuotaExhausted:
        state = RunState.PAUSED
        raise
    finally:
        ws.progress.finish()
        undo = ws.ledger.finish(undo.id, state)
    return _result(ws, uploads.told(judged), undo, undo.calls)


def _forget(ws: Workspace, judged: Iterable[Judgement]) -> None:
    """Drop what was taken back, or is gone, from what discover saw there: a later load must not take it for a twin."""
    # What an earlier, killed call took back has no operation here any more.
    gone = {
        j.attempt.destination_id
        for j in judged
        if j.bucket is Bucket.ALREADY_GONE
        or (j.bucket is Bucket.REVERTED and j.attempt.operation.verb is Verb.CREATE and not j.attempt.adopted)
    }
    at = ws.discovered_at()
    for stream in STREAMS:
        ws.keep_existing({stream: [one for one in ws.existing(stream) if one.id not in gone]}, at)


def _begin(ws: Workspace, run: str, confirm: str) -> Run:
    end_runs(ws.ledger, run)
    options = {"scope": run or "all", "confirm": confirm}
    undo = ws.ledger.begin(RunKind.ROLLBACK, ws.ledger.runs()[-1].digest, options)
    ws.budget.charge(undo.id)
    return undo


def _scope(ws: Workspace, run: str) -> frozenset[str]:
    """Return the ids of the standing writes of the run, or of all runs."""
    known = [r.id for r in ws.ledger.runs()]
    if run and run not in known:
        raise UsageInvalid(f"there is no run {run}", hint="known runs: " + (", ".join(known) or "none"))
    return frozenset(a.operation.id for a in ws.ledger.attempts(run or None) if not a.operation.undoes)


def _deleted(ws: Workspace, run: str) -> list[Judgement]:
    """Return what a single run deleted of earlier runs' work: taking back that run alone does not restore it."""
    why = "deleted by this run; a delta or a load creates it again, a person can bring it back from the bin"
    return [
        Judgement(attempt=attempt, bucket=Bucket.IRREVERSIBLE, why=why)
        for attempt in (ws.ledger.attempts(run) if run else ())
        if attempt.operation.verb is Verb.DELETE and not attempt.operation.for_good
    ]


def _newest(ws: Workspace, scope: frozenset[str]) -> Iterator[Attempt]:
    for attempt in ws.ledger.attempts(newest_first=True):
        if attempt.operation.id in scope:
            yield attempt


def surroundings(ws: Workspace, catalog: Catalog, run: str = "") -> Surroundings:
    """Return what taking a write back may depend on: all that we made, or that run, and what people may write."""
    made = ours(a for a in ws.ledger.attempts(run or None) if not a.operation.undoes)
    gone = deals_gone(ws.ledger.attempts(include_undone=True))
    kept, later = {}, {}
    if run:
        kept = held_by_others((a for a in ws.ledger.attempts() if not a.operation.undoes), run, made)
        later = written_later((a for a in ws.ledger.attempts() if not a.operation.undoes), run)
    return Surroundings(ours=made, writable=catalog.writable(), gone=gone, kept=kept, later=later)


def all_stays(ws: Workspace, catalog: Catalog) -> Surroundings:
    """Return the surroundings where what still hangs on a record keeps it, be it ours; only files go along."""
    around = surroundings(ws, catalog)
    return replace(around, ours={FILES: around.ours.get(FILES, frozenset())})


def _resumed(ws: Workspace, confirm: str) -> bool:
    """Whether this confirms a rollback that was begun and did not end: its preview no longer fits, and need not."""
    runs = [r for r in ws.ledger.runs() if r.kind is RunKind.ROLLBACK and r.state is not RunState.FINISHED]
    return bool(confirm) and any(r.options.get("confirm") == confirm for r in runs)


def _done_before(ws: Workspace, undo: str, run: str) -> Iterator[Judgement]:
    """Yield what an earlier, interrupted call of this rollback has taken back already, and what went along."""
    for attempt in ws.ledger.attempts(run or None, include_undone=True):
        if attempt.undone_by.startswith(f"{undo}:"):
            gone = was_found_gone(attempt)
            yield Judgement(attempt=attempt, bucket=Bucket.ALREADY_GONE if gone else Bucket.REVERTED)


def _digest(judged: Iterable[Judgement]) -> str:
    return sha256_of([[j.attempt.operation.id, j.bucket.value, list(j.fields)] for j in judged])


def _write_calls(ws: Workspace, judged: Iterable[Judgement]) -> int:
    """Return how many calls the writes of these judgements take: a full bulk call and its poll, or one each."""
    wanted = [j.operation for j in judged if j.operation is not None]
    bulk = Counter(operation.stream for operation in wanted if ws.destination.bulk(operation))
    return len(wanted) - bulk.total() + sum(ceil(n / ROWS_PER_CALL) * BULK_CALLS for n in bulk.values())


def _preview(ws: Workspace, judged: list[Judgement], digest: str, calls: int) -> Preview:
    dates = [j.attempt.at for j in judged]
    oldest = min(dates) if dates else ws.clock.now()
    per_hour = min(ws.settings.destination.hourly_budget, ws.settings.destination.minute_budget * 60)
    # A rollback never expires as such; what it deletes can be brought back from the bin until then.
    return Preview(
        hours=round(calls / per_hour, 2),
        expires_at=(oldest + timedelta(days=BIN_DAYS)).isoformat(timespec="seconds"),
        confirm=digest,
    )


def _result(ws: Workspace, judged: list[Judgement], done: Run | Preview, calls: int) -> RollbackResult:
    count = Counter(j.bucket for j in judged)
    preview = done if isinstance(done, Preview) else None
    steps = (f"wherry rollback --confirm {preview.confirm[:SHORT]}",) if preview else ()
    return RollbackResult(
        reverted=count[Bucket.REVERTED],
        kept_edited=count[Bucket.KEPT_EDITED],
        blocked=count[Bucket.BLOCKED],
        irreversible=count[Bucket.IRREVERSIBLE],
        already_gone=count[Bucket.ALREADY_GONE],
        writes=len(judged),
        calls=calls,
        items_csv=_items(ws, judged, done.id if isinstance(done, Run) else "preview"),
        preview=preview,
        next_steps=steps,
    )


def _items(ws: Workspace, judged: Iterable[Judgement], name: str) -> str:
    path = ws.reports_dir / f"rollback-{name}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for judgement in judged:
            attempt = judgement.attempt
            operation = attempt.operation
            writer.writerow(
                [
                    judgement.bucket.value,
                    operation.verb.value,
                    operation.stream,
                    attempt.destination_id,
                    operation.key,
                    operation.part,
                    attempt.run,
                    judgement.why,
                    " ".join(judgement.fields),
                ]
            )
    return ws.shown(path)
