"""The ledger backwards: three-way per field, children before parents, later human edits kept."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice
from typing import TypeAlias

from wherry.engine.along import ALONG, AMOUNT, DEALS, LINES, found_gone, gone_along, undoing, was_found_gone
from wherry.engine.hands import Hands
from wherry.engine.past import same
from wherry.engine.send import send_all
from wherry.engine.settle import settle
from wherry.model.diff import Observed
from wherry.model.errors import Interrupted
from wherry.model.jsons import Json
from wherry.model.ledger import Attempt, Confirmed, Event, Refused
from wherry.model.operation import LEADS, Operation, Verb, parent_stream
from wherry.model.ports import Ledger
from wherry.model.run import RunKind, RunState

PARENT_STREAM = {
    "targetable": "contacts",
    "attendee": "contacts",
    "sales_accounts": "sales_accounts",
    "contact": "contacts",
    "sales_account": "sales_accounts",
    "deal": "deals",
    "product": "products",
}
PARENT_STREAMS = frozenset({*PARENT_STREAM.values(), LEADS})  # only what people made hangs on a lead
CHILDREN = frozenset({"tasks", "appointments", "notes"})
WINDOW = 5_000  # writes whose children are brought together
CHILD_STREAMS = ("tasks", "appointments", "notes", "documents", "deals", "contacts")


Place: TypeAlias = tuple[str, int]  # destination stream and id


class Bucket(StrEnum):
    """What rollback makes of one confirmed write."""

    REVERTED = "reverted"
    KEPT_EDITED = "kept_edited"
    BLOCKED = "blocked"
    IRREVERSIBLE = "irreversible"
    ALREADY_GONE = "already_gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The bucket of one write, the operation that takes it back, and why it is kept where it is."""

    attempt: Attempt
    bucket: Bucket
    operation: Operation | None = None
    why: str = ""
    fields: tuple[str, ...] = ()  # names of the fields that a person changed


@dataclass(slots=True, kw_only=True)
class Surroundings:
    """What undoing one write may depend on, grown while the ledger is walked backwards.

    `ours` are the destination records that go too, if they hang on one that goes: for a rollback, all that
    the ledger says we made and nobody has undone; `kept` are
    parents that must stay, because a child of theirs stays; `later` names, where a single run is taken back,
    the run that wrote to a record since. `foreseen` are records as they will be once
    newer writes to them are taken back (None: gone), `released` what will no longer hang on a parent then;
    only a preview needs them, for nothing was taken back. `gone` are the ids of deals that were taken back.
    """

    ours: Mapping[str, frozenset[int]]
    writable: Mapping[str, frozenset[str]]
    kept: dict[tuple[str, int], str] = field(default_factory=dict)
    later: Mapping[tuple[str, int], str] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    foreseen: dict[tuple[str, int], Observed | None] = field(default_factory=dict)
    released: dict[tuple[str, int], set[tuple[str, int]]] = field(default_factory=dict)


def judge(run: str, attempt: Attempt, seen: Observed | None, around: Surroundings) -> Judgement:
    """Return what becomes of one confirmed write, given the record as it is now."""
    operation = attempt.operation
    if operation.irreversible:
        return Judgement(attempt=attempt, bucket=Bucket.IRREVERSIBLE, why=operation.irreversible)
    if seen is None or seen.deleted:
        return Judgement(attempt=attempt, bucket=Bucket.ALREADY_GONE, why="no longer there")
    if operation.verb is Verb.CREATE and not attempt.adopted:
        return _judge_create(run, attempt, seen, around)
    return _judge_update(run, attempt, seen, around)


def _judge_create(run: str, attempt: Attempt, seen: Observed, around: Surroundings) -> Judgement:
    edited = edited_fields(attempt, seen, around.writable.get(seen.stream, frozenset()))
    if edited:
        why = _by_whom(attempt, around)
        return Judgement(attempt=attempt, bucket=Bucket.KEPT_EDITED, why=why, fields=edited)
    holder = around.kept.get((seen.stream, seen.id))
    if holder:
        return Judgement(attempt=attempt, bucket=Bucket.BLOCKED, why=f"{holder} stays and hangs on it")
    released = around.released.get((seen.stream, seen.id), set())
    for stream in CHILD_STREAMS:
        foreign = set(seen.links.get(stream, ())) - around.ours.get(stream, frozenset())
        foreign -= {id_ for name, id_ in released if name == stream}
        if foreign:
            why = f"{len(foreign)} {stream} hang on it that stay"
            return Judgement(attempt=attempt, bucket=Bucket.BLOCKED, why=why)
    before = dict(attempt.after or {})
    if seen.stream == LINES:
        before[AMOUNT] = seen.fields.get(AMOUNT)  # taking products off a deal overwrites its amount as well
    return Judgement(attempt=attempt, bucket=Bucket.REVERTED, operation=undoing(run, attempt, before))


