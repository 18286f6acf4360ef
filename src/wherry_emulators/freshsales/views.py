"""Views ("filters"): the only lists of contacts, accounts and deals there are."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from wherry_emulators.freshsales.deals import is_open, stage_of
from wherry_emulators.freshsales.errors import ApiError
from wherry_emulators.freshsales.includes import list_body
from wherry_emulators.freshsales.paging import page_of
from wherry_emulators.freshsales.render import plain
from wherry_emulators.freshsales.saved_views import View
from wherry_emulators.freshsales.unique import value_of
from wherry_emulators.freshsales.wire import Handler, Record, RequestData, route

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

_RECENT = timedelta(days=7)
_LONG_AGO = timedelta(days=30)


def records_in(state: "State", key: str, view: View) -> list[Record]:
    """Records of an entity that a view shows, oldest id first."""
    table = state.tables[key]
    if view.name == "Recycle Bin":
        return list(table.binned())
    if view.name.startswith("All "):
        return list(table.live())
    if state.entities[key].is_custom and view.name.startswith("My "):
        return [record for record in table.live() if _is_mine(state, record)]
    test = _TESTS.get((key, view.name), _nothing)
    return [record for record in table.live() if test(state, record)]


def find_view(state: "State", key: str, view_id: int) -> View:
    """Find a view of an entity; ApiError 404 if there is none."""
    found = next((view for view in state.views.get(key, ()) if view.id == view_id), None)
    if found is None:
        raise ApiError(404, "View not found")
    return found


def sorted_records(state: "State", key: str, records: Iterable[Record], asked: RequestData) -> list[Record]:
    """Sort as ``sort`` and ``sort_type`` ask, else by id; records without the value come last."""
    name = asked.query.get("sort")
    rows = list(records)
    if not name:
        return rows
    keyed = [(_sort_value(state, key, record, name), record) for record in rows]
    having = [pair for pair in keyed if pair[0] is not None]
    having.sort(key=lambda pair: (pair[0], pair[1]["id"]), reverse=asked.query.get("sort_type") == "desc")
    return [record for _, record in having] + [record for value, record in keyed if value is None]


def avatars(state: "State", key: str, records: Iterable[Record]) -> Record:
    """The ``avatar_data`` of a list's meta."""
    return {state.entities[key].model: {str(record["id"]): None for record in records}}


def view_routes(state: "State", key: str, root: str) -> list[Route]:
    """Routes of an entity's views under ``root``, such as /contacts."""
    handlers: Mapping[str, Handler] = {
        "filters": lambda _asked: filters_body(state, key),
        "view/{id:int}": lambda asked: view_body(state, key, asked),
        "scroll/{id:int}": lambda asked: scroll_body(state, key, asked),
    }
    return [route(f"{root}/{path}", "GET", handler, state.lock) for path, handler in handlers.items()]


def filters_body(state: "State", key: str) -> Record:
    """List the views of an entity."""
    return {"filters": [_filter_row(state, key, view) for view in state.views[key]], "meta": {}}


def view_body(state: "State", key: str, asked: RequestData) -> Record:
    """Give one page of the records in a view; ApiError 404 if there is no such view."""
    view = find_view(state, key, asked.id)
    found = sorted_records(state, key, records_in(state, key, view), asked)
    page = page_of(state, asked)
    shown = page.of(found)
    body = list_body(state, key, shown, asked.includes)
    meta = {"total_pages": page.pages(len(found)), "total": len(found)}
    return {**body, "meta": {**meta, "avatar_data": avatars(state, key, shown)}}


def scroll_body(state: "State", key: str, asked: RequestData) -> Record:
    """Give the records of a view after ``last_fetched_id``; ApiError 404 if there is no such view."""
    view = find_view(state, key, asked.id)
    last = asked.query.get("last_fetched_id", "")
    after = int(last) if last.isdigit() else 0
    limit = asked.query.get("limit", "")
    size = min(int(limit) if limit.isdigit() and int(limit) else 25, state.switches.per_page_max)
    found = [record for record in records_in(state, key, view) if record["id"] > after]
    shown = found[:size]
    meta = {"has_next_page": len(found) > size, "last_fetched_id": shown[-1]["id"] if shown else None}
    return {**list_body(state, key, shown, asked.includes), "meta": meta}


def _filter_row(state: "State", key: str, view: View) -> Record:
    return {
        "id": view.id,
        "name": view.name,
        "model_class_name": state.entities[key].model,
        "user_id": 0,
        "is_default": view.is_default,
        "updated_at": state.begun,
        "user_name": None,
        "current_user_permissions": [],
    }


