"""Records as the API shows them, under the names that payloads use."""

from typing import Any

import pytest

from wherry.connectors.freshsales.entities import APPOINTMENTS, CONTACTS, NOTES, SALES_ACCOUNTS, TASKS
from wherry.connectors.freshsales.observed import observe, plain_text

PLAIN: dict[str, Any] = {"id": 1, "first_name": "Lee", "external_id": "007", "custom_field": {"cf_x": None}}


def test_custom_fields_are_flat_and_an_external_id_stays_text() -> None:
    seen = observe(CONTACTS, {**PLAIN, "id": "31", "custom_field": {"cf_x": 1}})
    assert (seen.id, seen.fields["custom_field.cf_x"], seen.fields["external_id"]) == (31, 1, "007")


def test_hidden_ids_are_not_readable_when_absent_and_readable_when_null() -> None:
    seen = observe(CONTACTS, {**PLAIN, "owner_id": None, "lead_source_id": "12"})
    assert seen.fields["owner_id"] is None
    assert seen.fields["lead_source_id"] == 12
    assert {"lifecycle_stage_id", "territory_id", "sales_accounts"} <= seen.not_readable
    assert not {"owner_id", "lead_source_id"} & seen.not_readable


def test_an_id_is_found_nested_in_the_record_or_beside_it() -> None:
    record = {**PLAIN, "lifecycle_stage": {"id": 5, "name": "Lead"}, "owner": None}
    seen = observe(
        CONTACTS,
        record,
        {"contact_statuses": [{"id": "8"}], "territories": [], "users": [{"id": 1}, {"id": 2}]},
        alone=True,
    )
    names = ("owner_id", "lifecycle_stage_id", "contact_status_id")
    assert {name: seen.fields[name] for name in names} == dict(zip(names, (None, 5, 8), strict=True))
    assert {"territory_id", "lead_source_id"} <= seen.not_readable


def test_what_stands_beside_many_rows_says_nothing_about_one() -> None:
    seen = observe(CONTACTS, PLAIN, {"users": [{"id": 5}]})
    assert "owner_id" in seen.not_readable


@pytest.mark.parametrize("where", ["inside", "beside"])
def test_accounts_come_primary_first(where: str) -> None:
    rows = [{"id": 4, "is_primary": False}, {"id": "3", "is_primary": True}]
    record = {**PLAIN, "sales_accounts": rows} if where == "inside" else PLAIN
    seen = observe(CONTACTS, record, {"sales_accounts": rows} if where == "beside" else {}, alone=True)
    assert seen.links["sales_accounts"] == (3, 4)


def test_the_primary_address_is_the_email_when_only_the_list_is_shown() -> None:
    emails = [{"value": "b@b.ie", "is_primary": False}, {"value": "a@b.ie", "is_primary": True}]
    assert observe(CONTACTS, {**PLAIN, "emails": emails}).fields["email"] == "a@b.ie"
    assert observe(CONTACTS, {**PLAIN, "emails": []}).fields["email"] is None


@pytest.mark.parametrize(
    "target",
    [
        {"targetable": {"type": "contact", "id": 5}},
        {"targetables": [{"id": "5", "type": "Contact"}, {"id": 6, "type": "Deal"}]},
        {"targetable_type": "Contact", "targetable_id": 5},
        {},
    ],
)
def test_a_child_hangs_on_its_contact(target: dict[str, Any]) -> None:
    parent = None if target else 5
    assert observe(NOTES, {"id": 1, "description": "x", **target}, parent=parent).links == {
        "targetable": (5,)
    }


def test_a_row_without_its_main_keys_is_thin() -> None:
    assert {"description", "due_date"} <= observe(TASKS, {"id": 1, "title": "x"}).not_readable
    assert "custom_field" in observe(SALES_ACCOUNTS, {"id": 1, "name": "x"}).not_readable


ATTENDEES = [
    {"id": 71, "attendee_type": "FdMultitenant::User", "attendee_id": "900"},
    {"id": 72, "attendee_type": "FdMultitenant::User", "attendee_id": "901"},
    {"id": 73, "attendee": {"type": "Contact", "id": 5}},
]


@pytest.mark.parametrize(
    ("record", "beside"),
    [
        ({"appointment_attendees": ATTENDEES}, {}),
        ({"appointment_attendee_ids": [71, 72, 73]}, {"appointment_attendees": [*ATTENDEES, {"id": 99}]}),
        ({}, {"appointment_attendees": [{**row, "appointment_id": 1} for row in ATTENDEES]}),
    ],
)
def test_attendees_are_told_apart_and_the_creator_is_not_the_clinician(
    record: dict[str, Any], beside: dict[str, Any]
) -> None:
    seen = observe(APPOINTMENTS, {"id": 1, "creater_id": 900, **record}, beside, alone=True)
    assert seen.links["attendee"] == (5,)
    assert seen.fields["attendee_user_id"] == 901


def test_attendees_that_are_not_shown_are_not_readable() -> None:
    seen = observe(APPOINTMENTS, {"id": 1, "appointment_attendee_ids": [7]})
    assert {"attendee", "attendee_user_id"} <= seen.not_readable
    none = observe(APPOINTMENTS, {"id": 1, "appointment_attendee_ids": []})
    assert none.fields["attendee_user_id"] is None
    assert none.links["attendee"] == ()


def test_what_hangs_on_a_record_is_linked_only_where_the_answer_shows_it() -> None:
    seen = observe(CONTACTS, {**PLAIN, "task_ids": ["8"]}, {"notes": [{"id": 3}], "deals": []}, alone=True)
    assert (seen.links["tasks"], seen.links["notes"], seen.links["deals"]) == ((8,), (3,), ())
    assert "appointments" not in seen.links


def test_markup_hides_no_marker() -> None:
    assert plain_text("<p>Text &amp; more</p><p>[aerona:notes:1]</p>\n").endswith("[aerona:notes:1]")
    assert plain_text(None) == ""


def test_a_repr_holds_no_value() -> None:
    assert "Lee" not in repr(observe(CONTACTS, PLAIN))