def _by_whom(attempt: Attempt, around: Surroundings) -> str:
    later = around.later.get(_place(attempt))
    return f"changed since by run {later}, or by a person" if later else "edited since by a person"


def _judge_update(run: str, attempt: Attempt, seen: Observed, around: Surroundings) -> Judgement:
    operation = attempt.operation
    after, before = attempt.after or {}, operation.before or {}
    names = [name for name in operation.fields if name in seen.fields]
    edited = tuple(n for n in names if not same(seen.fields[n], after.get(n, operation.fields[n])))
    back: dict[str, Json] = {
        n: before.get(n) for n in names if n not in edited and not same(seen.fields[n], before.get(n))
    }
    bucket = Bucket.KEPT_EDITED if edited else Bucket.REVERTED
    links = {n: ids for n, ids in (operation.before_links or {}).items() if isinstance(ids, list)}
    undo = Operation(
        id=f"{run}:undo:{operation.id}",
        verb=Verb.UPDATE,
        stream=operation.stream,
        key=operation.key,
        part=operation.part,
        fields=back,
        links={name: to for name, to in operation.links.items() if name == "targetable"},
        destination_id=seen.id,
        before={n: seen.fields.get(n) for n in back},
        before_links=dict(links) or None,
        undoes=operation.id,
    )
    needed = undo if back or links or not edited else None
    why = _by_whom(attempt, around) if edited else ""
    return Judgement(attempt=attempt, bucket=bucket, operation=needed, why=why, fields=edited)


def edited_fields(attempt: Attempt, seen: Observed, writable: frozenset[str]) -> tuple[str, ...]:
    """Return the writable fields whose value is no longer the one that stood there after our write."""
    after = attempt.after or {}
    names = [
        name
        for name in seen.fields
        if name in after and name != AMOUNT and (name in writable or name in attempt.operation.fields)
    ]
    return tuple(name for name in names if not same(after[name], seen.fields[name]))


def end_runs(ledger: Ledger, only: str = "") -> None:
    """End the runs that are about to be taken back, or just one, where they did not end themselves.

    Resumed, such a run would pass over records that it once brought there and that are gone now.
    """
    for run in ledger.runs():
        unfinished = run.state is not RunState.FINISHED and run.kind is not RunKind.ROLLBACK
        if unfinished and only in ("", run.id):
            ledger.finish(run.id, RunState.FINISHED)


def take_back(
    hands: Hands, run: str, attempts: Iterable[Attempt], around: Surroundings, *, write: bool
) -> Iterator[Judgement]:
    """Judge these writes, newest first, and take them back where `write` is set; yield every judgement.

    A write whose undoing the destination refuses is yielded as blocked. Killed in the middle, the next
    call goes on: what was undone is in the ledger, and what somebody else had deleted before.
    """
    if write:
        settle(hands, run)
    lines: list[Attempt] = []  # of deals: judged behind their deals, with which most of them go
    looked: set[Place] = set()
    for batch in _batches(_by_parent(attempts), hands.pace.batch_size):
        if hands.stopper.asked:
            raise Interrupted("stopped at a batch border", hint="run the same command again to go on")
        if batch[0].operation.stream == LINES:
            _keep_deals(hands, run, [a for a in batch if _place(a) not in looked], around)
            looked |= {_place(attempt) for attempt in batch}
            lines += batch
            continue
        if batch[0].operation.stream != DEALS:
            yield from _take_back_lines(hands, run, lines, around, write=write)
            lines = []
        yield from _take_back_batch(hands, run, batch, around, write=write)
    yield from _take_back_lines(hands, run, lines, around, write=write)


def kept_with_deals(attempts: Iterable[Attempt], around: Surroundings) -> list[Judgement]:
    """Return what is attached to deals that stay as staying with them, and the products that it names as well."""
    judged = [Judgement(attempt=one, bucket=Bucket.BLOCKED, why="its deal stays") for one in attempts]
    for judgement in judged:
        _remember(judgement, around)
    return judged


def _keep_deals(hands: Hands, run: str, newest: Sequence[Attempt], around: Surroundings) -> None:
    """Let those deals stay whose products a person changed: nothing of the deal itself need show it."""
    live = _read_live(hands, newest)
    for attempt in newest:
        place = _place(attempt)
        judgement = judge(run, attempt, around.foreseen.get(place, live.get(place)), around)
        if judgement.bucket is Bucket.KEPT_EDITED:
            around.kept[DEALS, place[1]] = f"{LINES}/{place[1]}"


