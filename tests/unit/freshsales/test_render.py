"""The bodies that are sent: documented forms only."""

from collections.abc import Callable
from typing import Any

import pytest

from wherry.connectors.freshsales.render import bulk_row, create_body, update_body
from wherry.model.operation import Operation

Make = Callable[..., Operation]


def test_a_contact_is_wrapped_with_custom_fields_nested_and_no_nulls(operation: Make) -> None:
    fields = {
        "first_name": "Lee",
        "city": None,
        "custom_field.cf_x": 1,
        "custom_field.cf_y": None,
        "tags": ["a"],
    }
    body = create_body(operation(fields=fields, links={"sales_accounts": 31}))
    assert body == {
        "contact": {
            "first_name": "Lee",
            "custom_field": {"cf_x": 1},
            "tags": ["a"],
            "sales_accounts": [{"id": 31, "is_primary": True}],
        }
    }


@pytest.mark.parametrize(
    ("stream", "root"), [("tasks", "task"), ("notes", "note"), ("appointments", "appointment")]
)
def test_children_name_their_contact(stream: str, root: str, operation: Make) -> None:
    body = create_body(operation("create", stream, fields={"description": "x"}, links={"targetable": 5}))
    assert body == {root: {"description": "x", "targetable_type": "Contact", "targetable_id": 5}}


def test_an_appointment_invites_contact_and_user_in_a_rails_zone(operation: Make) -> None:
    made = operation(
        "create",
        "appointments",
        fields={"title": "Check-up", "time_zone": "Europe/London", "attendee_user_id": 7},
        links={"targetable": 5, "attendee": 5},
    )
    assert create_body(made)["appointment"] == {
        "title": "Check-up",
        "time_zone": "London",
        "targetable_type": "Contact",
        "targetable_id": 5,
        "appointment_attendees_attributes": [
            {"attendee_type": "FdMultitenant::User", "attendee_id": "7"},
            {"attendee_type": "Contact", "attendee_id": "5"},
        ],
    }


def test_an_update_sends_only_what_differs_and_null_clears(operation: Make) -> None:
    made = operation(
        "update",
        fields={"city": None, "state": "X", "custom_field.cf_x": 2, "zipcode": "1"},
        before={"city": "Cork", "state": "X", "custom_field.cf_x": 1},
        destination_id=9,
    )
    assert update_body(made) == {"contact": {"city": None, "zipcode": "1", "custom_field": {"cf_x": 2}}}


def test_an_update_without_a_difference_sends_nothing(operation: Make) -> None:
    made = operation(
        "update",
        fields={"state": "X", "tags": ["b"]},
        before={"state": "X", "tags": ["a", "b"]},
        links={"sales_accounts": 3},
        before_links={"sales_accounts": [3, 4]},
        destination_id=9,
    )
    assert update_body(made) == {}


def test_tags_and_accounts_are_sent_as_the_union_with_what_is_there(operation: Make) -> None:
    made = operation(
        "update",
        fields={"tags": ["new", "a"]},
        before={"tags": ["a", "b"]},
        links={"sales_accounts": 3},
        before_links={"sales_accounts": [4, 5]},
        destination_id=9,
    )
    assert update_body(made)["contact"] == {
        "tags": ["a", "b", "new"],
        "sales_accounts": [
            {"id": 3, "is_primary": True},
            {"id": 4, "is_primary": False},
            {"id": 5, "is_primary": False},
        ],
    }


def test_an_undo_restores_exactly_what_was_there(operation: Make) -> None:
    made = operation(
        "update",
        fields={"tags": ["a"]},
        before={"tags": ["a", "new"]},
        before_links={"sales_accounts": [4]},
        destination_id=9,
        undoes="r1:x",
    )
    assert update_body(made)["contact"] == {
        "tags": ["a"],
        "sales_accounts": [{"id": 4, "is_primary": True}],
    }


def test_a_note_repeats_its_contact_on_update(operation: Make) -> None:
    made = operation(
        "update", "notes", fields={"description": "new"}, before={"description": "old"},
        before_links={"targetable": [5]}, destination_id=9,
    )  # fmt: skip
    assert update_body(made) == {
        "note": {"description": "new", "targetable_type": "Contact", "targetable_id": 5}
    }


@pytest.mark.parametrize(
    ("stream", "given", "row"),
    [
        ("contacts", {"fields": {"email": "a@b.ie", "first_name": "Lee"}},
         {"emails": "a@b.ie", "data": {"first_name": "Lee"}}),
        ("sales_accounts", {"fields": {"name": "North", "city": "Cork"}},
         {"name": "North", "data": {"city": "Cork"}}),
    ],
)  # fmt: skip
def test_bulk_rows_of_creates_are_keyed_as_documented(
    stream: str, given: dict[str, Any], row: dict[str, Any], operation: Make
) -> None:
    assert bulk_row(operation("create", stream, **given)) == row


def test_bulk_rows_of_updates_are_keyed_by_id(operation: Make) -> None:
    made = operation(
        "update", fields={"city": "Cork", "email": "n@b.ie"}, before={"city": "Bray"}, destination_id=9
    )
    assert bulk_row(made) == {"id": "9", "data": {"city": "Cork", "email": "n@b.ie"}}
