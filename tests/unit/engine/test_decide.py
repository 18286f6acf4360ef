"""From what a record should be to the one write it needs."""

from dataclasses import replace
from typing import Any

import pytest

from wherry.engine.decide import Known, decide, needs_observed, operation_id, parents_of
from wherry.engine.past import Past
from wherry.model.diff import Observed
from wherry.model.operation import Blocked, Link, Located, Operation, Payload, Skip, Verb
from wherry.model.record import Key

PATIENT = Key("patients", "7")
PRACTICE = Key("practices", "1")


def payload(adopt: int | None = None, links: tuple[Link, ...] = (), **fields: Any) -> Payload:
    return Payload(
        stream="contacts", key=PATIENT, fields=fields, links=links, match=("external_id", "7"), adopt=adopt
    )


def located(of: Payload | None = None, **more: Any) -> Located:
    fingerprint = of.fingerprint() if of else "other"
    return Located(key=PATIENT, part=1, stream="contacts", destination_id=11, fingerprint=fingerprint, **more)


def observed(links: dict[str, tuple[int, ...]] | None = None, **fields: Any) -> Observed:
    return Observed(stream="contacts", id=11, fields=fields, links=links or {})


def known(**values: Any) -> Known:
    return Known(**{"run": "r1", "parents": {}, **values})


def test_what_is_not_there_is_created_without_its_empty_fields() -> None:
    link = Link("sales_accounts", PRACTICE)
    decision = decide(payload(first_name="A", city=None, links=(link,)), known(parents={PRACTICE: 5}))
    assert isinstance(decision, Operation)
    assert decision.verb is Verb.CREATE
    assert decision.fields == {"first_name": "A"}
    assert decision.links == {"sales_accounts": 5}
    assert decision.before is None
    assert decision.id == "r1:patients/7:contacts:1:create"


def test_the_same_write_has_the_same_id_in_every_attempt_and_another_in_another_run() -> None:
    one = operation_id("r1", payload(first_name="A"), Verb.CREATE)
    assert operation_id("r1", payload(first_name="B"), Verb.CREATE) == one
    assert operation_id("r2", payload(first_name="A"), Verb.CREATE) != one


def test_what_has_not_changed_is_skipped_without_looking() -> None:
    wanted = payload(first_name="A")
    assert not needs_observed(wanted, located(wanted))
    assert decide(wanted, known(located=located(wanted))) == Skip(key=PATIENT, part=1, destination_id=11)


def test_only_fields_that_differ_are_written_with_their_before_image() -> None:
    wanted = payload(first_name="A", city="Cork", zipcode="T12")
    assert needs_observed(wanted, located())
    now = observed(first_name="A", city="Kerry", zipcode="T12")
    decision = decide(wanted, known(located=located(), observed=now, past=Past(written={"city": "Kerry"})))
    assert isinstance(decision, Operation)
    assert decision.verb is Verb.UPDATE
    assert (decision.fields, decision.before) == ({"city": "Cork"}, {"city": "Kerry"})
    assert decision.destination_id == 11


def test_nothing_left_to_write_is_a_skip() -> None:
    wanted = payload(first_name="A")
    assert isinstance(decide(wanted, known(located=located(), observed=observed(first_name="A"))), Skip)


@pytest.mark.parametrize("theirs", ["Their value", None, ""])
def test_what_a_person_changed_since_is_kept_cleared_included(theirs: Any) -> None:
    now = observed(city=theirs)
    decision = decide(
        payload(city="New"), known(located=located(), observed=now, past=Past(written={"city": "Old"}))
    )
    assert isinstance(decision, Skip)


def test_what_we_wrote_last_is_ours_to_change_and_an_unseen_field_too() -> None:
    now = observed(city="Old")
    update = decide(
        payload(city="New", owner_id=3),
        known(located=located(), observed=now, past=Past(written={"city": "Old", "owner_id": 2})),
    )
    assert isinstance(update, Operation)
    assert update.fields == {"city": "New", "owner_id": 3}


def test_a_field_that_is_new_in_the_mapping_is_written() -> None:
    now = observed(city=None, state="Default")
    decision = decide(
        payload(city="New", state="Ours"),
        known(located=located(), observed=now, past=Past(written={"state": "Default"})),
    )
    assert isinstance(decision, Operation)
    assert decision.fields == {"city": "New", "state": "Ours"}


