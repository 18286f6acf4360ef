"""One batch: read, apply, decide, intend, write, confirm. Read this first.

A record ends the batch in a state of its own, or stays pending when an outcome is open or a record
that it links to is not settled yet; a later pass takes it up again.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from wherry.engine.along import leaving, let_go_along
from wherry.engine.decide import HOME, Known, decide, needs_observed, parents_of
from wherry.engine.gone import KEPT
from wherry.engine.handover import Handover, handovers
from wherry.engine.hands import Hands
from wherry.engine.past import Past, home_of, past_of
from wherry.engine.send import send_all
from wherry.engine.settle import settle
from wherry.engine.states import GONE, LANDED, NoState, carried_state, final_state, parent_state, with_links
from wherry.engine.surplus import Surplus, surplus_of
from wherry.mapping.apply import Carried, NoWrite, Result
from wherry.model.diff import Observed
from wherry.model.ledger import Confirmed, Event, Refused
from wherry.model.operation import Blocked, Decision, Located, Operation, Payload, Skip, Verb
from wherry.model.record import Key
from wherry.model.reject import Reject
from wherry.model.run import RecordState, StateChange

OVERRULED = "edit_overwritten"  # … where the source won over them, since a policy says so


@dataclass(slots=True)
class _Open:
    """A record whose parts are under way."""

    waiting: set[str]
    states: list[RecordState]
    reject: Reject | None = None
    undecided: bool = False
    moving: set[str] = field(default_factory=set)  # deletes after which the part is created elsewhere
    edited: list[str] = field(default_factory=list)  # fields of people that stay as they are
    overruled: list[str] = field(default_factory=list)  # fields of people that the source wins over
    release: Sequence[Event] = ()  # lets go what stood under another record, once this one is confirmed

    def end(self, key: Key) -> StateChange:
        """Return the state of the record once all its parts are done."""
        if self.reject is not None:
            return reject_state(self.reject)
        reason = KEPT if self.edited else OVERRULED if self.overruled else ""
        names = " ".join(sorted({*(self.edited or self.overruled)}))
        return StateChange(key=key, state=final_state(self.states), reason=reason, field=names)


@dataclass(slots=True)
class _Book:
    """Follows the records of one batch to their states; thread-safe."""

    hands: Hands
    run: str
    records: dict[Key, _Open] = field(default_factory=dict)
    settled: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def done(self, operation: Operation, event: Event) -> None:
        """Write an outcome down, with the record's state when this was its last part."""
        with self._lock:
            record = self.records[operation.key]
            record.waiting.discard(operation.id)
            if isinstance(event, Confirmed) and operation.id in record.moving:
                record.undecided = True  # the next pass creates it where it belongs
            elif isinstance(event, Confirmed):
                record.states.append(
                    RecordState.CREATED if operation.verb is Verb.CREATE else RecordState.UPDATED
                )
            elif isinstance(event, Refused):
                record.reject = event.reject
            else:
                record.undecided = True
            change = self._change(operation.key, record)
        release = record.release if isinstance(event, Confirmed) else ()
        self.hands.ledger.record(self.run, [event, *release], self._states(change))

    def _change(self, key: Key, record: _Open) -> StateChange | None:
        if record.waiting or record.undecided:
            return None
        return record.end(key)

    def _states(self, change: StateChange | None) -> Sequence[StateChange]:
        if change is None:
            return ()
        self.settled += 1
        self.hands.advance(1)
        return with_links(change, self.hands.link_streams)


def load_batch(hands: Hands, run: str, stream: str, ids: Sequence[str]) -> int:
    """Load these records and return how many of them reached a state.

    Whatever is written is intended in the ledger before it is sent, and confirmed together with the
    crosswalk and the record's state after it was answered. What an earlier try of this batch left open
    is settled first: it may have been begun by another process, which is gone now.
    """
    settle(hands, run, [Key(stream, id_) for id_ in ids])
    payloads: dict[Key, tuple[Payload, ...]] = {}
    changes: list[StateChange] = []
    carried: dict[Key, Key] = {}
    for record in hands.snapshot.read(stream, ids):
        result = guarded(hands.apply(record), hands.unlocked)
        if isinstance(result, Reject):
            changes.append(reject_state(result))
        elif isinstance(result, NoWrite):
            changes.append(StateChange(key=record.key, state=result.state, reason=result.reason))
        elif isinstance(result, Carried):
            carried[record.key] = result.by
        else:
            payloads[record.key] = result
    book = _Book(hands=hands, run=run)
    operations = _decide_all(hands, book, payloads, changes)
    _note(hands, run, changes)
    send_all(hands, run, operations, book.done)
    followed = _follow(hands, run, carried)
    _note(hands, run, followed)
    return len(changes) + book.settled + len(followed)