def _sort_value(state: "State", key: str, record: Record, name: str) -> tuple[int, Any] | None:
    """A value to sort by, numbers and instants before texts; None for what cannot be sorted."""
    value = value_of(record, name)
    if value is None and name in state.entities[key].shown:
        value = plain(state, key, record).get(name)
    if isinstance(value, str):
        return _as_sortable(value)
    return (0, float(value)) if isinstance(value, (int, float)) else None


def _as_sortable(text: str) -> tuple[int, Any]:
    try:
        return 0, float(text)
    except ValueError:
        pass
    try:
        return 0, datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 1, text.casefold()


Test = Callable[["State", Record], bool]


def _nothing(state: "State", record: Record) -> bool:
    del state, record
    return False


def _is_mine(state: "State", record: Record) -> bool:
    return bool(record.get("owner_id") == state.user_id)


def _within(state: "State", stamp: str | None, span: timedelta) -> bool:
    return stamp is not None and state.now() - datetime.fromisoformat(stamp) <= span


def _is_new(state: "State", record: Record) -> bool:
    return _within(state, record["created_at"], _RECENT)


def _is_touched(state: "State", record: Record) -> bool:
    return _within(state, record["updated_at"], _RECENT)


def _is_untouched(state: "State", record: Record) -> bool:
    del state
    return record.get("last_contacted") is None


def _is_active(state: "State", record: Record) -> bool:
    return _within(state, record.get("last_contacted"), _LONG_AGO)


def _is_inactive(state: "State", record: Record) -> bool:
    return not _is_active(state, record)


def _is_bounced(state: "State", record: Record) -> bool:
    del state
    return bool(record.get("subscription_status") == 4)


def _is_five_star(state: "State", record: Record) -> bool:
    return record.get("customer_fit") == 5 and _is_untouched(state, record)


def _is_won(state: "State", record: Record) -> bool:
    return bool(stage_of(state, record)["forecast_type"] == "Closed Won")


def _is_lost(state: "State", record: Record) -> bool:
    return bool(stage_of(state, record)["forecast_type"] == "Closed Lost")


def _closes_this_week(state: "State", record: Record) -> bool:
    today = state.now().date()
    monday = today - timedelta(days=today.weekday())
    week = {(monday + timedelta(days=day)).isoformat() for day in range(7)}
    return is_open(state, record) and record.get("expected_close") in week


def _sold_this_month(state: "State", record: Record) -> bool:
    closed = record.get("closed_date") or ""
    return _is_won(state, record) and closed[:7] == state.now().date().isoformat()[:7]


def _is_hot(state: "State", record: Record) -> bool:
    return is_open(state, record) and (record.get("probability") or 0) >= 75


def _is_cold(state: "State", record: Record) -> bool:
    return is_open(state, record) and (record.get("probability") or 0) < 25


# "My Territory …", "Recently Imported" and the like stay empty: the account has neither territories nor imports.
_TESTS: Mapping[tuple[str, str], Test] = {
    ("contact", "My Contacts"): _is_mine,
    ("contact", "New Contacts"): _is_new,
    ("contact", "Recently Modified"): _is_touched,
    ("contact", "Never Contacted"): _is_untouched,
    ("contact", "Active"): _is_active,
    ("contact", "Inactive"): _is_inactive,
    ("contact", "Bounced contacts"): _is_bounced,
    ("contact", "Untouched 5-star contacts"): _is_five_star,
    ("sales_account", "My Accounts"): _is_mine,
    ("deal", "Open Deals"): is_open,
    ("deal", "My Deals"): _is_mine,
    ("deal", "Recent Deals"): _is_new,
    ("deal", "Lost Deals"): _is_lost,
    ("deal", "Won Deals"): _is_won,
    ("deal", "Hot Deals"): _is_hot,
    ("deal", "Cold Deals"): _is_cold,
    ("deal", "Closing this week"): _closes_this_week,
    ("deal", "This month's sales"): _sold_this_month,
}

BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("There is no list of contacts, accounts or deals but by view id", "[D]", "W6, PY2"),
    ("Default views, their order and is_default; no All Deals", "[L]", "RV *_views"),
    ("A view's meta is total_pages, total and avatar_data", "[L]", "RV deals, accounts"),
    ("Recently means seven days; hot is 75 % and more, cold below 25 %", "[I]", "section 1.7"),
    ("Views of territories and imports are empty", "[I]", "section 1.7"),
    ("scroll/{view_id} continues after last_fetched_id", "[C]", "APX"),
    ("sort without sort_type is ascending; records without the value come last", "[I]", "section 1.6"),
)
