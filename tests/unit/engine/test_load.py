"""One batch after another: what is sent, what is written down, and where every record ends."""

from typing import Any

import pytest

from memory_destination import BentClock, MemoryDestination, enlist, make_hands, no_fault, record, walk_all
from wherry.mapping.apply import NoWrite
from wherry.model.errors import Interrupted, Unavailable
from wherry.model.ledger import EntryState
from wherry.model.operation import Operation, Verb
from wherry.model.record import Key, Record
from wherry.model.reject import Reject
from wherry.model.run import RecordState, StreamCounts

CLINIC = [
    record("practices", "1", name="P"),
    *(record("patients", str(n), first=f"n{n}", parent="1") for n in range(1, 8)),
    *(record("notes", str(n), text=f"t{n}", parent=str(n), parts=1 + n % 2) for n in range(1, 8)),
]
LINK = "link.notes.patients"


def some(line: StreamCounts) -> dict[RecordState, int]:
    """The states that occur."""
    return {state: count for state, count in line.states.items() if count}


def only(state: RecordState, line: StreamCounts) -> bool:
    return some(line) == {state: line.read} and line.unexplained == 0


def once(kind: str, stream: str, call: str = "write") -> Any:
    """A fault that strikes the first such call."""
    left = [kind]

    def fault(name: str, operation: Operation | None) -> str:
        return (
            left.pop() if left and name == call and (operation is None or operation.stream == stream) else ""
        )

    return fault


def run_of(
    destination: MemoryDestination, records: list[Record] | None = None, **pace: Any
) -> tuple[Any, str]:
    hands = make_hands(destination, records or CLINIC, **pace)
    run = enlist(hands)
    walk_all(hands, run)
    return hands, run


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("bulk", [frozenset(), frozenset({"contacts"})])
def test_everything_lands_once_with_its_links(workers: int, bulk: frozenset[str]) -> None:
    there = MemoryDestination(bulk_streams=bulk)
    hands, run = run_of(there, workers=workers)
    counts = hands.ledger.counts(run)
    assert all(only(RecordState.CREATED, line) for line in counts.values())
    assert len(there.marks()) == len(set(there.marks())) == 1 + 7 + 7 + 4
    homes = hands.ledger.locate([Key("patients", "3"), Key("notes", "3")])
    contact = homes[Key("patients", "3")][0].destination_id
    assert [
        there.rows["notes"][line.destination_id].links["targetable"] for line in homes[Key("notes", "3")]
    ] == [[contact]] * 2
    assert hands.ledger.open_attempts() == []


def test_a_second_run_sends_nothing_and_calls_everything_unchanged() -> None:
    there = MemoryDestination()
    hands, _ = run_of(there)
    sent = len(there.written)
    run = enlist(hands, digest="e" * 64)
    walk_all(hands, run)
    assert len(there.written) == sent
    assert all(only(RecordState.UNCHANGED, line) for line in hands.ledger.counts(run).values())


@pytest.mark.parametrize("kind", ["lost", "never", "again"])
@pytest.mark.parametrize("stream", ["sales_accounts", "contacts", "notes"])
def test_an_open_outcome_is_looked_up_before_anything_is_sent_again(kind: str, stream: str) -> None:
    there = MemoryDestination(fault=once(kind, stream))
    hands, run = run_of(there)
    assert len(there.marks()) == len(set(there.marks())) == 19
    assert all(only(RecordState.CREATED, line) for line in hands.ledger.counts(run).values())
    seen = [e.state for e in hands.ledger.entries()]
    assert (EntryState.UNKNOWN in seen) is (kind != "again")
    assert (EntryState.ABSENT in seen) is (kind != "lost")


def test_nothing_is_looked_up_before_the_request_can_no_longer_arrive() -> None:
    clock = BentClock()
    asked: list[float] = []

    def fault(name: str, operation: Operation | None) -> str:
        if name == "find":
            asked.append(clock.slept)
        return "lost" if name == "write" and operation and operation.stream == "sales_accounts" else ""

    hands = make_hands(MemoryDestination(fault=fault), CLINIC[:1], clock=clock, settle_after=30.0)
    walk_all(hands, enlist(hands))
    assert asked
    assert min(asked) >= 30.0


def test_what_is_refused_is_a_reject_and_what_hangs_on_it_waits_named() -> None:
    def fault(_name: str, operation: Operation | None) -> str:
        return "refuse" if operation and operation.key == Key("patients", "3") else ""

    hands, run = run_of(MemoryDestination(fault=fault))
    counts = hands.ledger.counts(run)
    assert some(counts["patients"]) == {RecordState.CREATED: 6, RecordState.REJECTED: 1}
    assert some(counts["notes"]) == {RecordState.CREATED: 6, RecordState.DEFERRED: 1}
    assert some(counts[LINK]) == {RecordState.CREATED: 6, RecordState.DEFERRED: 1}
    changes = {change.key: change for change in hands.ledger.rejects(run)}
    assert changes[Key("patients", "3")].reason == "too_long"
    assert changes[Key("patients", "3")].field == "title"
    assert changes[Key("notes", "3")].blocked_by == "patients/3"


def test_one_refused_part_rejects_the_record_and_the_other_part_stays_known() -> None:
    def fault(_name: str, operation: Operation | None) -> str:
        return "refuse" if operation and operation.key.stream == "notes" and operation.part == 2 else ""

    hands, run = run_of(MemoryDestination(fault=fault))
    assert some(hands.ledger.counts(run)["notes"]) == {RecordState.CREATED: 3, RecordState.REJECTED: 4}
    assert [line.part for line in hands.ledger.locate([Key("notes", "3")])[Key("notes", "3")]] == [1]


