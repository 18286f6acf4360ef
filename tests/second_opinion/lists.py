"""Lists: views, filters of tasks and appointments, notes of a contact, and the searches that lag."""

import time
from datetime import UTC, datetime
from typing import Any

from second_opinion.checking import Refusal
from second_opinion.records import Absent, Answer
from second_opinion.render import Page, thin_row
from second_opinion.world import MODELS, Row, World, moment

_VIEWS = {
    "contacts": ("My Contacts", "My Territory Contacts", "New Contacts", "All Contacts", "Recently Modified",
                 "Recently Imported", "Never Contacted", "Needs Follow-up", "Active", "Inactive", "Recycle Bin",
                 "Bounced contacts", "Untouched 5-star contacts", "Slipping away"),
    "sales_accounts": ("My Accounts", "All Accounts", "My Territory Accounts", "Recently Imported", "Recycle Bin"),
    "deals": ("Open Deals", "My Deals", "Recently Imported", "Lost Deals", "Won Deals", "Recycle Bin"),
}  # fmt: skip
_SORTS = {"lead_score", "created_at", "updated_at", "open_deals_amount", "last_contacted"}
_FIRST_VIEW = 402_000_900_000
_FILTERS = {
    "tasks": ("open", "due_today", "due_tomorrow", "overdue", "completed"),
    "appointments": ("past", "upcoming"),
}


def filters(world: World, stream: str) -> Answer:
    rows = [
        {
            "id": _view_id(stream, place),
            "name": name,
            "model_class_name": MODELS[stream],
            "user_id": 0,
            "is_default": True,
            "updated_at": world.now(),
            "user_name": None,
            "current_user_permissions": [],
        }
        for place, name in enumerate(_VIEWS[stream])
    ]
    return 200, {"filters": rows, "meta": {}}


def _view_id(stream: str, place: int) -> int:
    return _FIRST_VIEW + 100 * list(_VIEWS).index(stream) + place


