"""Looking up: by id, by match key although search lags, by marker."""

from collections.abc import Callable
from typing import Any

import pytest

from wherry.model.operation import Operation

Make = Callable[..., Operation]
REVEALED = (
    "owner_id",
    "lifecycle_stage_id",
    "contact_status_id",
    "lost_reason_id",
    "lead_source_id",
    "territory_id",
    "campaign_id",
)


def contact(number: int, external: str, **more: Any) -> dict[str, Any]:
    whole = {"custom_field": {}, "sales_accounts": [], **dict.fromkeys(REVEALED)}
    return {"id": number, "external_id": external, "updated_at": "2026-03-01T10:00:00Z", **whole, **more}


class People:
    """Contacts of which search knows only some."""

    def __init__(self, api: Any, rows: list[dict[str, Any]], *, indexed: bool) -> None:
        found = rows if indexed else []
        api.on(
            "GET /contacts/filters",
            {"filters": [{"id": 4, "name": "All Contacts", "model_class_name": "Contact"}]},
        )
        api.on(
            "GET /contacts/view/4", lambda call: {"contacts": rows if call.params.get("page") == "1" else []}
        )
        api.on("GET /lookup", lambda call: {"contacts": {"contacts": [
            {"id": str(row["id"])} for row in found if row["external_id"] == call.params["q"]
        ], "meta": {"total": 0}}})  # fmt: skip
        api.on("POST /filtered_search/contact", lambda call: {"contacts": [
            {"id": row["id"], "partial": True} for row in found
            if row["external_id"] == call.body["filter_rule"][0]["value"]
        ]})  # fmt: skip
        for row in rows:
            api.on(f"GET /contacts/{row['id']}", {"contact": row})


def wanted(operation: Make, *ids: str) -> list[Operation]:
    return [operation(id=f"r1:{one}", match=("external_id", one)) for one in ids]


def test_lookup_finds_and_the_record_is_read_in_full(api: Any, operation: Make) -> None:
    People(api, [contact(31, "P-1"), contact(32, "P-2")], indexed=True)
    found = api.destination.find(wanted(operation, "P-1"))
    assert {name: seen.id for name, seen in found.items()} == {"r1:P-1": 31}
    assert api.paths() == ["GET /lookup", "GET /contacts/31"]


@pytest.mark.parametrize("count", [1, 3, 4, 9])
def test_what_search_does_not_know_yet_is_found_in_the_view(api: Any, operation: Make, count: int) -> None:
    People(api, [contact(30 + n, f"P-{n}") for n in range(20)], indexed=False)
    names = [f"P-{n}" for n in range(count)]
    found = api.destination.find(wanted(operation, *names, "P-99"))
    assert {name: seen.id for name, seen in found.items()} == {f"r1:P-{n}": 30 + n for n in range(count)}


def test_a_batch_is_found_in_few_calls(api: Any, operation: Make) -> None:
    People(api, [contact(100 + n, f"P-{n}") for n in range(100)], indexed=False)
    found = api.destination.find(wanted(operation, *[f"P-{n}" for n in range(100)]))
    assert len(found) == 100
    assert len(api.calls) <= 5


def test_a_hit_that_carries_another_key_does_not_count(api: Any, operation: Make) -> None:
    People(api, [contact(31, "P-11")], indexed=True)
    api.on("GET /lookup", {"contacts": {"contacts": [{"id": 31}]}})
    assert api.destination.find(wanted(operation, "P-1")) == {}


def test_of_twins_the_lower_id_is_returned(api: Any, operation: Make) -> None:
    People(api, [contact(39, "P-1"), contact(31, "P-1")], indexed=True)
    (seen,) = api.destination.find(wanted(operation, "P-1")).values()
    assert seen.id == 31


def test_search_that_is_refused_is_no_failure(api: Any, operation: Make) -> None:
    People(api, [contact(31, "P-1")], indexed=True)
    api.on("GET /lookup", (400, {"errors": {"code": 400, "message": "f is invalid"}}))
    api.on("POST /filtered_search/contact", (400, {"errors": {"code": 400, "message": "attribute"}}))
    (seen,) = api.destination.find(wanted(operation, "P-1")).values()
    assert seen.id == 31


