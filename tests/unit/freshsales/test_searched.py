"""Custom modules whose views no call lists: found by search, read by their own address."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wherry.model.errors import ProtocolBroken

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
VISITS = "cm_visit"


def row(number: int, *, moment: datetime | None = None) -> dict[str, Any]:
    changed = moment or NOON + timedelta(seconds=number)
    return {"id": number, "name": f"v{number}", "custom_field": {}, "updated_at": changed.isoformat()}


class Search:
    """A filtered search that knows the two rules; with `pages` false every page is the first one."""

    def __init__(self, rows: list[dict[str, Any]], *, pages: bool = True) -> None:
        self.rows, self.pages, self.calls = rows, pages, 0

    def __call__(self, call: Any) -> Any:
        self.calls += 1
        rows = sorted(self.rows, key=lambda one: str(one["updated_at"]), reverse=True)
        for rule in call.body["filter_rule"]:
            assert rule["attribute"] == "updated_at"
            rows = [one for one in rows if self._holds(rule, str(one["updated_at"]))]
        start = (int(call.params["page"]) - 1) * 100 if self.pages else 0
        return {VISITS: rows[start : start + 100], "meta": {}}

    @staticmethod
    def _holds(rule: dict[str, str], moment: str) -> bool:
        return moment > rule["value"] if rule["operator"] == "is_after" else moment < rule["value"]


@pytest.fixture
def module(api: Any) -> Any:
    api.on(f"GET /custom_module/{VISITS}/filters", (404, {"errors": {"message": ["no route"]}}))
    return api


@pytest.mark.parametrize("pages", [True, False])
@pytest.mark.parametrize("count", [0, 3, 100, 250])
def test_all_are_found_whether_or_not_the_search_has_pages(module: Any, count: int, pages: bool) -> None:
    module.on(f"POST /filtered_search/{VISITS}", Search([row(n) for n in range(1, count + 1)], pages=pages))
    assert [one.id for one in module.destination.scan(VISITS)] == list(range(count, 0, -1))


def test_only_what_changed_since_is_asked_for(module: Any) -> None:
    search = Search([row(n) for n in range(1, 251)])
    module.on(f"POST /filtered_search/{VISITS}", search)
    found = [one.id for one in module.destination.scan(VISITS, NOON + timedelta(seconds=200))]
    assert found == list(range(250, 199, -1))
    assert search.calls == 1


def test_a_list_without_pages_that_changed_in_one_second_is_said_not_to_end(module: Any) -> None:
    search = Search([row(n, moment=NOON) for n in range(1, 151)], pages=False)
    module.on(f"POST /filtered_search/{VISITS}", search)
    with pytest.raises(ProtocolBroken):
        list(module.destination.scan(VISITS))
    assert search.calls < 10


def test_what_lies_in_the_bin_is_left_out(module: Any) -> None:
    module.on(f"POST /filtered_search/{VISITS}", Search([row(1), {**row(2), "is_deleted": True}]))
    assert [one.id for one in module.destination.scan(VISITS)] == [1]


def test_without_views_and_search_the_error_names_both(module: Any) -> None:
    module.on(f"POST /filtered_search/{VISITS}", (403, {"errors": {"message": ["not authorised"]}}))
    with pytest.raises(ProtocolBroken, match="no views either"):
        list(module.destination.scan(VISITS))


def test_many_records_of_such_a_module_are_read_by_their_own_address(module: Any) -> None:
    for number in range(1, 9):
        module.on(f"GET /custom_module/{VISITS}/{number}", {VISITS: row(number)})
    assert [one.id for one in module.destination.fetch(VISITS, range(1, 9))] == list(range(1, 9))
