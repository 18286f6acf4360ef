"""Only what we made and took back is deleted for good, and only where nobody brought it back."""

from typing import Any

import pytest

from memory_destination import MemoryDestination, load_all, make_hands, record, roll_back
from wherry.engine.bin import clear_bin
from wherry.model.operation import Operation, Verb
from wherry.model.record import Key
from wherry.model.run import RunKind

PATIENT = record("patients", "1", first="Ana")


def create_again(stream: str = "contacts") -> Operation:
    return Operation(
        id="r9:again",
        verb=Verb.CREATE,
        stream=stream,
        key=Key("patients", "1"),
        part=1,
        fields={"first": "Ana"},
    )


@pytest.fixture
def there() -> MemoryDestination:
    return MemoryDestination()


@pytest.fixture
def hands(there: MemoryDestination) -> Any:
    hands = make_hands(there, [PATIENT])
    load_all(hands)
    return hands


def begin(hands: Any) -> str:
    return str(hands.ledger.begin(RunKind.LOAD, "d2", {}).id)


def removals(there: MemoryDestination) -> list[int | None]:
    return [one.destination_id for one in there.written if one.for_good]


def test_what_was_taken_back_is_removed_once(there: MemoryDestination, hands: Any) -> None:
    (made,) = there.rows["contacts"]
    roll_back(hands)
    run = begin(hands)
    assert clear_bin(hands, run, create_again())
    (removal,) = [a for a in hands.ledger.attempts(include_undone=True) if a.operation.for_good]
    assert (removal.destination_id, removal.operation.for_good) == (made, True)
    assert not clear_bin(hands, run, create_again())
    assert removals(there) == [made]
    assert hands.ledger.verify().ok


def test_what_still_stands_is_not_touched(there: MemoryDestination, hands: Any) -> None:
    assert not clear_bin(hands, begin(hands), create_again())
    assert removals(there) == []


def test_what_a_person_brought_back_stays(there: MemoryDestination, hands: Any) -> None:
    back = dict(there.rows["contacts"])
    roll_back(hands)
    there.rows["contacts"] |= back
    assert not clear_bin(hands, begin(hands), create_again())
    assert removals(there) == []


def test_another_kind_of_record_is_not_touched(there: MemoryDestination, hands: Any) -> None:
    roll_back(hands)
    assert not clear_bin(hands, begin(hands), create_again(stream="leads"))
    assert removals(there) == []


def test_what_the_bin_does_not_give_up_is_tried_again_another_time(
    there: MemoryDestination, hands: Any
) -> None:
    roll_back(hands)
    run = begin(hands)
    there.fault = lambda call, one: "gone" if call == "write" and one is not None and one.for_good else ""
    assert clear_bin(hands, run, create_again())
    assert removals(there) == []
    assert [a for a in hands.ledger.attempts(include_undone=True) if a.operation.for_good] == []
    assert hands.ledger.open_attempts() == []