def view(world: World, stream: str, number: int, query: dict[str, str]) -> Answer:
    names = {_view_id(stream, place): name for place, name in enumerate(_VIEWS[stream])}
    if number not in names:
        raise Absent
    rows = _in_view(world, stream, names[number])
    if query.get("sort", "updated_at") not in _SORTS or query.get("sort_type", "asc") not in {"asc", "desc"}:
        raise Refusal("sort is invalid", status=400)
    by = query.get("sort", "created_at")
    rows.sort(
        key=lambda row: row["_tick"] if by == "updated_at" else row["id"],
        reverse=query.get("sort_type", "desc") == "desc",
    )
    page = Page(world, query.get("include", ""))
    page.check(stream)
    cut, size = _cut(rows, query)
    shown = [page.record(stream, row, whole=False) for row in cut]
    if world.choices.thin_views:
        shown = [thin_row(row) for row in shown]
    meta = {"total_pages": max(1, -(-len(rows) // size)), "total": len(rows)}
    return 200, {**page.sideloads(), stream: shown, "meta": meta}


def _in_view(world: World, stream: str, name: str) -> list[Row]:
    if name == "Recycle Bin":
        return [row for row in world.tables[stream].values() if row["is_deleted"]]
    if stream == "deals" and name in {"Open Deals", "Won Deals", "Lost Deals"}:
        kind = {"Open Deals": "Open", "Won Deals": "Closed Won", "Lost Deals": "Closed Lost"}[name]
        stages = {one["id"] for one in world.lists["deal_stages"] if one["forecast_type"] == kind}
        return [row for row in world.live(stream) if row["deal_stage_id"] in stages]
    if not name.startswith("All "):
        return [row for row in world.live(stream) if row.get("owner_id") == world.key_user]
    return list(world.live(stream))


def _cut(rows: list[Row], query: dict[str, str]) -> tuple[list[Row], int]:
    page, size = query.get("page", "1"), query.get("per_page", "25")
    if not page.isdigit() or not size.isdigit() or not 1 <= int(size) <= 100 or int(page) < 1:
        raise Refusal("per_page is invalid", status=400)
    start = (int(page) - 1) * int(size)
    return rows[start : start + int(size)], int(size)


def by_filter(world: World, stream: str, query: dict[str, str]) -> Answer:
    wanted = query.get("filter", "")
    if wanted not in _FILTERS[stream]:
        raise Refusal("filter is invalid", status=400)
    rows = [row for row in world.live(stream) if _passes(world, stream, row, wanted)]
    page = Page(world, query.get("include", ""))
    page.check(stream)
    cut, _ = _cut(sorted(rows, key=lambda row: row["id"]), query)
    shown = [page.record(stream, row) for row in cut]
    return 200, {**page.sideloads(), stream: shown, "meta": {"total": len(rows)}}


def _passes(world: World, stream: str, row: Row, wanted: str) -> bool:  # noqa: PLR0911 - one for each filter
    now = datetime.now(UTC)
    if stream == "appointments":
        if world.choices.filters_overlap:
            return True
        return (moment(row["from_date"]) < now) == (wanted == "past")
    late = moment(row["due_date"]) < now
    if wanted == "completed":
        return bool(row["status"] == 1)
    if row["status"] == 1:
        return False
    if wanted == "overdue":
        return late
    if wanted == "open":
        return not (late and world.choices.open_means_future)
    days = (moment(row["due_date"]).date() - now.date()).days
    return days == (0 if wanted == "due_today" else 1)


def notes_of(world: World, stream: str, number: int, query: dict[str, str]) -> Answer:
    if world.get(stream, number) is None:
        raise Absent
    rows = [
        row
        for row in world.live("notes")
        if (row["targetable_type"], row["targetable_id"]) == (MODELS[stream], number)
    ]
    page = Page(world, "")
    cut, size = _cut(rows, query)
    meta = {"total": len(rows), "total_pages": max(1, -(-len(rows) // size))}
    return 200, {"notes": [page.record("notes", row) for row in cut], "meta": meta}


def _searchable(world: World, stream: str) -> list[Row]:
    now = time.monotonic()
    return [row for row in world.live(stream) if row["_seen_from"] <= now]


def _holds(row: Row, name: str, value: str) -> bool:
    found = row["custom_field"].get(name) if name.startswith("cf_") else row.get(name)
    return found is not None and str(found).casefold() == value.casefold()


def lookup(world: World, query: dict[str, str]) -> Answer:
    name, value = query.get("f", ""), query.get("q", "")
    known = {"email", "name", "mobile_number", "phone", "external_id"}
    if not value or (name not in known and not name.startswith("cf_")):
        raise Refusal("f is invalid", status=400)
    answer = {}
    for entity in query.get("entities", "").split(","):
        stream = f"{entity}s"
        if stream not in MODELS:
            raise Refusal("entities is invalid", status=400)
        rows = [row for row in _searchable(world, stream) if _holds(row, name, value)]
        page = Page(world, "")
        shown = [page.record(stream, row, whole=False) for row in rows[:25]]
        answer[stream] = {stream: shown, "meta": {"total": len(rows)}}
    return 200, answer


def search(world: World, query: dict[str, str]) -> Answer:
    value, found = query.get("q", "").casefold(), []
    for entity in query.get("include", "contact").split(","):
        for row in _searchable(world, f"{entity}s") if f"{entity}s" in MODELS else []:
            words = [str(row.get(name) or "") for name in ("name", "first_name", "last_name", "email")]
            if value in " ".join(words).casefold():
                found.append({"id": str(row["id"]), "type": entity, "name": words[0] or words[1]})
    return 200, found[:25]


def filtered(world: World, stream: str, body: Any, query: dict[str, str]) -> Answer:
    """Answer with the first hundred, whatever page is asked for."""
    if (
        not isinstance(body, dict)
        or set(body) != {"filter_rule"}
        or not isinstance(body["filter_rule"], list)
    ):
        raise Refusal("filter_rule is invalid", status=400)
    _cut([], query)
    rows = _searchable(world, stream)
    for rule in body["filter_rule"]:
        name = _attribute(world, rule)
        values = rule["value"] if isinstance(rule["value"], list) else [rule["value"]]
        rows = [row for row in rows if any(_holds(row, name, str(value)) for value in values)]
    page = Page(world, "")
    shown = [page.record(stream, row, thin=True, whole=False) for row in rows[:100]]
    return 200, {stream: shown, "meta": {"total": len(rows)}}


def _attribute(world: World, rule: Any) -> str:
    if not isinstance(rule, dict) or set(rule) != {"attribute", "operator", "value"}:
        raise Refusal("filter_rule is invalid", status=400)
    name = str(rule["attribute"])
    known = {"contact_email.email": "email", "mobile_number": "mobile_number", "first_name": "first_name"}
    if name in known:
        name = known[name]
    elif not world.choices.search_names or not (name.startswith("cf_") or name in {"external_id", "name"}):
        raise Refusal(f"attribute {name} is invalid", status=400)
    if rule["operator"] not in {"is_in", "equals", "contains"}:
        raise Refusal("operator is invalid", status=400)
    return name