def _note(hands: Hands, run: str, changes: Sequence[StateChange]) -> None:
    """Write states down that no write of this batch is behind."""
    states = [s for change in changes for s in with_links(change, hands.link_streams)]
    if states:
        hands.ledger.record(run, [], states)
        hands.advance(len(changes))


def _follow(hands: Hands, run: str, carried: Mapping[Key, Key]) -> list[StateChange]:
    """Return the states of records that arrive inside of others: those of these, once they have one."""
    carriers = set(carried.values())
    states = hands.ledger.states(run, carriers) if carriers else {}
    there = hands.ledger.locate(carriers - set(states))
    changes: list[StateChange] = []
    for key, by in carried.items():
        state = carried_state(states.get(by), there=bool(there.get(by)))
        if not isinstance(state, NoState):
            landed = state in LANDED
            reason = (
                "" if landed else "blocked_by_parent" if state is RecordState.DEFERRED else "parent_filtered"
            )
            changes.append(
                StateChange(key=key, state=state, reason=reason, blocked_by="" if landed else str(by))
            )
    return changes


def _decide_all(
    hands: Hands, book: _Book, payloads: Mapping[Key, tuple[Payload, ...]], changes: list[StateChange]
) -> list[Operation]:
    parents = {key for parts in payloads.values() for key in parents_of(parts)}
    located = hands.ledger.locate([*payloads, *parents])
    if gone := let_go_along(hands, book.run, payloads, located):
        located = {**located, **dict.fromkeys(gone, ()), **hands.ledger.locate(gone)}
    homes = {key: lines[0].destination_id for key, lines in located.items() if key in parents and lines}
    homes |= {key: lines[0].destination_id for key, lines in located.items() if key not in homes and lines}
    lines = {(key, line.part): line for key, places in located.items() for line in places}
    over = handovers(hands, book.run, payloads, located)
    lines |= {(key, one.line.part): one.line for key, one in over.items()}
    observed = _observe(hands, payloads, lines, homes)
    parent_states = hands.ledger.states(book.run, parents if hands.follows else parents - set(homes))
    if hands.follows:
        homes = {key: id_ for key, id_ in homes.items() if parent_states.get(key) not in GONE}
    surplus = surplus_of(hands, book.run, payloads, lines)
    going = leaving(hands, book.run, payloads, observed)
    operations: list[Operation] = []
    for key, parts in payloads.items():
        taken = over.get(key)
        record = _Open(waiting=set(), states=[], release=taken.release if taken else ())
        for payload in parts:
            line = lines.get((key, payload.part))
            known = replace(_known(hands, book.run, payload, line, homes, observed), leaving=going)
            decision = _decided(payload, known, taken)
            if isinstance(decision, Operation):
                record.waiting.add(decision.id)
                record.edited += decision.edited
                record.overruled += decision.overruled
                if decision.verb is Verb.DELETE:
                    record.moving.add(decision.id)
                operations.append(decision)
            elif isinstance(decision, Skip):
                record.edited += decision.edited
                record.states.append(_skip_state(book.run, line))
            else:
                _block(changes, decision, parent_states.get(decision.blocked_by))
                break
        else:
            operations += _take_away(record, surplus.get(key, ()))
            _settle_or_wait(book, changes, key, record)
            continue
        operations = [operation for operation in operations if operation.key != key]
    return operations


def _decided(payload: Payload, known: Known, taken: Handover | None) -> Decision:
    if taken is None:
        return decide(payload, known)
    return taken.decide(payload, replace(known, past=past_of(taken.history, taken.line.destination_id)))


