"""Entries left open by a crash or a time-out: look them up before anything is sent again."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from wherry.engine.hands import Hands
from wherry.engine.send import await_job, confirmed, holds
from wherry.model.errors import TryAgain
from wherry.model.ledger import Absent, Attempt, Confirmed, EntryState, Event
from wherry.model.operation import Operation, Verb
from wherry.model.record import Key


def settle(hands: Hands, run: str, keys: Collection[Key] | None = None) -> int:
    """Find out what became of open attempts, write it down, and return how many stay open.

    These are all there are, or those about these records: a batch settles its own before it writes. An
    attempt is looked up only once the request can no longer arrive, its bulk job has ended and search has
    caught up. A create found by its match key or marker is confirmed; one that is not there is absent and
    may be sent again. An attempt whose job does not end stays open for as long as the pace allows a job;
    then the unique keys of its rows keep a late one from becoming a second record.
    """
    attempts = _settleable(hands, keys)
    if not attempts:
        return 0
    attempts = _wait_for_jobs(hands, attempts)
    _wait_for_requests(hands, attempts)
    for start in range(0, len(attempts), hands.pace.batch_size):
        events = _look(hands, attempts[start : start + hands.pace.batch_size])
        hands.ledger.record(run, events)
    return len(_settleable(hands, keys))


def _settleable(hands: Hands, keys: Collection[Key] | None) -> list[Attempt]:
    """Leave out what nothing can be looked up for: prepare itself asks again for a field it has begun."""
    return [a for a in hands.ledger.open_attempts(keys) if _can_be_found(a.operation)]


def _can_be_found(operation: Operation) -> bool:
    return not operation.irreversible or bool(operation.marker)


def _wait_for_jobs(hands: Hands, attempts: Sequence[Attempt]) -> list[Attempt]:
    patience = timedelta(seconds=hands.pace.job_wait)
    given_up = {a.job for a in attempts if a.job and hands.clock.now() - a.at > patience}
    jobs = {attempt.job for attempt in attempts if attempt.job} - given_up
    running = {job for job in sorted(jobs) if await_job(hands, job) is None}
    return [attempt for attempt in attempts if attempt.job not in running or not attempt.job]


def _wait_for_requests(hands: Hands, attempts: Sequence[Attempt]) -> None:
    if not attempts:
        return
    now = hands.clock.now()
    last = max(_given_up(attempt, now, hands.pace.in_flight) for attempt in attempts)
    remaining = (last + timedelta(seconds=hands.pace.settle_after) - now).total_seconds()
    if remaining > 0:
        hands.clock.sleep(remaining)


def _given_up(attempt: Attempt, now: datetime, in_flight: float) -> datetime:
    """Return when, at the latest, nobody waits for the answer any more.

    An answer that was lost was given up at a known moment. A job was taken: whoever did it may have gone on
    until just now. An intent only says when sending could begin: it may have been sent just now, by somebody
    who stands still since and therefore holds the call open.
    """
    if attempt.state is EntryState.UNKNOWN:
        return attempt.at
    return now + timedelta(seconds=in_flight if attempt.state is EntryState.INTENDED else 0)


def _look(hands: Hands, attempts: Sequence[Attempt]) -> list[Event]:
    creates = [a for a in attempts if a.operation.verb is Verb.CREATE]
    others = [a for a in attempts if a.operation.verb is not Verb.CREATE]
    found = hands.destination.find([a.operation for a in creates]) if creates else {}
    events: list[Event] = []
    for attempt in creates:
        seen = found.get(attempt.operation.id)
        if seen is None:
            events.append(Absent(operation_id=attempt.operation.id, why="not_found"))
        else:
            events.append(confirmed(attempt.operation, seen.id, seen.fields, found=True))
    return events + [event for attempt in others if (event := _look_at(hands, attempt)) is not None]


def _look_at(hands: Hands, attempt: Attempt) -> Event | None:
    """Updates and deletes are settled by reading the record itself; both may be sent again safely."""
    operation = attempt.operation
    id_ = operation.destination_id or 0
    try:
        seen = hands.destination.find([operation]).get(operation.id)
    except TryAgain:
        return None
    gone = seen is None or seen.deleted
    if operation.verb is Verb.DELETE:
        if operation.for_good:  # nothing shows what the recycle bin holds: it is done again, where it matters
            return Absent(operation_id=operation.id, why="not_visible")
        if gone:
            return Confirmed(operation_id=operation.id, destination_id=id_, after={}, found=True)
        return Absent(operation_id=operation.id, why="still_there")
    if seen is not None and not gone and holds(operation, seen.fields):
        return confirmed(operation, id_, seen.fields, found=True)
    return Absent(operation_id=operation.id, why="not_applied")
