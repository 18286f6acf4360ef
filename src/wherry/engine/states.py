"""Which state a record ends in, and the states of its links: pure."""

from collections.abc import Mapping, Sequence
from enum import Enum

from wherry.model.record import Key
from wherry.model.run import RecordState, StateChange

LANDED = frozenset({RecordState.CREATED, RecordState.UPDATED, RecordState.UNCHANGED})
GONE = frozenset({RecordState.FILTERED, RecordState.MERGED})  # states of a record that belongs there no more


class NoState(Enum):
    """The record stays pending."""

    WAIT = "wait"


def final_state(parts: Sequence[RecordState]) -> RecordState:
    """Return the state of a record from the states of its parts; one that wrote nothing is unchanged."""
    for state in (RecordState.CREATED, RecordState.UPDATED):
        if state in parts:
            return state
    return RecordState.UNCHANGED


def parent_state(parent: RecordState | None) -> RecordState | NoState:
    """Return what becomes of a child whose parent is not at the destination and is in this state.

    A parent that is still pending leaves the child pending; one outside the run blocks it.
    """
    match parent:
        case RecordState.PENDING:
            return NoState.WAIT
        case RecordState.FILTERED | RecordState.MERGED:
            return RecordState.FILTERED
        case RecordState.NO_EQUIVALENT:
            return RecordState.NO_EQUIVALENT
        case _:
            return RecordState.DEFERRED


def carried_state(carrier: RecordState | None, *, there: bool) -> RecordState | NoState:
    """Return the state of a record that arrives inside of another one, given that one's.

    A carrier outside the run that is `there` already leaves it unchanged; one that is not blocks it.
    """
    if carrier in LANDED:
        return carrier
    return RecordState.UNCHANGED if carrier is None and there else parent_state(carrier)


def with_links(change: StateChange, link_streams: Mapping[str, Mapping[str, str]]) -> list[StateChange]:
    """Return the change, and the changes of the record's links, which are counted as streams of their own.

    A link is where its record is: created with it, unchanged with it. The link of a record that did
    not land is deferred, blocked by it; that of a filtered record is filtered.
    """
    landed = change.state in LANDED
    return [
        change,
        *(
            StateChange(
                key=Key(name, change.key.id),
                state=link_state(change.state),
                reason="" if landed else change.reason or change.state.value,
                hint="" if landed else change.hint,
                blocked_by="" if landed else str(change.key),
            )
            for name in link_streams.get(change.key.stream, {}).values()
        ),
    ]


def link_state(state: RecordState) -> RecordState:
    """Return the state of a link from the state of the record that holds it."""
    return RecordState.DEFERRED if state is RecordState.REJECTED else state
