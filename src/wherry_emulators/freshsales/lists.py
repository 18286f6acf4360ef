"""Marketing lists and who is on them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from wherry_emulators.freshsales.bulk import selected
from wherry_emulators.freshsales.errors import ApiError
from wherry_emulators.freshsales.includes import list_body
from wherry_emulators.freshsales.paging import page_of
from wherry_emulators.freshsales.validate import whole_number
from wherry_emulators.freshsales.views import avatars
from wherry_emulators.freshsales.wire import Record, Reply, RequestData, route, unwrap

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

_LATER = "Updating now... we'll let you know once this is done."


def routes(state: "State") -> list[Route]:
    """Routes of lists and their members."""

    def post(asked: RequestData) -> Any:
        record = state.insert("list", {"name": _name(state, asked, None)})
        return Reply({"list": _shown(record)}, state.switches.create_status.get("list", 200))

    def put(asked: RequestData) -> Any:
        old = state.get("list", asked.id)
        return {"list": _shown(state.update("list", old, {"name": _name(state, asked, old)}))}

    def rows(asked: RequestData) -> Any:
        found = list(state.tables["list"].live())
        page = page_of(state, asked)
        meta = {"total_pages": page.pages(len(found)), "total": len(found)}
        return {"lists": [_shown(record) for record in page.of(found)], "meta": meta}

    def members(asked: RequestData) -> Any:
        state.get("list", asked.id)
        found = state.children(("list", asked.id), "contact")
        page = page_of(state, asked)
        shown = page.of(found)
        meta = {"total_pages": page.pages(len(found)), "total": len(found)}
        body = list_body(state, "contact", shown, asked.includes)
        return {**body, "meta": {**meta, "avatar_data": avatars(state, "contact", shown)}}

    moves = (("add_contacts", _add), ("remove_contacts", _remove), ("move_contacts", _move))
    return [
        route("/lists", "POST", post, state.lock),
        route("/lists", "GET", rows, state.lock),
        route("/lists/{id:int}", "PUT", put, state.lock),
        route("/contacts/lists/{id:int}", "GET", members, state.lock),
        *(_member_route(state, name, move) for name, move in moves),
    ]


Move = Callable[["State", Record, Record, list[Record]], None]


def _member_route(state: "State", name: str, move: Move) -> Route:
    def run(asked: RequestData) -> Any:
        target = state.get("list", asked.id)
        whole = asked.body.get("all") is True and name != "add_contacts"
        if whole:
            source = _source(state, asked.body) if name == "move_contacts" else target
            chosen = state.children(("list", source["id"]), "contact")
        else:
            chosen = selected(state, "contact", asked.body, "ids")
        move(state, target, asked.body, chosen)
        return {"message": _LATER if whole else f"{len(chosen)} contacts updated."}

    return route(f"/lists/{{id:int}}/{name}", "PUT", run, state.lock)


def _add(state: "State", target: Record, body: Record, contacts: list[Record]) -> None:
    del body
    for contact in contacts:
        _put(state, contact, [*_lists_of(contact), target["id"]])


def _remove(state: "State", target: Record, body: Record, contacts: list[Record]) -> None:
    del body
    for contact in contacts:
        _put(state, contact, [one for one in _lists_of(contact) if one != target["id"]])


def _move(state: "State", target: Record, body: Record, contacts: list[Record]) -> None:
    source = _source(state, body)
    for contact in contacts:
        kept = [one for one in _lists_of(contact) if one != source["id"]]
        _put(state, contact, [*kept, target["id"]])


def _source(state: "State", body: Record) -> Record:
    found = state.find("list", whole_number(body.get("from_list_id")))
    if found is None:
        raise ApiError(400, "from_list_id is invalid")
    return found


def _lists_of(contact: Record) -> list[int]:
    return list(contact.get("lists") or ())


def _put(state: "State", contact: Record, lists: list[int]) -> None:
    state.put("contact", {**contact, "lists": list(dict.fromkeys(lists))})


def _shown(record: Record) -> Record:
    return {"id": record["id"], "name": record["name"]}


def _name(state: "State", asked: RequestData, old: Record | None) -> str:
    name = unwrap(asked.body, "list").get("name")
    if not isinstance(name, str) or not name.strip():
        raise ApiError(400, "Name can't be blank")
    taken = state.tables["list"].having("name", name)
    if any(record["id"] != (old or {}).get("id") for record in taken):
        raise ApiError(400, "Name has already been taken")
    return name


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("Lists: create, rename, list, members; add, remove, move contacts", "[D]", "MC"),
    ("Replies '2 contacts updated.', with all an asynchronous message", "[L]", "RV"),
    ("Lists cannot be deleted by API", "[D] by absence", "MC"),
)
