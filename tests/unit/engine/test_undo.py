"""Each bucket of a rollback, and that a preview shows what the rollback will do."""

from typing import Any

import pytest

from memory_destination import FIELDS, HOMES, MemoryDestination, load_all, make_hands, record, roll_back
from wherry.engine.past import same
from wherry.engine.undo import Bucket, Judgement, Surroundings, held_by_others, judge, ours, take_back
from wherry.model.diff import Observed
from wherry.model.errors import Interrupted
from wherry.model.operation import Operation
from wherry.model.run import RunKind

CLINIC = [
    record("practices", "1", city="Cork"),
    record("patients", "1", first="Ana", parent="1"),
    record("patients", "2", first="Ben", parent="1"),
    record("notes", "1", text="t", parent="1"),
]


def changed(**values: Any) -> list[Any]:
    return [
        record("patients", "1", **{"first": "Ana", "parent": "1", **values})
        if r.key.id == "1" and r.key.stream == "patients"
        else r
        for r in CLINIC
    ]


@pytest.fixture
def there() -> MemoryDestination:
    return MemoryDestination()


@pytest.fixture
def hands(there: MemoryDestination) -> Any:
    hands = make_hands(there, CLINIC)
    load_all(hands)
    return hands


def ids(there: MemoryDestination, stream: str) -> list[int]:
    return sorted(there.rows.get(stream, {}))


def preview(hands: Any) -> list[Judgement]:
    standing = [a for a in hands.ledger.attempts() if not a.operation.undoes]
    around = Surroundings(ours=ours(standing), writable=dict.fromkeys(HOMES.values(), FIELDS))
    return list(take_back(hands, "preview", reversed(standing), around, write=False))


def told(judged: list[Judgement]) -> list[tuple[str, Bucket]]:
    return [(j.attempt.operation.id, j.bucket) for j in judged]


def buckets(judged: list[Judgement]) -> dict[str, Bucket]:
    return {f"{j.attempt.operation.key} {j.attempt.operation.verb}": j.bucket for j in judged}


def test_what_nobody_touched_is_reverted_children_first(there: MemoryDestination, hands: Any) -> None:
    sent = len(there.written)
    shown = preview(hands)
    assert len(there.written) == sent
    judged = roll_back(hands)
    assert told(judged) == told(shown)
    assert set(buckets(judged).values()) == {Bucket.REVERTED}
    assert [o.stream for o in there.written[sent:]] == ["notes", "contacts", "contacts", "sales_accounts"]
    assert there.state() == {}


def test_an_edit_stays_and_keeps_its_parents(there: MemoryDestination, hands: Any) -> None:
    there.rows["notes"][ids(there, "notes")[0]].fields["text"] = "by hand"
    shown = preview(hands)
    judged = roll_back(hands)
    assert told(judged) == told(shown)
    assert buckets(judged) == {
        "notes/1 create": Bucket.KEPT_EDITED,
        "patients/1 create": Bucket.BLOCKED,
        "patients/2 create": Bucket.REVERTED,
        "practices/1 create": Bucket.BLOCKED,
    }
    (kept,) = [j for j in judged if j.bucket is Bucket.KEPT_EDITED]
    assert kept.fields == ("text",)
    assert all(j.why for j in judged if j.bucket is Bucket.BLOCKED)


def test_a_field_that_we_never_wrote_and_a_person_filled_is_an_edit(
    hands: Any, there: MemoryDestination
) -> None:
    lone = next(row for row in there.rows["contacts"].values() if row.fields["external_id"] == "2")
    lone.fields["city"] = "by hand"
    kept = buckets(roll_back(hands))
    assert kept["patients/2 create"] is Bucket.KEPT_EDITED
    assert kept["practices/1 create"] is Bucket.BLOCKED
    assert [row.fields["city"] for row in there.rows["contacts"].values()] == ["by hand"]


