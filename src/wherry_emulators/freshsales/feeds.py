"""What happened to a record: activities, timeline, documents, and the nested lists of the web pages."""

from typing import TYPE_CHECKING, Any

from starlette.routing import BaseRoute, Route

from wherry_emulators.freshsales.documents import associations_route
from wherry_emulators.freshsales.includes import list_body
from wherry_emulators.freshsales.notes import notes_of
from wherry_emulators.freshsales.paging import page_of
from wherry_emulators.freshsales.records import MODULES
from wherry_emulators.freshsales.wire import Record, RequestData, route

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

_KINDS = ("note", "task", "appointment", "sales_activity", "phone_call", "deal")


def activities_of(state: "State", key: str, record: Record) -> list[Record]:
    """What happened to a record, newest first: its creation and that of everything below it."""
    parent = (key, record["id"])
    events = [(key, record)] + [(kind, one) for kind in _KINDS for one in state.children(parent, kind)]
    rows = [_event(state, kind, one, key, record) for kind, one in events]
    return sorted(rows, key=lambda row: (row["created_at"], row["id"]), reverse=True)


def routes(state: "State") -> list[Route]:
    """Routes under `/api`: contact activities, and each module's timeline and documents."""
    found = [
        _feed(state, "contact", path, "activities")
        for path in ("/contacts/{id:int}/activities", "/contacts/{id:int}/activities.json")
    ]
    for key in MODULES:
        root = f"/{state.entities[key].plural}/{{id:int}}"
        found.append(_feed(state, key, f"{root}/timeline_feeds", "timeline_feeds"))
        found.append(associations_route(state, key, f"{root}/document_associations"))
    return found


def ui_routes(state: "State") -> list[BaseRoute]:
    """Routes without `/api`: nested tasks, appointments, notes and conversations of each module."""
    found: list[BaseRoute] = []
    for key in MODULES:
        root = f"/{state.entities[key].plural}/{{id:int}}"
        found += [
            _nested(state, key, f"{root}/tasks", "task"),
            _nested(state, key, f"{root}/appointments", "appointment"),
            _notes(state, key, f"{root}/notes"),
            _conversations(state, key, f"{root}/conversations/all"),
            associations_route(state, key, f"{root}/document_associations"),
        ]
    return found


def _event(state: "State", kind: str, one: Record, key: str, record: Record) -> Record:
    return {
        "id": one["id"],
        "action_type": "create",
        "actionable_id": one["id"],
        "actionable_type": state.entities[kind].model,
        "targetable_id": record["id"],
        "targetable_type": state.entities[key].model,
        "user_activity": True,
        "created_at": one["created_at"],
    }


def _page_feed(state: "State", asked: RequestData, rows: list[Record], name: str) -> Record:
    page = page_of(state, asked)
    meta = {"has_next": page.number < page.pages(len(rows)), "has_previous": page.number > 1}
    return {name: list(page.of(rows)), "meta": meta}


def _feed(state: "State", key: str, path: str, name: str) -> Route:
    def run(asked: RequestData) -> Any:
        return _page_feed(state, asked, activities_of(state, key, state.get(key, asked.id)), name)

    return route(path, "GET", run, state.lock)


def _nested(state: "State", key: str, path: str, kind: str) -> Route:
    def run(asked: RequestData) -> Any:
        state.get(key, asked.id)
        found = list(reversed(state.children((key, asked.id), kind)))
        page = page_of(state, asked)
        return {**list_body(state, kind, page.of(found), asked.includes), "meta": {"total": len(found)}}

    return route(path, "GET", run, state.lock)


def _notes(state: "State", key: str, path: str) -> Route:
    def run(asked: RequestData) -> Any:
        state.get(key, asked.id)
        found = notes_of(state, key, asked.id)
        page = page_of(state, asked)
        meta = {"total_pages": page.pages(len(found)), "total": len(found)}
        return {"notes": list(page.of(found)), "meta": meta}

    return route(path, "GET", run, state.lock)


def _conversations(state: "State", key: str, path: str) -> Route:
    def run(asked: RequestData) -> Any:
        state.get(key, asked.id)
        return {"conversations": [], "meta": {"has_next": False, "has_previous": False}}

    return route(path, "GET", run, state.lock)


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("Contact activities and timelines page by has_next and has_previous", "[D]/[L]", "MC; LIVE"),
    ("Nested tasks, appointments and conversations exist only without /api", "[L]", "LIVE"),
)
