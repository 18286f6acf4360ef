"""Parts that a record no longer has: a note that became shorter leaves none of its old parts behind."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from wherry.engine.decide import HOME
from wherry.engine.hands import Hands
from wherry.engine.past import edits_since, home_of, past_of
from wherry.model.operation import Located, Operation, Payload, Verb
from wherry.model.record import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Surplus:
    """A part too many: the write that takes it away, or None where a person's edit keeps it."""

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
        there = next(
            (s for s in hands.destination.fetch(line.stream, [line.destination_id], on) if not s.deleted),
            None,
        )
        if there is None or not past.made:
            continue
        edited = edits_since(past, there)
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