def _take_back_lines(
    hands: Hands, run: str, lines: Sequence[Attempt], around: Surroundings, *, write: bool
) -> Iterator[Judgement]:
    """Let go what was attached to deals that are gone, and take it off those that stay."""
    along = [attempt for attempt in lines if attempt.destination_id in around.gone]
    if along and write:
        hands.ledger.record(run, [event for attempt in along for event in gone_along(run, attempt)])
    for attempt in along:
        yield Judgement(attempt=attempt, bucket=Bucket.REVERTED, why=ALONG["deal"])
    hands.advance(len(along))
    stay = (attempt for attempt in lines if attempt.destination_id not in around.gone)
    for batch in _batches(stay, hands.pace.batch_size):
        yield from _take_back_batch(hands, run, batch, around, write=write)


def _by_parent(attempts: Iterable[Attempt]) -> Iterator[Attempt]:
    """Bring the children of one contact together, a window at a time: they are read in one call.

    Children come before parents, and of two writes to one record the newer one first, as in the ledger.
    """
    stream = iter(attempts)
    while window := list(islice(stream, WINDOW)):
        homes: dict[Place, int] = {}
        for attempt in filter(_is_child, window):  # an older write may name another contact, an update none
            homes.setdefault(_place(attempt), attempt.operation.links["targetable"])
        children = [a for a in window if _place(a) in homes]
        yield from sorted(children, key=lambda a: homes[_place(a)])
        yield from (a for a in window if _place(a) not in homes)


def _place(attempt: Attempt) -> Place:
    return attempt.operation.stream, attempt.destination_id or 0


def _is_child(attempt: Attempt) -> bool:
    return attempt.operation.stream in CHILDREN and "targetable" in attempt.operation.links


def _kind(attempt: Attempt) -> str:
    return "children" if _is_child(attempt) else attempt.operation.stream


def _batches(attempts: Iterable[Attempt], size: int) -> Iterator[list[Attempt]]:
    """Yield runs of attempts of one kind, so that a parent is never judged before its children.

    A record stands in a batch once: an older write to it is judged when the newer one has been taken back.
    """
    batch: list[Attempt] = []
    places: set[Place] = set()
    for attempt in attempts:
        other = bool(batch) and _kind(batch[-1]) != _kind(attempt)
        again = _place(attempt) in places and not attempt.operation.irreversible
        if other or again or len(batch) >= size:
            yield batch
            batch, places = [], set()
        batch.append(attempt)
        places.add(_place(attempt))
    if batch:
        yield batch


def _take_back_batch(
    hands: Hands, run: str, batch: Sequence[Attempt], around: Surroundings, *, write: bool
) -> list[Judgement]:
    live = _read_live(hands, batch)
    seen = {place: around.foreseen.get(place, live.get(place)) for place in map(_place, batch)}
    judgements = [judge(run, a, seen[_place(a)], around) for a in batch]
    failed: dict[str, str] = {}

    def done(operation: Operation, event: Event) -> None:
        hands.ledger.record(run, [event])
        if isinstance(event, Refused):
            failed[operation.id] = f"refused by the destination: {event.reject.reason}"
        elif not isinstance(event, Confirmed):
            failed[operation.id] = "the destination did not answer; run rollback again"

    if write:
        wanted = [j.operation for j in judgements if j.operation is not None]
        still_open = send_all(hands, run, wanted, done)
        failed |= dict.fromkeys(still_open, "an earlier try is still open; run rollback again")
        settle(hands, run)
        missing = [j.attempt for j in judgements if j.bucket is Bucket.ALREADY_GONE]
        if missing:
            hands.ledger.record(run, [event for a in missing for event in found_gone(run, a)])
    else:
        for judgement in judgements:
            _foresee(judgement, seen[_place(judgement.attempt)], around)
    result = [_after_sending(judgement, failed) for judgement in judgements]
    for judgement in result:
        _remember(judgement, around)
    hands.advance(len(batch))
    return result


def _foresee(judgement: Judgement, now: Observed | None, around: Surroundings) -> None:
    """Note what a record will be once this judgement is carried out, and on what it will no longer hang."""
    place = _place(judgement.attempt)
    then = around.foreseen[place] = _undone(judgement, now)
    if now is None or then is None:
        return
    for name, parent in PARENT_STREAM.items():
        for left in set(now.links.get(name, ())) - set(then.links.get(name, ())):
            around.released.setdefault((parent, left), set()).add(place)


def _undone(judgement: Judgement, now: Observed | None) -> Observed | None:
    """Return the record as it will be once this judgement is carried out."""
    operation = judgement.operation
    if operation is None or now is None:
        return now
    if operation.verb is Verb.DELETE:
        return None
    links = {
        name: tuple(id_ for id_ in ids if isinstance(id_, int))
        for name, ids in (operation.before_links or {}).items()
        if isinstance(ids, list)
    }
    return replace(now, fields={**now.fields, **operation.fields}, links={**now.links, **links})


