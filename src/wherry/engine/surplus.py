"""Parts that a record no longer has: the rest of a note that became shorter, the lead of one who has booked."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from wherry.engine.decide import HOME
from wherry.engine.hands import Hands
from wherry.engine.past import edits_since, home_of, past_of
from wherry.model.operation import LEADS, Located, Operation, Payload, Verb
from wherry.model.record import Key

HANGING = ("tasks", "appointments", "notes")  # nothing of ours hangs on a lead: these are people's


@dataclass(frozen=True, slots=True, kw_only=True)
class Surplus:
    """A part too many: the write that takes it away, or None where what people did to it keeps it."""

    key: Key
    operation: Operation | None
    edited: tuple[str, ...] = ()


def surplus_of(
    hands: Hands,
    run: str,
    payloads: Mapping[Key, Collection[Payload]],
    lines: Mapping[tuple[Key, int], Located],
) -> dict[Key, list[Surplus]]:
    """Return the parts of these records that are there and belong to none of their payloads any more."""
    found: dict[Key, list[Surplus]] = {}
    for (key, part), line in lines.items():
        if key not in payloads or part in {payload.part for payload in payloads[key]}:
            continue
        history = hands.ledger.history(key, part)
        past, home = past_of(history, line.destination_id), home_of(history, line.destination_id)
        on = {line.destination_id: home} if home is not None else None
        seen = hands.destination.fetch(
            line.stream, [line.destination_id], on, dependents=line.stream == LEADS
        )
        there = next((one for one in seen if not one.deleted), None)
        if there is None or not past.made:
            continue
        edited = (
            *edits_since(past, there, hands.writable.get(line.stream, frozenset())),
            *(name for name in HANGING if there.links.get(name)),
        )
        removal = None if edited else _removal(run, line, past.made, home)
        found.setdefault(key, []).append(Surplus(key=key, edited=edited, operation=removal))
    return found


def _removal(run: str, line: Located, made: str, home: int | None) -> Operation:
    return Operation(
        id=f"{run}:{line.key}:{line.stream}:{line.part}:{Verb.DELETE}",
        verb=Verb.DELETE,
        stream=line.stream,
        key=line.key,
        part=line.part,
        fields={},
        links={} if home is None else {HOME: home},
        destination_id=line.destination_id,
        undoes=made,
    )
