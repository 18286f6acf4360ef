"""How long an open write is waited for before a look at the destination counts."""

from typing import Any

import pytest

from memory_destination import BentClock, MemoryDestination, enlist, make_hands, record
from wherry.engine.settle import settle
from wherry.model.ledger import Intended, Unknown
from wherry.model.operation import Operation, Verb
from wherry.model.record import Key

INTENT = Operation(
    id="r1:practices/1:sales_accounts:1:create",
    verb=Verb.CREATE,
    stream="sales_accounts",
    key=Key("practices", "1"),
    part=1,
    fields={"name": "P"},
    match=("cf_source_system_id_c", "1"),
)


@pytest.mark.parametrize(("lost", "wait"), [(False, 40.0), (True, 10.0)])
def test_what_may_still_be_held_open_is_waited_for_longer(lost: bool, wait: float) -> None:
    """An intent of a process that is gone or stands still; a lost answer was given up for good."""
    clock = BentClock()
    asked: list[float] = []

    def fault(name: str, _operation: Any) -> str:
        if name == "find":
            asked.append(clock.slept)
        return ""

    hands = make_hands(
        MemoryDestination(fault=fault), [record("practices", "1", name="P")], clock=clock,
        settle_after=10.0, in_flight=30.0,
    )  # fmt: skip
    run = enlist(hands)
    hands.ledger.record(run, [Intended(operation=INTENT)])
    if lost:
        hands.ledger.record(run, [Unknown(operation_id=INTENT.id, why="no answer")])
    settle(hands, run)
    assert asked
    assert asked[0] == pytest.approx(wait, abs=0.5)