def test_accounts_are_found_by_name(api: Any, operation: Make) -> None:
    row = {"id": 8, "name": "North", "custom_field": {}, "address": None}
    api.on("GET /lookup", {"sales_accounts": {"sales_accounts": [{"id": 8, "name": "North"}]}})
    api.on("POST /filtered_search/sales_account", {"sales_accounts": []})
    api.on("GET /sales_accounts/8", {"sales_account": row})
    made = operation("create", "sales_accounts", id="r1:a", match=("name", "north"))
    assert api.destination.find([made])["r1:a"].id == 8
    assert api.calls[0].params == {"q": "north", "f": "name", "entities": "sales_account"}


def test_a_custom_field_is_asked_for_by_its_bare_name(api: Any, operation: Make) -> None:
    row = contact(31, "", custom_field={"cf_source_id": "P-1"})
    People(api, [row], indexed=True)
    api.on("GET /lookup", {"contacts": {"contacts": [{"id": 31}]}})
    made = operation(id="r1:c", match=("custom_field.cf_source_id", "P-1"))
    assert api.destination.find([made])["r1:c"].id == 31
    assert api.calls[0].params["f"] == "cf_source_id"


NOTES = [
    {"id": 1, "description": "<p>Text</p><p>[aerona:notes:5]</p>"},
    {"id": 2, "description": "Text [aerona:notes:5 2/3]"},
    {"id": 3, "description": "[aerona:notes:55]"},
    {"id": 4, "description": "quoted [aerona:notes:7] in the middle"},
    {"id": 5, "description": None},
    {"id": 6, "description": "six are no limit's worth, so these are all there are"},
]


def test_children_are_found_by_the_marker_at_the_very_end(api: Any, operation: Make) -> None:
    api.on("GET /contacts/9", {"contact": {"id": 9}, "notes": NOTES})
    looked = {"[aerona:notes:5]": 1, "[aerona:notes:5 2/3]": 2, "[aerona:notes:7]": None, "": None}
    made = [operation("create", "notes", id=m or "none", marker=m, links={"targetable": 9}) for m in looked]
    found = api.destination.find(made)
    assert {name: seen.id for name, seen in found.items()} == {m: n for m, n in looked.items() if n}
    assert len(api.calls) == 1


def test_a_marker_is_found_behind_a_thin_row(api: Any, operation: Make) -> None:
    api.on("GET /contacts/9", {"contact": {"id": 9}, "tasks": [{"id": 1, "title": "T"}]})
    api.on("GET /tasks/1", {"task": {"id": 1, "title": "T", "description": "x [aerona:appointments:3]"}})
    made = operation("create", "tasks", id="t", marker="[aerona:appointments:3]", links={"targetable": 9})
    assert api.destination.find([made])["t"].id == 1


@pytest.mark.parametrize(
    "body",
    [
        {"contact": {"id": 9}},
        {"contact": {"id": 9}, "tasks": [{"id": n, "description": ""} for n in range(100, 125)]},
        {"contact": {"id": 9}, "tasks": [{"id": n, "description": ""} for n in range(100, 105)]},
    ],
)
def test_a_list_that_may_be_cut_is_not_taken_for_all_there_is(api: Any, operation: Make, body: Any) -> None:
    api.on("GET /contacts/9", body)
    rows = [{"id": 7, "description": "x [aerona:appointments:3]"}]
    api.on("GET /tasks", lambda call: {"tasks": rows if call.params["page"] == "1" else []})
    api.on("GET /tasks/7", {"task": rows[0]})
    made = operation("create", "tasks", id="t", marker="[aerona:appointments:3]", links={"targetable": 9})
    assert api.destination.find([made])["t"].id == 7


def test_a_contact_that_is_gone_has_no_children(api: Any, operation: Make) -> None:
    made = operation("create", "notes", id="n", marker="[aerona:notes:1]", links={"targetable": 9})
    assert api.destination.find([made]) == {}


def test_operations_that_name_their_record_are_looked_up_by_it(api: Any, operation: Make) -> None:
    api.on("GET /contacts/9", {"contact": {"id": 9}, "notes": NOTES})
    made = [
        operation("delete", "notes", id="a", destination_id=2, links={"targetable": 9}),
        operation("update", "notes", id="b", destination_id=77, before_links={"targetable": [9]}),
    ]
    assert {name: seen.id for name, seen in api.destination.find(made).items()} == {"a": 2}
