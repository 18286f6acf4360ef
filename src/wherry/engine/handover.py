"""A deal's products stand under one line of its invoice; where the source changes, another line may carry them.

The ledger keeps them under the line that carried them when they were written. A line that carries them now takes
them over: it is compared with what stands there, people's edits included, and the other line is let go with the
same commit that confirms it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from wherry.engine.along import LINES, gone_along, standing
from wherry.engine.decide import Known, decide
from wherry.engine.hands import Hands
from wherry.model.ledger import Attempt, Event
from wherry.model.operation import Decision, Located, Operation, Payload, Skip
from wherry.model.record import Key

ROWS = "products"  # the field of all that is attached to a deal


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """What the line takes over: where it stands, what was written to it under any line, and what lets the others go."""

    line: Located
    history: Sequence[Attempt]
    release: Sequence[Event]
    begun: bool  # it stands under this line as well: the process died between the two

    def decide(self, payload: Payload, known: Known) -> Decision:
        """Decide as for an update; what is written first under this line is a create, so that it can be taken back."""
        if known.observed is None:
            return self._kept(payload, ROWS)  # a person took all of them off
        decision = decide(payload, known)
        if isinstance(decision, Operation | Skip) and decision.edited:
            return self._kept(payload, *decision.edited)
        if self.begun:
            return decision
        made = decide(payload, replace(known, located=None, observed=None))
        if not isinstance(made, Operation):
            return made
        return replace(made, before={name: known.observed.fields.get(name) for name in made.fields})

    def _kept(self, payload: Payload, *edited: str) -> Skip:
        return Skip(
            key=payload.key, part=payload.part, destination_id=self.line.destination_id, edited=edited
        )


def handovers(
    hands: Hands,
    run: str,
    payloads: Mapping[Key, Sequence[Payload]],
    located: Mapping[Key, Sequence[Located]],
) -> dict[Key, Handover]:
    """Return what lines take over from others that carried the products of their deal in an earlier run."""
    carriers: dict[int, Payload] = {}
    for parts in payloads.values():
        for payload in parts:
            deal = next((link.to for link in payload.links if link.field == "deal"), None)
            above = located.get(deal, ()) if deal is not None and payload.stream == LINES else ()
            if above and above[0].created_in != run:
                carriers[above[0].destination_id] = payload
    others: dict[int, list[Located]] = {}
    for line in hands.ledger.located_at(LINES, sorted(carriers)) if carriers else ():
        if line.key != carriers[line.destination_id].key:
            others.setdefault(line.destination_id, []).append(line)
    return {
        carriers[deal].key: _handover(hands, run, carriers[deal], located, lines)
        for deal, lines in others.items()
    }


def _handover(
    hands: Hands,
    run: str,
    payload: Payload,
    located: Mapping[Key, Sequence[Located]],
    others: Sequence[Located],
) -> Handover:
    own = next((line for line in located.get(payload.key, ()) if line.part == payload.part), None)
    history = [attempt for line in others for attempt in hands.ledger.history(line.key, line.part)]
    history += hands.ledger.history(payload.key, payload.part)
    return Handover(
        # Without a fingerprint it is compared with what is there: that of its own may be older than the others.
        line=replace(own or others[-1], key=payload.key, part=payload.part, fingerprint=""),
        history=sorted(history, key=lambda attempt: attempt.at),
        release=[event for line in others for one in standing(hands, line) for event in gone_along(run, one)],
        begun=own is not None,
    )