def _read_live(hands: Hands, batch: Sequence[Attempt]) -> Mapping[Place, Observed]:
    wanted = [a for a in batch if not a.operation.irreversible and a.destination_id is not None]
    if not wanted:
        return {}
    if _is_child(wanted[0]):
        children = hands.destination.fetch_children(_by_contact(wanted))
        return {(seen.stream, seen.id): seen for seen in children}
    stream = wanted[0].operation.stream
    ids = sorted({a.destination_id for a in wanted if a.destination_id is not None})
    fetched = hands.destination.fetch(stream, ids, dependents=stream in PARENT_STREAMS)
    return {(seen.stream, seen.id): seen for seen in fetched}


def _by_contact(attempts: Sequence[Attempt]) -> dict[int, dict[str, list[int]]]:
    wanted: dict[int, dict[str, list[int]]] = {}
    for attempt in attempts:
        operation = attempt.operation
        streams = wanted.setdefault(operation.links["targetable"], {})
        streams.setdefault(operation.stream, []).append(attempt.destination_id or 0)
    return wanted


def _after_sending(judgement: Judgement, failed: Mapping[str, str]) -> Judgement:
    operation = judgement.operation
    if operation is None or operation.id not in failed:
        return judgement
    return Judgement(attempt=judgement.attempt, bucket=Bucket.BLOCKED, why=failed[operation.id])


def _remember(judgement: Judgement, around: Surroundings) -> None:
    """A record that stays keeps the records it hangs on; a deal that goes takes along what is attached to it."""
    undo, place = judgement.operation, _place(judgement.attempt)
    if (
        judgement.bucket is Bucket.REVERTED
        and undo is not None
        and undo.verb is Verb.DELETE
        and place[0] == DEALS
    ):
        around.gone.add(place[1])
    if judgement.bucket not in (Bucket.KEPT_EDITED, Bucket.BLOCKED):
        return
    for place in _parents(judgement.attempt).values():
        around.kept[place] = f"{judgement.attempt.operation.stream}/{judgement.attempt.destination_id}"


def _parents(attempt: Attempt) -> dict[str, Place]:
    """Return the records that a write hung its own record on, by relation."""
    found: dict[str, Place] = {}
    for relation, parent in attempt.operation.links.items():
        kind = relation.partition(":")[0]  # of several links of one kind each is named: product:EX1
        stream = PARENT_STREAM.get(kind) or parent_stream(relation)
        if stream:
            found[relation] = stream, parent
    return found


def deals_gone(attempts: Iterable[Attempt]) -> set[int]:
    """Return the ids of the deals of ours among these that were taken back, those undone included."""
    return {
        attempt.destination_id
        for attempt in attempts
        if attempt.operation.stream == DEALS
        and attempt.operation.verb is Verb.CREATE
        and attempt.undone_by
        and not was_found_gone(attempt)
        and attempt.destination_id is not None
    }


def held_by_others(
    attempts: Iterable[Attempt], run: str, made: Mapping[str, frozenset[int]]
) -> dict[Place, str]:
    """Return the records that this run made and on which standing writes of other runs hang, with one of those.

    `attempts` are all that stand, oldest first: where a later write hung the same record elsewhere, that counts.
    Not all of it shows at the destination: no answer names the products of a deal among what hangs on them.
    """
    newest: dict[tuple[Place, str], tuple[Place, Attempt]] = {}
    for attempt in attempts:
        for relation, on in _parents(attempt).items():
            if on[1] in made.get(on[0], ()):
                newest[_place(attempt), relation] = on, attempt
            else:
                newest.pop((_place(attempt), relation), None)
    return {
        on: f"{attempt.operation.stream}/{attempt.destination_id} of run {attempt.run}"
        for on, attempt in newest.values()
        if attempt.run != run
    }


def written_later(attempts: Iterable[Attempt], run: str) -> dict[Place, str]:
    """Return the records of this run to which another one wrote since, with that run; attempts oldest first."""
    own: set[Place] = set()
    later: dict[Place, str] = {}
    for attempt in attempts:
        if attempt.run == run:
            own.add(_place(attempt))
        elif _place(attempt) in own:
            later[_place(attempt)] = attempt.run
    return later


def ours(attempts: Iterable[Attempt]) -> dict[str, frozenset[int]]:
    """Return the ids of all records that these attempts created, per destination stream."""
    made: dict[str, set[int]] = {}
    for attempt in attempts:
        if (
            attempt.operation.verb is Verb.CREATE
            and attempt.destination_id is not None
            and not attempt.adopted
        ):
            made.setdefault(attempt.operation.stream, set()).add(attempt.destination_id)
    return {stream: frozenset(ids) for stream, ids in made.items()}
