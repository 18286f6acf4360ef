"""The account for patients without a practice: there before anybody needs it, once, whatever became of its answer."""

import pytest

from memory_destination import Crash, MemoryDestination, enlist, make_hands
from wherry.app.runs import ensure_unassigned
from wherry.model.errors import Unavailable
from wherry.model.operation import Operation, Payload
from wherry.model.record import Key

PAYLOAD = Payload(
    stream="sales_accounts",
    key=Key("practices", "@unassigned"),
    fields={"name": "Unassigned"},
    match=("name", "Unassigned"),
)


def first(kind: str):
    left = [kind]

    def fault(call: str, _operation: Operation | None) -> str:
        return left.pop() if left and call == "write" else ""

    return fault


@pytest.mark.parametrize("kind", ["", "lost", "die", "die_after", "again", "never"])
def test_it_is_there_once_at_the_latest_after_the_second_command(kind: str) -> None:
    there = MemoryDestination(fault=first(kind) if kind else lambda _call, _operation: "")
    hands = make_hands(there, [])
    run = enlist(hands)
    try:
        ensure_unassigned(hands, run, PAYLOAD)
    except (Crash, Unavailable):
        ensure_unassigned(hands, run, PAYLOAD)
    assert len(there.rows["sales_accounts"]) == 1
    assert [line.key for line in hands.ledger.located()] == [PAYLOAD.key]
    assert not hands.ledger.open_attempts()


@pytest.mark.parametrize("kind", ["again", "never"])
def test_while_it_is_not_there_nothing_else_is_begun(kind: str) -> None:
    there = MemoryDestination(fault=first(kind))
    hands = make_hands(there, [])
    with pytest.raises(Unavailable, match="not there yet"):
        ensure_unassigned(hands, enlist(hands), PAYLOAD)