def test_a_unique_key_that_this_very_record_holds_is_an_arrival() -> None:
    there = MemoryDestination()
    hands = make_hands(there, CLINIC)
    run = enlist(hands)
    twin = there.put("contacts", {"external_id": "3", "mark": "[patients/3 1/1]"})
    walk_all(hands, run)
    (line,) = hands.ledger.locate([Key("patients", "3")])[Key("patients", "3")]
    assert line.destination_id == twin
    assert len(there.marks()) == 19


def test_a_unique_key_that_somebody_else_holds_is_a_reject() -> None:
    hands, run = run_of(
        MemoryDestination(
            fault=lambda n, o: "taken" if n == "write" and o and o.key == Key("patients", "3") else ""
        )
    )
    (change,) = [c for c in hands.ledger.rejects(run) if c.key == Key("patients", "3")]
    assert change.reason == "taken"
    assert 'delete = "forget"' in change.hint


# bulk --------------------------------------------------------------------------------------------


def test_rows_that_a_job_leaves_out_go_one_by_one() -> None:
    there = MemoryDestination(bulk_streams=frozenset({"contacts"}), partial=lambda o: o.key.id in {"2", "5"})
    hands, run = run_of(there)
    assert all(only(RecordState.CREATED, line) for line in hands.ledger.counts(run).values())
    assert len(there.marks()) == len(set(there.marks())) == 19
    assert there.calls.count("submit") == 2  # batches of five and two


@pytest.mark.parametrize("kind", ["lost", "never", "again", "refuse"])
def test_a_job_whose_fate_is_open_doubles_nothing(kind: str) -> None:
    there = MemoryDestination(bulk_streams=frozenset({"contacts"}), fault=once(kind, "contacts", "submit"))
    hands, run = run_of(there)
    assert all(only(RecordState.CREATED, line) for line in hands.ledger.counts(run).values())
    assert len(there.marks()) == len(set(there.marks())) == 19


def test_a_job_that_does_not_end_keeps_its_rows_open_until_it_is_given_up() -> None:
    there = MemoryDestination(bulk_streams=frozenset({"contacts"}), job_done=lambda _job: False)
    clock = BentClock()
    hands = make_hands(there, CLINIC, clock=clock, job_wait=30.0)
    walk_all(hands, run := enlist(hands))
    assert clock.slept >= 30.0
    assert all(only(RecordState.CREATED, line) for line in hands.ledger.counts(run).values())
    assert len(there.marks()) == len(set(there.marks())) == 19


def test_too_few_rows_are_not_worth_a_job() -> None:
    there = MemoryDestination(bulk_streams=frozenset({"contacts"}))
    run_of(there, bulk_from=8)
    assert "submit" not in there.calls


# updates, mapping results, stopping -----------------------------------------------------------------


def test_a_changed_record_is_updated_and_a_lost_update_is_read_back() -> None:
    there = MemoryDestination()
    hands, _ = run_of(there)
    changed = [
        record("patients", "3", first="new", parent="1") if r.key == Key("patients", "3") else r
        for r in CLINIC
    ]
    later = make_hands(there, changed, ledger=hands.ledger)
    there.fault = once("lost", "contacts")
    run = enlist(later, digest="e" * 64)
    walk_all(later, run)
    assert some(later.ledger.counts(run)["patients"]) == {RecordState.UNCHANGED: 6, RecordState.UPDATED: 1}
    updates = [o for o in there.written if o.verb is Verb.UPDATE]
    assert [o.fields for o in updates] == [{"first": "new"}]


def test_what_the_mapping_says_no_to_ends_there(monkeypatch: pytest.MonkeyPatch) -> None:
    there = MemoryDestination()
    hands = make_hands(there, CLINIC)
    whole = hands.apply

    def picky(one: Record) -> Any:
        if one.key == Key("patients", "1"):
            return Reject(key=one.key, reason="email_invalid", field="email")
        if one.key == Key("patients", "2"):
            return NoWrite(state=RecordState.FILTERED, reason="archived")
        return whole(one)

    object.__setattr__(hands, "apply", picky)
    run = enlist(hands)
    walk_all(hands, run)
    states = {
        key.id: state
        for key, state in hands.ledger.states(run, [Key("notes", "1"), Key("notes", "2")]).items()
    }
    assert states == {"1": RecordState.DEFERRED, "2": RecordState.FILTERED}
    assert all(line.unexplained == 0 for line in hands.ledger.counts(run).values())


def test_asked_to_stop_it_stops_at_a_batch_border_and_goes_on_later() -> None:
    there = MemoryDestination()
    hands = make_hands(there, CLINIC)
    run = enlist(hands)

    def ask(_name: str, _operation: Operation | None) -> str:
        hands.stopper.ask()
        return ""

    there.fault = ask
    with pytest.raises(Interrupted):
        walk_all(hands, run)
    assert len(there.written) == 1
    there.fault = no_fault
    later = make_hands(there, CLINIC, ledger=hands.ledger)
    walk_all(later, enlist(later))
    assert len(there.marks()) == len(set(there.marks())) == 19


def test_a_destination_that_answers_nothing_is_given_up_with_a_way_on() -> None:
    there = MemoryDestination(fault=lambda name, _o: "again" if name == "write" else "")
    hands = make_hands(there, CLINIC)
    run = enlist(hands)
    with pytest.raises(Unavailable) as caught:
        walk_all(hands, run)
    assert "run the same command again" in caught.value.hint
    there.fault = lambda _name, _o: ""
    walk_all(hands, run)
    assert all(only(RecordState.CREATED, line) for line in hands.ledger.counts(run).values())