def _take_away(record: _Open, surplus: Sequence[Surplus]) -> list[Operation]:
    """Note the parts that the record no longer has, and return the deletes that take them away."""
    wanted = [one.operation for one in surplus if one.operation is not None]
    record.waiting |= {operation.id for operation in wanted}
    record.edited += [name for one in surplus for name in one.edited]
    return wanted


def _settle_or_wait(book: _Book, changes: list[StateChange], key: Key, record: _Open) -> None:
    if record.waiting:
        book.records[key] = record
        return
    if record.release and not record.edited:
        book.hands.ledger.record(book.run, record.release)
    changes.append(record.end(key))


def _block(changes: list[StateChange], decision: Blocked, parent: RecordState | None) -> None:
    state = parent_state(parent)
    if isinstance(state, NoState):
        return
    reason = "blocked_by_parent" if state is RecordState.DEFERRED else "parent_filtered"
    changes.append(
        StateChange(key=decision.key, state=state, reason=reason, blocked_by=str(decision.blocked_by))
    )


def _skip_state(run: str, line: Located | None) -> RecordState:
    """A part that is already there: by this run, before a crash or a look-up, or from before."""
    if line is not None and line.created_in == run:
        return RecordState.UPDATED if line.adopted else RecordState.CREATED
    if line is not None and line.written_in == run:
        return RecordState.UPDATED
    return RecordState.UNCHANGED


def _observe(
    hands: Hands,
    payloads: Mapping[Key, tuple[Payload, ...]],
    lines: Mapping[tuple[Key, int], Located],
    homes: Mapping[Key, int],
) -> Mapping[tuple[str, int], Observed]:
    """Read the records that updates and adoptions are about, as they are now: the before-images."""
    wanted: dict[str, dict[int, int]] = {}  # stream → id → id of the contact that it hangs on, or 0
    for key, parts in payloads.items():
        for payload in parts:
            line = lines.get((key, payload.part))
            if needs_observed(payload, line):
                id_ = line.destination_id if line else payload.adopt
                on = _home(hands, payload, line, homes)
                wanted.setdefault(line.stream if line else payload.stream, {})[id_ or 0] = on
    return {
        (stream, seen.id): seen
        for stream, ids in wanted.items()
        for seen in hands.destination.fetch(stream, sorted(ids), {i: on for i, on in ids.items() if on})
        if not seen.deleted
    }


def _home(hands: Hands, payload: Payload, line: Located | None, homes: Mapping[Key, int]) -> int:
    """Return the contact that the record hangs on now, where the ledger knows it, or should hang on; or 0."""
    meant = next((homes[li.to] for li in payload.links if li.field == HOME and li.to in homes), 0)
    if line is None or not meant:
        return meant
    return home_of(hands.ledger.history(payload.key, payload.part), line.destination_id) or meant


def _known(
    hands: Hands,
    run: str,
    payload: Payload,
    line: Located | None,
    homes: Mapping[Key, int],
    observed: Mapping[tuple[str, int], Observed],
) -> Known:
    id_ = line.destination_id if line else payload.adopt
    seen = observed.get((line.stream if line else payload.stream, id_)) if id_ is not None else None
    history = hands.ledger.history(payload.key, payload.part) if line and seen else ()
    return Known(
        run=run,
        parents=homes,
        located=line,
        observed=seen,
        past=past_of(history, line.destination_id) if line else Past(),
        fill_only=hands.fill_only,
        overwrites=partial(hands.overwrites, payload.stream),
        writable=hands.writable,
    )


def guarded(result: Result, unlocked: frozenset[str]) -> Result:
    """Refuse what a locked privacy class went into, whatever the mapping says: the second of two guards."""
    if not isinstance(result, tuple):
        return result
    for payload in result:
        for name, classes in payload.classes.items():
            shut = sorted(classes - unlocked)
            if shut:
                return Reject(
                    key=payload.key,
                    reason=f"class_locked:{shut[0]}",
                    field=name,
                    hint=f"wherry approve DIGEST --unlock {shut[0]} --purpose … --basis …, or take the rule out",
                )
    return result


def reject_state(reject: Reject) -> StateChange:
    """Return the state of a record that is rejected."""
    return StateChange(
        key=reject.key,
        state=RecordState.REJECTED,
        reason=reject.reason,
        hint=reject.hint or reject.detail,
        field=reject.field,
        blocked_by=reject.blocked_by,
    )