@pytest.mark.parametrize("written", [{"city": None}, {"city": ""}, {}])
def test_a_field_that_is_new_in_the_mapping_and_that_a_person_filled_is_theirs(
    written: dict[str, str],
) -> None:
    now = observed(city="Theirs", state=None)
    asked = payload(city="New", state="Ours")
    decision = decide(asked, known(located=located(), observed=now, past=Past(written=written)))
    assert isinstance(decision, Operation)
    assert decision.fields == {"state": "Ours"}
    overruled = decide(asked, known(located=located(), observed=now, past=Past(written={}), fill_only=False))
    assert isinstance(overruled, Operation)
    assert overruled.fields == {"city": "New", "state": "Ours"}


def test_a_field_that_emptied_at_the_source_is_cleared_only_where_it_is_ours() -> None:
    now = observed(city="Old", state="Theirs", zipcode="Never ours")
    decision = decide(
        payload(city=None, state=None, zipcode=None),
        known(located=located(), observed=now, past=Past(written={"city": "Old", "state": "Ours"})),
    )
    assert isinstance(decision, Operation)
    assert decision.fields == {"city": None}


def test_an_adopted_record_keeps_what_it_holds_unless_overwriting_is_policy() -> None:
    now = observed(first_name="Theirs", city="", state=None)
    wanted = payload(adopt=11, first_name="Ours", city="Cork", state="Cork", zipcode=None)
    filled = decide(wanted, known(observed=now))
    assert isinstance(filled, Operation)
    assert (filled.fields, filled.adopts, filled.destination_id) == (
        {"city": "Cork", "state": "Cork"},
        True,
        11,
    )
    written_over = decide(wanted, known(observed=now, fill_only=False))
    assert isinstance(written_over, Operation)
    assert written_over.fields == {"first_name": "Ours", "city": "Cork", "state": "Cork"}


def test_an_adoption_that_writes_nothing_still_takes_place() -> None:
    decision = decide(payload(adopt=11, first_name="A"), known(observed=observed(first_name="A")))
    assert isinstance(decision, Operation)
    assert decision.adopts
    assert decision.fields == {}


def test_a_twin_that_is_gone_is_no_reason_to_write_into_nothing() -> None:
    wanted = payload(adopt=11, first_name="A")
    assert needs_observed(wanted, None)
    decision = decide(wanted, known())
    assert isinstance(decision, Operation)
    assert decision.verb is Verb.CREATE
    assert not decision.adopts


def test_a_record_of_ours_that_a_person_deleted_is_not_made_again() -> None:
    assert decide(payload(first_name="A"), known(located=located())) == Skip(
        key=PATIENT, part=1, destination_id=11
    )


def test_a_record_whose_parent_is_not_there_is_blocked_by_it() -> None:
    wanted = payload(links=(Link("sales_accounts", PRACTICE),), first_name="A")
    assert decide(wanted, known()) == Blocked(key=PATIENT, blocked_by=PRACTICE)


def test_a_link_is_added_to_those_that_are_there() -> None:
    wanted = payload(links=(Link("sales_accounts", PRACTICE),), first_name="A")
    now = observed({"sales_accounts": (4,)}, first_name="A")
    decision = decide(wanted, known(parents={PRACTICE: 5}, located=located(), observed=now))
    assert isinstance(decision, Operation)
    assert (decision.links, decision.before_links) == ({"sales_accounts": 5}, {"sales_accounts": [4]})
    there = observed({"sales_accounts": (4, 5)}, first_name="A")
    assert isinstance(decide(wanted, known(parents={PRACTICE: 5}, located=located(), observed=there)), Skip)


def test_parents_are_named_once() -> None:
    link = Link("sales_accounts", PRACTICE)
    assert parents_of([payload(links=(link,)), payload(links=(link,))]) == {PRACTICE}


def test_a_status_changes_with_its_stage_whoever_set_it() -> None:
    now = observed(lifecycle_stage_id=1, contact_status_id=11)
    wanted = payload(lifecycle_stage_id=2, contact_status_id=21)
    past = Past(written={"lifecycle_stage_id": 1}, sent=frozenset({"lifecycle_stage_id"}))
    decision = decide(wanted, known(located=located(), observed=now, past=past))
    assert isinstance(decision, Operation)
    assert decision.fields == {"lifecycle_stage_id": 2, "contact_status_id": 21}
    assert decision.edited == ()


def moved(**past: Any) -> Known:
    there = observed({"targetable": (5,)}, text="Ours")
    kept = Past(
        written={"text": "Ours"}, sent=frozenset({"text"}), linked={"targetable": frozenset({5})}, **past
    )
    return known(parents={PATIENT: 6}, located=located(), observed=there, past=kept)