def test_what_others_hung_on_it_blocks(there: MemoryDestination, hands: Any) -> None:
    contact = next(i for i, row in there.rows["contacts"].items() if row.fields["external_id"] == "2")
    theirs = there.put("notes", {"text": "theirs"}, targetable=contact)
    judged = roll_back(hands)
    assert buckets(judged)["patients/2 create"] is Bucket.BLOCKED
    assert buckets(judged)["practices/1 create"] is Bucket.BLOCKED
    assert ids(there, "notes") == [theirs]
    assert ids(there, "contacts") == [contact]


def test_what_is_gone_is_gone(there: MemoryDestination, hands: Any) -> None:
    del there.rows["notes"][ids(there, "notes")[0]]
    judged = roll_back(hands)
    assert buckets(judged)["notes/1 create"] is Bucket.ALREADY_GONE
    assert there.state() == {}


def test_an_update_goes_back_field_by_field(there: MemoryDestination, hands: Any) -> None:
    load_all(make_hands(there, changed(first="Anna", city="Sligo"), ledger=hands.ledger), "e" * 64)
    contact = next(row for row in there.rows["contacts"].values() if row.fields["external_id"] == "1")
    contact.fields["city"] = "by hand"
    shown = preview(hands)
    judged = roll_back(hands)
    assert told(judged) == told(shown)
    assert buckets(judged)["patients/1 update"] is Bucket.KEPT_EDITED
    assert (contact.fields["first"], contact.fields["city"]) == ("Ana", "by hand")


def test_a_record_written_in_three_runs_goes_back_through_all_of_them(
    there: MemoryDestination, hands: Any
) -> None:
    for number, city in enumerate(("Sligo", "Ennis")):
        load_all(make_hands(there, changed(city=city), ledger=hands.ledger), f"{number}" * 64)
    shown = preview(hands)
    assert {j.bucket for j in shown} == {Bucket.REVERTED}
    assert told(roll_back(hands)) == told(shown)
    assert there.state() == {}


def test_a_child_that_was_updated_goes_back_newest_first(there: MemoryDestination, hands: Any) -> None:
    later = [*CLINIC[:3], record("notes", "1", text="longer", parent="1")]
    load_all(make_hands(there, later, ledger=hands.ledger), "e" * 64)
    moved = [*CLINIC[:3], record("notes", "1", text="longest", parent="2")]
    load_all(make_hands(there, moved, ledger=hands.ledger), "f" * 64)
    assert {j.bucket for j in roll_back(hands)} == {Bucket.REVERTED}
    assert there.state() == {}


def test_an_adopted_record_stays_with_what_it_held(there: MemoryDestination) -> None:
    twin = there.put("contacts", {"first": "Anna", "city": ""})
    before = there.state()
    hands = make_hands(there, [record("patients", "1", first="Ana", city="Cork", adopt=twin)])
    load_all(hands)
    assert there.rows["contacts"][twin].fields["city"] == "Cork"
    judged = roll_back(hands)
    assert buckets(judged) == {"patients/1 update": Bucket.REVERTED}
    fields = there.rows["contacts"][twin].fields
    assert {n: v for n, v in fields.items() if v} == {"first": "Anna"}
    assert list(there.rows["contacts"]) == list(before["contacts"])
    assert hands.ledger.locate([hands.snapshot.records[0].key]).get(hands.snapshot.records[0].key, ()) == ()


def test_what_cannot_be_undone_says_why(hands: Any) -> None:
    attempt = next(iter(hands.ledger.attempts()))
    operation: Any = attempt.operation
    object.__setattr__(operation, "irreversible", "there is no call for it")
    around = Surroundings(ours={}, writable={})
    judged = judge("r9", attempt, None, around)
    assert (judged.bucket, judged.why, judged.operation) == (
        Bucket.IRREVERSIBLE,
        "there is no call for it",
        None,
    )


