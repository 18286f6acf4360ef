"""Tasks, appointments, notes, sales activities and calls."""

from datetime import timedelta

import pytest

from wherry_emulators.freshsales.switches import Plan


def on(contact):
    return {"targetable_type": "Contact", "targetable_id": contact["id"]}


def test_a_task_is_created_with_201_and_read_with_its_people(tenant):
    contact = tenant.contact()
    body = {"title": "Call", "due_date": "Tue Jun 21 2099 11:00:00 GMT+0000", **on(contact)}
    task = tenant.call("POST", "/tasks", {"task": body}, status=201)["task"]
    assert task["due_date"] == "2099-06-21T12:00:00+01:00"
    assert "targetable" not in task
    assert task["owner_id"] == tenant.state.user_id
    full = tenant.call("GET", f"/tasks/{task['id']}")
    assert full["task"]["targetable"] == {"type": "contact", "id": contact["id"]}
    assert full["task"]["targetables"] == [{"id": contact["id"], "type": "Contact"}]
    assert (full["contacts"][0]["id"], full["users"][0]["id"]) == (contact["id"], tenant.state.user_id)
    done = tenant.call("PUT", f"/tasks/{task['id']}", {"task": {"status": 1}})["task"]
    assert (done["status"], done["completed_date"]) == (1, None)
    assert tenant.call("DELETE", f"/tasks/{task['id']}") == {"success": "200"}
    tenant.refused("GET", f"/tasks/{task['id']}", status=404)


def test_tasks_are_listed_by_filter_with_only_a_total(tenant):
    contact = tenant.contact()
    now = tenant.state.now()
    dues = {"late": now - timedelta(days=2), "tomorrow": now + timedelta(days=1), "done": now}
    for title, due in dues.items():
        body = {"title": title, "due_date": due.isoformat(), "status": int(title == "done"), **on(contact)}
        tenant.call("POST", "/tasks", body, status=201)

    def listed(name):
        answer = tenant.call("GET", f"/tasks?filter={name}")
        assert answer["meta"] == {"total": len(answer["tasks"])}
        return [task["title"] for task in answer["tasks"]]

    assert listed("open") == ["tomorrow", "late"]
    assert listed("overdue") == ["late"]
    assert listed("due_tomorrow") == listed("due tomorrow") == ["tomorrow"]
    assert listed("completed") == ["done"]
    tenant.refused("GET", "/tasks")
    tenant.refused("GET", "/tasks?filter=never")
    tenant.switch(tasks_filter_required=False)
    assert tenant.call("GET", "/tasks?per_page=1&page=2")["tasks"][0]["title"] == "tomorrow"
    nested = tenant.call("GET", f"/contacts/{contact['id']}/tasks", root="/crm/sales")
    assert nested["meta"]["total"] == 3
    assert tenant.client.get(f"/crm/sales/api/contacts/{contact['id']}/tasks").status_code == 404


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"title": ""}, "Title can't be blank"),
        ({"title": "x" * 256}, "Title is too long (maximum is 255 characters)"),
        ({"due_date": None}, "Due date can't be blank"),
        ({"due_date": "some day"}, "Due date is invalid"),
        ({"owner_id": 1}, "Owner is invalid"),
        ({"targetable_id": 1}, "Targetable must exist"),
        ({"targetable_type": "contact"}, "Targetable type is invalid"),
        ({"status": "done"}, "Status is invalid"),
        ({"task_users_attributes": [{"user_id": 1}]}, "User must exist"),
    ],
)
def test_a_wrong_task_is_refused(tenant, values, message):
    body = {"title": "Call", "due_date": "2099-01-01", **on(tenant.contact()), **values}
    assert tenant.refused("POST", "/tasks", {"task": body}) == [message]


def test_an_appointment_may_lie_in_the_past_and_has_no_owner(tenant):
    contact = tenant.contact()
    people = [
        {"attendee_type": "FdMultitenant::User", "attendee_id": str(tenant.state.user_id)},
        {"attendee_type": "Contact", "attendee_id": contact["id"]},
    ]
    body = {
        "title": "Check-up",
        "from_date": "Mon Jun 20 2016 10:30:00 GMT+0530 (IST)",
        "end_date": "2016-06-20T08:00:00+02:00",
        "time_zone": "Chennai",
        "appointment_attendees_attributes": people,
        **on(contact),
    }
    answer = tenant.call("POST", "/appointments", {"appointment": body})
    assert answer["conferences"] == answer["notes"] == []
    assert len(answer["appointment_attendees"]) == 2
    shown = answer["appointment"]
    assert (shown["from_date"], shown["end_date"]) == (
        "2016-06-20T06:00:00+01:00",
        "2016-06-20T07:00:00+01:00",
    )
    assert "owner_id" not in shown
    assert shown["creater_id"] == tenant.state.user_id
    assert tenant.call("GET", "/appointments?filter=past")["meta"] == {"total": 1}
    assert tenant.call("GET", "/appointments?filter=upcoming")["appointments"] == []
    path = f"/appointments/{shown['id']}"
    assert tenant.refused("PUT", path, {"end_date": "2015-01-01"}) == ["End date must be after the from date"]
    assert tenant.refused("PUT", path, {"time_zone": "Europe/Paris"}) == ["Time zone is invalid"]
    assert tenant.call("PUT", path, {"location": "Room 2"})["appointment"]["location"] == "Room 2"
    assert tenant.call("DELETE", path) == {"success": "200"}