def test_what_hangs_on_another_contact_now_is_deleted_where_it_is() -> None:
    note = payload(links=(Link("targetable", PATIENT),), text="Ours")
    decision = decide(note, moved(made="r1:create"))
    assert isinstance(decision, Operation)
    assert (decision.verb, decision.undoes, decision.links) == (Verb.DELETE, "r1:create", {"targetable": 5})


def test_what_a_person_changed_stays_where_it_hangs() -> None:
    note = payload(links=(Link("targetable", PATIENT),), text="New")
    known_ = moved(made="r1:create")
    theirs = observed({"targetable": (5,)}, text="Theirs")
    decision = decide(note, replace(known_, observed=theirs))
    assert isinstance(decision, Skip)
    assert decision.edited == ("text", "targetable")


def test_an_account_that_we_linked_and_that_holds_no_longer_goes_a_persons_own_stays() -> None:
    now = observed({"sales_accounts": (1, 9)}, city="Cork")
    past = Past(written={"city": "Cork"}, linked={"sales_accounts": frozenset({1})}, made="r1:create")
    wanted = payload(links=(Link("sales_accounts", PRACTICE),), city="Cork")
    decision = decide(wanted, known(parents={PRACTICE: 2}, located=located(), observed=now, past=past))
    assert isinstance(decision, Operation)
    assert (decision.links, decision.unlinks) == ({"sales_accounts": 2}, {"sales_accounts": [1]})
    assert decision.before_links == {"sales_accounts": [1, 9]}


def test_a_policy_may_let_the_source_win_and_it_is_told() -> None:
    now = observed(city="Theirs")
    past = Past(written={"city": "Old"}, sent=frozenset({"city"}))
    decision = decide(
        payload(city="New"),
        known(located=located(), observed=now, past=past, overwrites=lambda n: n == "city"),
    )
    assert isinstance(decision, Operation)
    assert (decision.fields, decision.overruled, decision.edited) == ({"city": "New"}, ("city",), ())


def test_a_field_that_the_mapping_gave_up_gets_back_what_stood_there_unless_a_person_changed_it() -> None:
    past = Past(
        written={"city": "Ours", "state": "Ours", "zipcode": "Ours"},
        sent=frozenset({"city", "state", "zipcode"}),
        before={"zipcode": "Theirs before"},
    )
    now = observed(first_name="Ann", city="Ours", state="By hand", zipcode="Ours")
    decision = decide(payload(first_name="Ann"), known(located=located(), observed=now, past=past))
    assert isinstance(decision, Operation)
    assert decision.fields == {"city": None, "zipcode": "Theirs before"}
    assert decision.edited == ("state",)


def test_what_is_another_kind_of_record_now_is_deleted_where_it_is_unless_a_person_changed_it() -> None:
    event = replace(payload(title="Visit"), stream="appointments")
    task = Observed(stream="tasks", id=11, fields={"title": "Visit"}, links={"targetable": (6,)})
    past = Past(written={"title": "Visit"}, sent=frozenset({"title"}), made="r1:create")
    there = known(located=replace(located(), stream="tasks"), observed=task, past=past)
    decision = decide(event, there)
    assert isinstance(decision, Operation)
    assert (decision.verb, decision.stream, decision.undoes) == (Verb.DELETE, "tasks", "r1:create")
    assert decision.id != operation_id("r1", event, Verb.DELETE)
    edited = decide(event, replace(there, observed=replace(task, fields={"title": "By hand"})))
    assert isinstance(edited, Skip)
    assert edited.edited == ("title", "targetable")
    assert isinstance(decide(event, replace(there, past=replace(past, made=""))), Skip)


def test_what_a_person_filled_in_that_we_never_wrote_keeps_a_record_that_would_move() -> None:
    wanted = Payload(stream="appointments", key=Key("appointments", "1"), fields={"title": "A"})
    seen = Observed(stream="tasks", id=5, fields={"title": "A", "outcome": "By hand", "seen": 2}, links={})
    past = Past(
        written={"title": "A", "outcome": None, "seen": 1},
        sent=frozenset({"title"}),
        made="r1:appointments/1",
    )
    line = Located(key=wanted.key, part=1, stream="tasks", destination_id=5, fingerprint="other")
    kept = decide(
        wanted,
        known(located=line, observed=seen, past=past, writable={"tasks": frozenset({"title", "outcome"})}),
    )
    assert isinstance(kept, Skip)
    assert kept.edited == ("outcome", "targetable")
    moved = decide(wanted, known(located=line, observed=seen, past=past))
    assert isinstance(moved, Operation)
    assert moved.verb is Verb.DELETE