@pytest.mark.parametrize("kind", ["refuse", "never", "again"])
def test_what_the_destination_does_not_do_is_blocked_and_can_be_tried_again(
    there: MemoryDestination, hands: Any, kind: str
) -> None:
    there.fault = lambda _n, o: kind if o is not None and o.stream == "notes" else ""
    judged = roll_back(hands)
    assert buckets(judged)["notes/1 create"] is Bucket.BLOCKED
    assert buckets(judged)["patients/1 create"] is Bucket.BLOCKED
    assert buckets(judged)["patients/2 create"] is Bucket.REVERTED
    there.fault = lambda _n, _o: ""
    assert {j.bucket for j in roll_back(hands, confirm="again")} == {Bucket.REVERTED}
    assert there.state() == {}


def test_a_lost_answer_to_a_delete_is_looked_up(there: MemoryDestination, hands: Any) -> None:
    there.fault = lambda _n, o: "lost" if o is not None and o.undoes else ""
    judged = roll_back(hands)
    there.fault = lambda _n, _o: ""
    assert there.rows["notes"] == {}
    # What is said to be blocked for want of an answer is found gone, or undone, by the next call.
    assert len(judged) == 4
    roll_back(hands, confirm="again")
    assert there.state() == {}


def test_asked_to_stop_it_stops_between_batches(there: MemoryDestination, hands: Any) -> None:
    asked = make_hands(there, CLINIC, ledger=hands.ledger)
    run = hands.ledger.begin(RunKind.ROLLBACK, "d" * 64, {"confirm": "x"}).id
    standing = list(hands.ledger.attempts(newest_first=True))
    steps = take_back(asked, run, standing, Surroundings(ours=ours(standing), writable={}), write=True)
    next(steps)
    asked.stopper.ask()
    with pytest.raises(Interrupted):
        list(steps)
    assert ids(there, "sales_accounts")


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (None, "", True), ("", [], True), (None, 0, False), (None, False, False), ("a", "A", False),
        ("2026-07-01T10:00:00+01:00", "2026-07-01T09:00:00+00:00", True),
        ("2026-07-01T10:00:00+01:00", "2026-07-01T10:00:00+00:00", False),
        ("2026-07-01T", "2026-07-02T", False), ("2026-07-01", "2026-07-01T00:00:00+00:00", False),
    ],
)  # fmt: skip
def test_what_one_server_says_in_two_ways_is_the_same(one: Any, other: Any, equal: bool) -> None:
    assert same(one, other) is equal


def test_a_field_that_the_server_changes_by_itself_is_no_edit() -> None:
    there = MemoryDestination()
    hands = make_hands(there, CLINIC[:1])
    load_all(hands)
    (attempt,) = hands.ledger.attempts()
    row = there.rows["sales_accounts"][attempt.destination_id or 0]
    seen = Observed(
        stream="sales_accounts",
        id=attempt.destination_id or 0,
        fields={**row.fields, "updated_at": "later"},
        links={},
    )
    judged = judge("r9", attempt, seen, Surroundings(ours={}, writable={"sales_accounts": FIELDS}))
    assert judged.bucket is Bucket.REVERTED
    assert isinstance(judged.operation, Operation)


def test_what_a_later_run_hung_on_a_record_is_named_and_what_it_hung_elsewhere_is_not(
    there: MemoryDestination,
) -> None:
    two = [record("practices", "2", city="Sligo"), *CLINIC]
    hands = make_hands(there, two)
    first = load_all(hands)
    moved = [*two[:2], *(r for r in changed(parent="2") if r.key.stream != "practices")]
    second = load_all(make_hands(there, moved, ledger=hands.ledger), "e" * 64)
    standing = list(hands.ledger.attempts())
    made = ours(a for a in standing if a.run == first)
    by_key = {str(a.operation.key): a.destination_id for a in standing}
    held = held_by_others(standing, first, made)
    assert held == {
        ("sales_accounts", by_key["practices/2"]): f"contacts/{by_key['patients/1']} of run {second}"
    }
