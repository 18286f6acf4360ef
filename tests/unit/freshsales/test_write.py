"""Single writes and their odd answers."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from wherry.model.errors import DestinationRefused, OutcomeUnknown, RecordGone, UsageInvalid
from wherry.model.operation import Operation

Make = Callable[..., Operation]


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize(
    "wrap", [lambda row: {"contact": row, "meta": None}, lambda row: {"contact": row}, lambda row: row]
)
def test_a_create_returns_id_and_what_the_answer_shows(
    api: Any, operation: Make, status: int, wrap: Callable[[Any], Any]
) -> None:
    row = {"id": "31", "first_name": "Lee", "city": None, "custom_field": {"cf_x": 1}, "unknown": {"key": 1}}
    api.on("POST /contacts", (status, wrap(row)))
    fields = {"first_name": "Lee", "owner_id": 4, "custom_field.cf_x": 1}
    written = api.destination.write(operation(fields=fields))
    assert written.destination_id == 31
    assert written.after == {"first_name": "Lee", "city": None, "custom_field.cf_x": 1, "unknown": {"key": 1}}


@pytest.mark.parametrize(
    "answer",
    [
        {"contact": {"first_name": "Lee"}},
        [],
        httpx2.Response(200, content=b'{"contact": {"id": 3'),
        httpx2.Response(200, html="<html>login</html>"),
        httpx2.Response(204),
        httpx2.ReadTimeout("late"),
        (500, {"errors": {"code": 500, "message": "oops"}}),
        httpx2.Response(502, html="<html>bad gateway</html>"),
    ],
)
def test_a_create_without_a_readable_answer_is_open_and_not_sent_again(
    api: Any, operation: Make, answer: Any
) -> None:
    api.on("POST /contacts", answer)
    with pytest.raises(OutcomeUnknown):
        api.destination.write(operation(fields={"first_name": "Lee"}))
    assert len(api.calls) == 1


def test_an_update_sends_the_difference_and_is_repeated_when_its_answer_is_lost(
    api: Any, operation: Make
) -> None:
    answers = iter([httpx2.ReadTimeout("late"), {"contact": {"id": 9, "city": "Cork"}}])
    api.on("PUT /contacts/9", lambda _: next(answers))
    made = operation(
        "update", fields={"city": "Cork", "state": "X"}, before={"city": "", "state": "X"}, destination_id=9
    )
    written = api.destination.write(made)
    assert (written.destination_id, written.after) == (9, {"city": "Cork"})
    assert [call.body for call in api.calls] == [{"contact": {"city": "Cork"}}] * 2


def test_an_update_that_changes_nothing_sends_nothing(api: Any, operation: Make) -> None:
    made = operation("update", fields={"city": "X"}, before={"city": "X"}, destination_id=9)
    assert api.destination.write(made).after == {"city": "X"}
    assert api.calls == []


def test_an_update_of_a_record_that_is_gone_says_so(api: Any, operation: Make) -> None:
    api.on("PUT /contacts/9", (404, {"errors": {"code": 404, "message": ["gone"]}}))
    with pytest.raises(RecordGone):
        api.destination.write(operation("update", fields={"city": "X"}, before={}, destination_id=9))


@pytest.mark.parametrize(
    ("stream", "answer"),
    [
        ("contacts", True),
        ("tasks", {"success": "200"}),
        ("notes", httpx2.Response(200)),
        ("appointments", (404, {"errors": {"message": "gone"}})),
        ("contacts", httpx2.Response(404, html="<html>")),
        ("deals", {"message": "deleted"}),
    ],
)
def test_every_odd_answer_to_a_delete_confirms_it(
    api: Any, operation: Make, stream: str, answer: Any
) -> None:
    api.on(f"DELETE /{stream}/9", answer)
    written = api.destination.write(operation("delete", stream, destination_id=9))
    assert (written.destination_id, written.after) == (9, {})


def test_a_delete_that_answers_false_is_open(api: Any, operation: Make) -> None:
    api.on("DELETE /contacts/9", lambda _: httpx2.Response(200, content=b"false"))
    with pytest.raises(OutcomeUnknown):
        api.destination.write(operation("delete", destination_id=9))


def test_forget_deletes_for_good_where_that_exists(api: Any, operation: Make) -> None:
    api.overrides["delete"] = "forget"
    api.on("DELETE /contacts/9/forget", True)
    api.on("DELETE /tasks/9", {"success": "200"})
    destination = api.destination
    destination.write(operation("delete", destination_id=9))
    destination.write(operation("delete", "tasks", destination_id=9))
    assert api.paths() == ["DELETE /contacts/9/forget", "DELETE /tasks/9"]


@pytest.mark.parametrize(("delete", "bulk"), [("forget", False), ("recycle_bin", True)])
def test_what_is_deleted_for_good_does_not_go_in_bulk(
    api: Any, operation: Make, delete: str, bulk: bool
) -> None:
    api.overrides["delete"] = delete
    assert api.destination.bulk(operation("delete", "contacts", destination_id=9)) is bulk


def test_a_refusal_names_code_and_field(api: Any, operation: Make) -> None:
    api.on("POST /tasks", (400, {"errors": {"code": 400, "message": "Due date can't be blank"}}))
    with pytest.raises(DestinationRefused) as caught:
        api.destination.write(operation("create", "tasks", fields={"title": "x"}))
    assert (caught.value.reason, caught.value.field) == ("required_missing", "due_date")


def test_a_change_of_clinician_takes_the_former_one_off(api: Any, operation: Make) -> None:
    rows = [
        {"id": 71, "attendee_type": "FdMultitenant::User", "attendee_id": 900},
        {"id": 73, "attendee_type": "Contact", "attendee_id": 5},
    ]
    api.on(
        "GET /appointments/9",
        {"appointment": {"id": 9, "appointment_attendee_ids": [71, 73]}, "appointment_attendees": rows},
    )
    api.on("PUT /appointments/9", {"appointment": {"id": 9}})
    made = operation(
        "update", "appointments", fields={"attendee_user_id": 901}, before={"attendee_user_id": 900},
        links={"attendee": 5}, before_links={"attendee": [5]}, destination_id=9,
    )  # fmt: skip
    api.destination.write(made)
    assert api.calls[-1].body == {"appointment": {"appointment_attendees_attributes": [
        {"attendee_type": "FdMultitenant::User", "attendee_id": "901"},
        {"id": 71, "_destroy": True},
    ]}}  # fmt: skip


def test_an_undo_takes_off_the_contact_that_was_added(api: Any, operation: Make) -> None:
    rows = [
        {"id": 73, "attendee_type": "Contact", "attendee_id": 5},
        {"id": 74, "attendee_type": "Contact", "attendee_id": 6},
    ]
    api.on("GET /appointments/9", {"appointment": {"id": 9, "appointment_attendees": rows}})
    api.on("PUT /appointments/9", {"appointment": {"id": 9}})
    api.destination.write(
        operation("update", "appointments", before_links={"attendee": [6]}, destination_id=9, undoes="r1:x")
    )
    sent = api.calls[-1].body["appointment"]["appointment_attendees_attributes"]
    assert sent == [{"id": 73, "_destroy": True}]


def test_an_update_without_an_address_is_a_mistake(api: Any, operation: Make) -> None:
    with pytest.raises(UsageInvalid):
        api.destination.write(operation("update", fields={"city": "X"}))