def test_an_appointment_going_on_is_past_and_upcoming(tenant):
    now = tenant.state.now()
    times = {
        "from_date": (now - timedelta(hours=1)).isoformat(),
        "end_date": (now + timedelta(hours=1)).isoformat(),
    }
    tenant.call("POST", "/appointments", {"title": "Now", **times, **on(tenant.contact())})
    for name in ("past", "upcoming"):
        assert tenant.call("GET", f"/appointments?filter={name}")["meta"]["total"] == 1


def test_a_note_is_read_through_its_record(tenant):
    contact = tenant.contact()
    note = tenant.call("POST", "/notes", {"note": {"description": "Seen", **on(contact)}})["note"]
    assert note["creater_id"] == tenant.state.user_id
    assert tenant.client.get(f"/crm/sales/api/notes/{note['id']}").status_code == 405
    changed = tenant.call("PUT", f"/notes/{note['id']}", {"description": "Seen again"})["note"]
    assert changed["targetables"] == [{"id": contact["id"], "type": "Contact"}]
    full = tenant.call("GET", f"/contacts/{contact['id']}?include=notes")
    assert full["contact"]["note_ids"] == [note["id"]]
    assert full["notes"][0]["description"] == full["contact"]["recent_note"] == "Seen again"
    nested = tenant.call("GET", f"/contacts/{contact['id']}/notes")
    assert [row["id"] for row in nested["notes"]] == [note["id"]]
    feed = tenant.call("GET", f"/contacts/{contact['id']}/activities")
    assert {row["actionable_type"] for row in feed["activities"]} == {"Contact", "Note"}
    assert feed["meta"] == {"has_next": False, "has_previous": False}
    assert tenant.call("DELETE", f"/notes/{note['id']}") == {"success": "200"}
    assert tenant.call("GET", f"/contacts/{contact['id']}/notes")["notes"] == []


def test_a_long_or_homeless_note_is_refused(tenant):
    tenant.switch(note_max_length=10)
    contact = tenant.contact()
    assert tenant.refused("POST", "/notes", {"description": "x" * 11, **on(contact)}) == [
        "Description is too long (maximum is 10 characters)"
    ]
    assert tenant.refused("POST", "/notes", {"description": "x"}) == ["Targetable can't be blank"]
    tenant.call("DELETE", f"/contacts/{contact['id']}")
    assert tenant.refused("POST", "/notes", {"description": "x", **on(contact)}) == ["Targetable must exist"]


def test_a_sales_activity_needs_a_type_of_the_account_and_the_right_plan(tenant, tenant_on):
    contact = tenant.contact()
    kind = tenant.state.selectors.add_activity_type("Old call")["id"]
    body = {
        "title": "Call",
        "start_date": "2017-12-04T17:00:00+05:30",
        "end_date": "2017-12-04T17:30:00+05:30",
        "sales_activity_type_id": kind,
        **on(contact),
    }
    tenant.refused("POST", "/sales_activities", body)
    shown = tenant.call("POST", "/sales_activities", {"sales_activity": body})["sales_activity"]
    assert shown["conversation_time"] == shown["end_date"] == "2017-12-04T12:00:00+00:00"
    assert (shown["targetable_type"], shown["targetable_id"]) == ("Contact", contact["id"])
    assert tenant.call("GET", "/sales_activities")["meta"] == {"total_pages": 1, "total": 1}
    built_in = tenant.state.selectors.rows("sales_activity_types")[0]["id"]
    wrong = {"sales_activity": {**body, "sales_activity_type_id": built_in}}
    assert tenant.refused("POST", "/sales_activities", wrong) == ["Sales activity type is invalid"]
    tenant_on(Plan.PRO).refused("POST", "/sales_activities", {"sales_activity": body}, status=403)


def test_a_phone_call_is_logged_in_the_form_the_switch_wants(tenant):
    contact = tenant.contact()
    call = {"call_direction": True, "targetable_type": "contact", "targetable": {"id": contact["id"]}}
    answer = tenant.call("POST", "/phone_calls", {**call, "note": {"description": "Rang"}})
    assert answer["phone_calls"][0]["call_notes"] == "Rang"
    tenant.switch(phone_calls_wrapper="required")
    tenant.refused("POST", "/phone_calls", call)
    tenant.call("POST", "/phone_calls", {"phone_call": call})
    tenant.switch(phone_calls_wrapper="forbidden")
    tenant.refused("POST", "/phone_calls", {"phone_call": call})
