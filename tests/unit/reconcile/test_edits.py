"""A person's later edit is told from what a server did to what we sent; in doubt it is a difference."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wherry.model.diff import FieldDiff, Observed, Verdict
from wherry.model.ledger import Attempt, EntryState
from wherry.model.operation import Operation, Verb
from wherry.model.record import Key
from wherry.reconcile.edits import by_a_person

WROTE = datetime(2026, 11, 21, 10, tzinfo=UTC)
KEY = Key("patients", "7")


def attempt(after: dict[str, Any], verb: Verb = Verb.CREATE, at: datetime = WROTE) -> Attempt:
    operation = Operation(
        id=f"r1:{at}", verb=verb, stream="contacts", key=KEY, part=1, fields=dict(after), links={}, destination_id=1
    )  # fmt: skip
    state = EntryState.CONFIRMED
    return Attempt(
        operation=operation, run="r1", digest="d", state=state, destination_id=1, after=after, at=at
    )


def seen(value: Any, touched: timedelta = timedelta(minutes=5), skew: timedelta = timedelta()) -> Observed:
    created = WROTE + skew
    return Observed(
        stream="contacts",
        id=1,
        fields={"city": value},
        links={},
        created_at=created.isoformat(),
        updated_at=(created + touched).isoformat(),
    )


def judged(sent: Any, there: Any, observed: Observed, *history: Attempt, rule: str = "text") -> bool:
    diff = FieldDiff(
        key=KEY,
        part=1,
        stream="contacts",
        destination_id=1,
        field="city",
        label="City",
        source=None,
        expected=sent,
        observed=there,
        verdict=Verdict.DIFFERENT,
    )
    return by_a_person(diff, observed, history or [attempt({"city": sent})], rule)


@pytest.mark.parametrize(
    ("sent", "there"), [("Ashmere", "By hand"), (100.0, 250.0), (False, True), ("2026-01-31", "2026-02-14")]
)
def test_another_value_in_a_record_that_was_touched_later_is_an_edit(sent: Any, there: Any) -> None:
    assert judged(sent, there, seen(there))


@pytest.mark.parametrize(
    ("sent", "there"),
    [
        ("Ashmere", "Ash"),
        ("Ashmere", "ASHMERE"),
        ("Ashmere", ""),
        ("Ashmere", None),
        ("+44 7700 900123", "07700900123"),
        ("2026-01-31", "2026-01-30"),
        ("2026-01-31T09:00:00+00:00", "2026-01-31T10:00:00+00:00"),
        (99.95, 100),
        (99.95, 0),
        (True, False),
        (["a", "b"], ["a"]),
        ("a", 5),
    ],
)
def test_what_a_server_does_to_a_value_is_never_an_edit(sent: Any, there: Any) -> None:
    assert not judged(sent, there, seen(there))


def test_a_record_that_nobody_touched_since_was_not_edited() -> None:
    assert not judged("Ashmere", "By hand", seen("By hand", touched=timedelta()))
    assert not judged("Ashmere", "By hand", seen("By hand", touched=timedelta(seconds=1)))


def test_our_own_later_update_is_no_touch_of_a_person_however_wrong_either_clock_is() -> None:
    later = attempt({"city": "Ashmere"}, Verb.UPDATE, WROTE + timedelta(hours=1))
    for skew in (timedelta(hours=-3), timedelta(hours=3)):
        ours = seen("By hand", touched=timedelta(hours=1), skew=skew)
        theirs = seen("By hand", touched=timedelta(hours=2), skew=skew)
        assert not judged("Ashmere", "By hand", ours, attempt({"city": "Ash"}), later)
        assert judged("Ashmere", "By hand", theirs, attempt({"city": "Ash"}), later)


def test_a_value_that_the_answer_did_not_show_as_wanted_never_arrived() -> None:
    assert not judged("Ashmere", "By hand", seen("By hand"), attempt({"city": "Somewhere"}))
    assert not judged("Ashmere", "By hand", seen("By hand"), attempt({}))


def test_where_no_create_of_ours_or_no_stamp_is_known_a_difference_stays_one() -> None:
    assert not judged("A", "B", seen("B"), attempt({"city": "A"}, Verb.UPDATE))
    bare = Observed(stream="contacts", id=1, fields={"city": "B"}, links={})
    assert not judged("A", "B", bare)


def test_equal_values_are_no_edits() -> None:
    assert not judged("Ashmere", "Ashmere", seen("Ashmere"))


def test_an_amount_that_products_overwrote_when_we_attached_them_is_no_edit() -> None:
    diff = FieldDiff(
        key=Key("invoices", "1"),
        part=1,
        stream="deals",
        destination_id=1,
        field="amount",
        label="Amount",
        source=None,
        expected=749.0,
        observed=799.0,
        verdict=Verdict.DIFFERENT,
    )
    assert not by_a_person(diff, seen(799.0), [attempt({"amount": 749.0})], "exact")


def test_our_own_update_of_a_record_that_was_confirmed_late_is_no_touch_of_a_person() -> None:
    """A bulk create, or one whose answer was lost, is confirmed long after the server made it."""
    made = attempt({"city": "Ash"}, at=WROTE + timedelta(minutes=10))
    stamp = (WROTE + timedelta(hours=1)).isoformat()
    ours = attempt({"city": "Ashmere", "updated_at": stamp}, Verb.UPDATE, WROTE + timedelta(hours=1))
    assert not judged("Ashmere", "By hand", seen("By hand", touched=timedelta(hours=1)), made, ours)
    assert judged("Ashmere", "By hand", seen("By hand", touched=timedelta(hours=2)), made, ours)
