"""The recycle bin: what we took back ourselves may not stand in the way of what comes again."""

from collections.abc import Sequence

from wherry.engine.along import was_found_gone
from wherry.engine.hands import Hands
from wherry.model.errors import LookFirst, RefuseRecord, TryAgain
from wherry.model.ledger import Absent, Attempt, Confirmed, Event, Intended, Unknown
from wherry.model.operation import Operation, Verb


def clear_bin(hands: Hands, run: str, operation: Operation) -> bool:
    """Delete for good what we once created for this very record and took back; return whether there was any.

    Some tenants let a record in the recycle bin keep its unique values, so the same record cannot come
    again. Only what the ledger says we created and deleted is touched, and only where it is not live:
    a record that a person brought back from the bin stays.
    """
    made = _taken_back(hands.ledger.history(operation.key, operation.part), operation.stream)
    if not made:
        return False
    live = {seen.id for seen in hands.destination.fetch(operation.stream, sorted(made)) if not seen.deleted}
    wanted = [_removal(run, attempt) for id_, attempt in made.items() if id_ not in live]
    ours = hands.ledger.record(run, [Intended(operation=one) for one in wanted])
    for one in wanted:
        if one.id in ours:
            hands.ledger.record(run, [_remove(hands, one)])
    return bool(ours)


def _taken_back(history: Sequence[Attempt], stream: str) -> dict[int, Attempt]:
    """Return, by destination id, creates that were taken back and not yet deleted for good."""
    removed = {attempt.destination_id for attempt in history if attempt.operation.for_good}
    return {
        attempt.destination_id: attempt
        for attempt in history
        if attempt.operation.verb is Verb.CREATE
        and attempt.operation.stream == stream
        and attempt.undone_by
        and not was_found_gone(attempt)
        and attempt.destination_id
        and attempt.destination_id not in removed
    }


def _removal(run: str, attempt: Attempt) -> Operation:
    made = attempt.operation
    return Operation(
        id=f"{run}:forget:{made.id}",
        verb=Verb.DELETE,
        stream=made.stream,
        key=made.key,
        part=made.part,
        fields={},
        destination_id=attempt.destination_id,
        undoes=made.id,
        for_good=True,
    )


def _remove(hands: Hands, operation: Operation) -> Event:
    try:
        hands.destination.write(operation)
    except LookFirst as error:
        return Unknown(operation_id=operation.id, why=error.code)
    except (TryAgain, RefuseRecord) as error:
        return Absent(operation_id=operation.id, why=error.code)
    return Confirmed(operation_id=operation.id, destination_id=operation.destination_id or 0, after={})
