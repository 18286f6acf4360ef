"""Lists that move under the reader lose nothing and end."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

START = datetime(2026, 3, 1, tzinfo=UTC)


class View:
    """A view sorted by last change that can be disturbed before any page is served."""

    def __init__(
        self, api: Any, count: int, *, meta: tuple[str, ...] = ("total", "total_pages"), size: int = 100
    ) -> None:
        self.meta, self.size = meta, size
        self.changed = {number: START + timedelta(minutes=number) for number in range(1, count + 1)}
        self.disturb: dict[int, Any] = {}  # how many pages were served → what happens then
        self.served: list[int] = []
        api.on(
            "GET /contacts/filters",
            {"filters": [{"id": 4, "name": "All Contacts", "model_class_name": "Contact"}]},
        )
        api.on("GET /contacts/view/4", self.serve)

    def serve(self, call: Any) -> Any:
        if call.params.get("per_page") == "1":
            return {"contacts": []}
        self.disturb.pop(len(self.served), lambda: None)()
        number = int(call.params["page"])
        self.served.append(number)
        rows = sorted(self.changed.items(), key=lambda item: item[1], reverse=True)
        page = rows[(number - 1) * self.size : number * self.size]
        meta = {"total": len(rows), "total_pages": -(-len(rows) // self.size)}
        return {
            "contacts": [{"id": one, "updated_at": moment.isoformat()} for one, moment in page],
            "meta": {name: meta[name] for name in self.meta} or None,
        }

    def touch(self, *ids: int) -> None:
        latest = max(self.changed.values())
        for place, number in enumerate(ids, 1):
            self.changed[number] = latest + timedelta(seconds=place)


def scan(api: Any, since: datetime | None = None) -> list[int]:
    return [one.id for one in api.destination.scan("contacts", since)]


@pytest.mark.parametrize("meta", [("total", "total_pages"), ("total",), ()])
@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
def test_every_record_comes_once_whatever_meta_says(api: Any, count: int, meta: tuple[str, ...]) -> None:
    View(api, count, meta=meta)
    assert sorted(scan(api)) == list(range(1, count + 1))


@pytest.mark.parametrize("size", [25, 50])
def test_a_server_with_smaller_pages_is_read_to_the_end(api: Any, size: int) -> None:
    View(api, 130, meta=("total",), size=size)
    assert sorted(scan(api)) == list(range(1, 131))


@pytest.mark.parametrize("when", [1, 2, 3])
def test_records_that_jump_to_the_front_meanwhile_are_not_lost(api: Any, when: int) -> None:
    view = View(api, 350)
    view.disturb[when] = lambda: view.touch(1, 2, 180, 349)
    found = scan(api)
    assert sorted(found) == list(range(1, 351))
    assert len(found) == len(set(found))


@pytest.mark.parametrize("when", [1, 2, 3])
def test_records_that_move_up_over_a_deletion_are_not_lost(api: Any, when: int) -> None:
    view = View(api, 350)
    view.disturb[when] = lambda: [view.changed.pop(number) for number in (350, 349, 340)]
    assert set(scan(api)) >= set(view.changed)


def test_a_scan_since_a_moment_stops_there(api: Any) -> None:
    view = View(api, 500)
    assert scan(api, START + timedelta(minutes=450)) == list(range(500, 449, -1))
    assert view.served == [1]


def test_an_unsorted_view_is_read_whole_but_filtered(api: Any) -> None:
    view = View(api, 150)
    answer = view.serve

    def unsorted(call: Any) -> Any:
        body = answer(call)
        body["contacts"].sort(key=lambda row: row["id"] * 7919 % 101)
        return body

    api.on("GET /contacts/view/4", unsorted)
    assert sorted(scan(api, START + timedelta(minutes=20))) == list(range(20, 151))


def test_a_server_that_ignores_the_page_does_not_loop(api: Any) -> None:
    api.on(
        "GET /contacts/filters",
        {"filters": [{"id": 4, "name": "all contacts", "model_class_name": "Contact"}]},
    )
    api.on(
        "GET /contacts/view/4", {"contacts": [{"id": 1, "updated_at": "2026-03-01T00:00:00Z"}], "meta": None}
    )
    assert scan(api) == [1]
    assert len(api.calls) < 12


def test_deleted_rows_are_left_out_and_the_union_of_views_has_each_record_once(api: Any) -> None:
    rows = [
        {"id": 7, "name": "Meine Kontakte", "model_class_name": "Contact"},
        {"id": 8, "name": "Neue", "model_class_name": "Contact"},
        {"id": 9, "name": "Recycle Bin", "model_class_name": "Contact"},
        {"id": 10, "name": "x", "model_class_name": "Deal"},
    ]
    api.on("GET /contacts/filters", {"filters": rows, "meta": {}})
    page = {"meta": {"total_pages": 1, "total": 2}}
    api.on("GET /contacts/view/7", {"contacts": [{"id": 1}, {"id": 2, "is_deleted": True}], **page})
    api.on("GET /contacts/view/8", {"contacts": [{"id": "1"}, {"id": 3}], **page})
    assert scan(api) == [1, 3]
    assert not {"GET /contacts/view/9", "GET /contacts/view/10"} & set(api.paths())
