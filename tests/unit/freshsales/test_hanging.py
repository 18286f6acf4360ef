"""What hangs on a contact is known also where its answer cannot be made to say it."""

from typing import Any

REFUSED = (400, {"errors": {"code": 400, "message": "Invalid include"}})


def narrow(api: Any) -> None:
    def contact(call: Any) -> Any:
        asked = set(call.params.get("include", "").split(","))
        if asked & {"tasks", "appointments", "notes", "lifecycle_stage"}:
            return REFUSED
        return {"contact": {"id": 5, "custom_field": {}, "sales_accounts": []}, "meta": None}

    def tasks(call: Any) -> Any:
        rows = (
            [{"id": 71, "targetables": [{"id": 5, "type": "Contact"}]}]
            if call.params["filter"] == "open"
            else []
        )
        return {"tasks": rows, "meta": {"total": len(rows)}}

    api.on("GET /contacts/5", contact)
    api.on("GET /tasks", tasks)
    api.on("GET /appointments", (403, {"errors": {"code": 403, "message": ["Nicht erlaubt"]}}))
    api.on("GET /contacts/5/notes", {"notes": [{"id": 91}], "meta": {"total": 1, "total_pages": 1}})
    api.on("DELETE /tasks/71", {"success": "200"})


def test_a_contact_that_may_not_include_its_children_still_names_them(api: Any) -> None:
    narrow(api)
    (got,) = api.destination.fetch("contacts", [5], dependents=True)
    assert (got.links["tasks"], got.links["appointments"], got.links["notes"]) == ((71,), (), (91,))


def test_includes_that_were_refused_are_not_asked_for_again(api: Any) -> None:
    narrow(api)
    destination = api.destination
    for _ in range(3):
        list(destination.fetch("contacts", [5], dependents=True))
        list(destination.fetch("notes", [91], {91: 5}))
    asked = [
        set(call.params.get("include", "").split(",")) for call in api.calls if call.path == "/contacts/5"
    ]
    assert (
        len([words for words in asked if words & {"tasks", "notes"}]) == 3
    )  # twice with all, once with notes
    assert asked[-1] == {"owner", "source", "territory", "campaign", "sales_accounts", "deals"}


def test_a_child_is_read_by_its_own_address_where_the_contact_does_not_show_it(api: Any) -> None:
    narrow(api)
    api.on(
        "GET /tasks/71", {"task": {"id": 71, "title": "Ring", "targetables": [{"id": 5, "type": "Contact"}]}}
    )
    (got,) = api.destination.fetch("tasks", [71], {71: 5})
    assert got.fields["title"] == "Ring"


def test_what_was_deleted_no_longer_hangs(api: Any) -> None:
    narrow(api)
    reader = api.destination._reader
    assert reader.hanging.of(5)["tasks"] == (71,)
    reader.hanging.gone("tasks", 71)
    assert reader.hanging.of(5)["tasks"] == ()
