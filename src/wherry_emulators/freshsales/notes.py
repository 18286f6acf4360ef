"""Notes: create, update, delete; read only through what they are on."""

from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from wherry_emulators.freshsales.body_values import read_values, require
from wherry_emulators.freshsales.paging import page_of
from wherry_emulators.freshsales.records import stamps
from wherry_emulators.freshsales.render import plain
from wherry_emulators.freshsales.targets import clean_targets
from wherry_emulators.freshsales.tasks import success
from wherry_emulators.freshsales.validate import Problems, text
from wherry_emulators.freshsales.wire import Record, Reply, RequestData, route, unwrap

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State


def prepare_note(state: "State", old: Record | None, body: Record) -> Record:
    """Turn a body into a note's changes; ApiError 400 with everything that is wrong with it."""
    problems = Problems()
    longest = state.switches.note_max_length
    readers = {"description": ("Description", lambda value: text(value, longest))}
    changes = read_values(body, readers, problems)
    changes |= clean_targets(state, body, old, problems)
    require({**(old or {}), **changes}, {"description": "Description"}, problems)
    problems.raise_if_any()
    return changes if old else changes | stamps(state, body)


def notes_of(state: "State", key: str, record_id: int) -> list[Record]:
    """Notes on a record, newest first, as nested lists show them."""
    found = state.children((key, record_id), "note")
    return [plain(state, "note", note) for note in reversed(found)]


def routes(state: "State") -> list[Route]:
    """Routes of notes: no read and no list of their own, but one below each module's record."""

    def post(asked: RequestData) -> Any:
        record = state.insert("note", prepare_note(state, None, unwrap(asked.body, "note")))
        return Reply({"note": plain(state, "note", record)}, state.switches.create_status.get("note", 200))

    def put(asked: RequestData) -> Any:
        old = state.get("note", asked.id)
        changes = prepare_note(state, old, unwrap(asked.body, "note"))
        return {"note": plain(state, "note", state.update("note", old, changes))}

    def delete(asked: RequestData) -> Any:
        state.erase("note", state.get("note", asked.id)["id"])
        return success()

    return [
        route("/notes", "POST", post, state.lock),
        route("/notes/{id:int}", "PUT", put, state.lock),
        route("/notes/{id:int}", "DELETE", delete, state.lock),
        *(below(state, key) for key in ("contact", "sales_account", "deal")),
    ]


def below(state: "State", key: str) -> Route:
    """Give the route of the notes on records of one module."""

    def rows(asked: RequestData) -> Any:
        state.get(key, asked.id)
        found = notes_of(state, key, asked.id)
        page = page_of(state, asked)
        meta = {"total_pages": page.pages(len(found)), "total": len(found)}
        return {"notes": list(page.of(found)), "meta": meta}

    return route(f"/{state.entities[key].plural}/{{id:int}}/notes", "GET", rows, state.lock)


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("A note is created with 200; its author is the key's user and its time is now", "[L]/[I]", "LIVE, RV"),
    ("Notes have no GET; they are read under their record or with include=notes", "[D]/[L]", "MC; LIVE"),
    ("Longest note", "[?]", "switch note.max_length"),
    ("An update needs no targetable", "[C]", "clients; MC differs"),
)
