"""What is gone without a call of ours: with the record that it belongs to, or by a person. The ledger says so."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from wherry.engine.decide import HOME
from wherry.engine.hands import Hands
from wherry.engine.states import GONE
from wherry.model.diff import Observed
from wherry.model.jsons import Json
from wherry.model.ledger import Attempt, Confirmed, Event, Intended
from wherry.model.operation import Located, Operation, Payload, Verb
from wherry.model.record import Key

_GONE = "gone:"  # in the id of an undoing that found nothing to undo
LINES, DEALS = "deal_products", "deals"  # what is attached to a deal is gone with it
AMOUNT = "deal_amount"  # stands with what is attached, and is the deal's own: attaching overwrites it
ALONG = {HOME: "it goes with its contact", "deal": "it goes with its deal"}  # by relation
ABOVE = {HOME: "contacts", "deal": DEALS}  # stream of what it goes with, by relation


def undoing(run: str, attempt: Attempt, before: Mapping[str, Json]) -> Operation:
    """Return the delete that takes a create back; `before` is what stands there until then."""
    operation = attempt.operation
    return Operation(
        id=f"{run}:undo:{operation.id}",
        verb=Verb.DELETE,
        stream=operation.stream,
        key=operation.key,
        part=operation.part,
        fields={},
        links=operation.links,
        marker=operation.marker,
        destination_id=attempt.destination_id,
        before=dict(before),
        undoes=operation.id,
    )


def gone_along(run: str, attempt: Attempt) -> list[Event]:
    """Return what the ledger is told of a write whose record went with another: a later load makes it anew."""
    undo = undoing(run, attempt, attempt.operation.fields)
    return [
        Intended(operation=undo),
        Confirmed(operation_id=undo.id, destination_id=attempt.destination_id or 0, after={}, along=True),
    ]


def found_gone(run: str, attempt: Attempt) -> list[Event]:
    """Return what the ledger is told of a write whose record somebody deleted: it stands no longer.

    After a rollback nothing of ours is left, so that a later load makes it anew, as all else.
    """
    made = attempt.operation.verb is Verb.CREATE and not attempt.adopted
    undo = undoing(run, attempt, attempt.operation.fields)
    undo = replace(undo, id=f"{run}:{_GONE}{attempt.operation.id}", verb=Verb.DELETE if made else Verb.UPDATE)
    return [
        Intended(operation=undo),
        Confirmed(operation_id=undo.id, destination_id=attempt.destination_id or 0, after={}, gone=True),
    ]


def was_found_gone(attempt: Attempt) -> bool:
    """Return whether a rollback found the record of this write deleted by somebody else."""
    return attempt.undone_by.partition(":")[2].startswith(_GONE)


def let_go_along(
    hands: Hands,
    run: str,
    payloads: Mapping[Key, Sequence[Payload]],
    located: Mapping[Key, Sequence[Located]],
) -> frozenset[Key]:
    """Write down what went with a record that is gone and has been made anew since; return whose it was.

    Whatever took that record away may have been killed before it could say so itself, and a delta takes it
    away without. A look is only needed where the two were not made in one run.
    """
    found: dict[Key, list[Event]] = {}
    for key, parts in payloads.items():
        for payload in parts:
            relation = _relation(payload)
            to = next((link.to for link in payload.links if link.field == relation), None)
            above = located.get(to, ()) if to is not None else ()
            line = next((one for one in located.get(key, ()) if one.part == payload.part), None)
            if line is None or not above or line.created_in == above[0].created_in:
                continue
            ours = standing(hands, line)
            tied = [a.operation.links[relation] for a in ours if relation in a.operation.links]
            if tied and tied[-1] != above[0].destination_id and not _there(hands, relation, tied[-1]):
                found.setdefault(key, []).extend(e for a in ours for e in gone_along(run, a))
    if found:
        hands.ledger.record(run, [event for events in found.values() for event in events])
    return frozenset(found)


def leaving(
    hands: Hands,
    run: str,
    payloads: Mapping[Key, Sequence[Payload]],
    observed: Mapping[tuple[str, int], Observed],
) -> frozenset[int]:
    """Return the ids of what goes at the end of this run, of all that files hang on that are looked at now."""
    files = [payload for parts in payloads.values() for payload in parts if payload.irreversible]
    streams = {payload.stream for payload in files}
    homes = {id_ for seen in observed.values() if seen.stream in streams for id_ in seen.links.get(HOME, ())}
    if not hands.follows or not homes:
        return frozenset()
    above = {link.to.stream for payload in files for link in payload.links if link.field == HOME}
    found = {
        line.key: line.destination_id
        for stream in above
        for line in hands.ledger.located(stream)
        if line.destination_id in homes
    }
    states = hands.ledger.states(run, list(found))
    return frozenset(id_ for key, id_ in found.items() if states.get(key) in (None, *GONE))


def _relation(payload: Payload) -> str:
    if payload.stream == LINES:
        return "deal"
    return HOME if payload.irreversible else ""


def standing(hands: Hands, line: Located) -> list[Attempt]:
    """Return our writes to a record that stand, oldest first."""
    return [
        attempt
        for attempt in hands.ledger.history(line.key, line.part)
        if attempt.destination_id == line.destination_id
        and not attempt.undone_by
        and not attempt.operation.undoes
    ]


def _there(hands: Hands, relation: str, id_: int) -> bool:
    return any(not seen.deleted for seen in hands.destination.fetch(ABOVE[relation], [id_]))
