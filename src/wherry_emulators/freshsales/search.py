"""Full-text search and lookup; both see what the index sees, which may lag behind writes."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from wherry_emulators.freshsales.errors import ApiError
from wherry_emulators.freshsales.includes import Siblings, with_includes
from wherry_emulators.freshsales.lead_values import leads_are_looked_up
from wherry_emulators.freshsales.paging import page_of
from wherry_emulators.freshsales.render import account_rows, display_name
from wherry_emulators.freshsales.unique import value_of
from wherry_emulators.freshsales.wire import Record, RequestData, route

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

_LOOKUP_ENTITIES = ("contact", "sales_account", "deal")
_SEARCH_FIELDS = (
    "first_name",
    "last_name",
    "name",
    "email",
    "mobile_number",
    "work_number",
    "phone",
    "website",
    "external_id",
)
_ANY_PHONE = {"phone": ("phone", "mobile_number", "work_number")}


def name_of(key: str, record: Record) -> str:
    """The name a search result shows."""
    return display_name(record) if key in {"contact", "lead"} else str(record.get("name") or "")


def routes(state: "State") -> list[Route]:
    """Routes of search and lookup."""

    def search(asked: RequestData) -> Any:
        words = asked.query.get("q", "").strip().casefold()
        if not words:
            raise ApiError(400, "q can't be blank")
        hits = [hit for name in asked.includes for hit in _search_in(state, name, words)]
        return list(page_of(state, asked).of(hits))

    def lookup(asked: RequestData) -> Any:
        value, field = asked.query.get("q", ""), asked.query.get("f", "")
        names = [name.strip() for name in asked.query.get("entities", "").split(",") if name.strip()]
        if not value or not field or not names:
            raise ApiError(400, "q, f and entities can't be blank")
        found: Record = {}
        for key in names:
            if key == "lead" and not leads_are_looked_up(state):
                raise ApiError(400, "entities is invalid")
            if key not in state.tables or (key in state.schemas and not _may_be_asked(state, key, field)):
                raise ApiError(400, f"f is invalid for {key}")
            found |= _looked_up(state, key, field, value, asked)
        return found

    return [
        route("/search", "GET", search, state.lock),
        route("/lookup", "GET", lookup, state.lock),
    ]


def _search_in(state: "State", name: str, words: str) -> Iterator[Record]:
    if name == "user":
        yield from _users(state, words)
    elif name in state.tables and (state.entities[name].is_module or state.entities[name].is_custom):
        for record in state.indexed(name).live():
            if _matches(record, words, name):
                yield _hit(state, name, record)


def _users(state: "State", words: str) -> Iterator[Record]:
    for user in state.selectors.rows("users"):
        if words in f"{user['display_name']} {user.get('email') or ''}".casefold():
            shown = {"name": user["display_name"], "email": user.get("email"), "avatar": None}
            yield {"id": str(user["id"]), "type": "user", **shown}


def _matches(record: Record, words: str, key: str) -> bool:
    values = [str(record.get(name) or "") for name in _SEARCH_FIELDS]
    values += [row["value"] for row in record.get("emails") or ()]
    values += [str(value) for value in (record.get("custom_field") or {}).values()]
    return any(words in value.casefold() for value in (*values, name_of(key, record)))


def _hit(state: "State", key: str, record: Record) -> Record:
    owner = state.selectors.find("users", record.get("owner_id"))
    found = {
        "id": str(record["id"]),
        "type": key,
        "name": name_of(key, record),
        "avatar": None,
        "updated_at": record["updated_at"],
        "owner": {"id": owner["id"], "name": owner["display_name"]} if owner else None,
        "mcr_id": state.ids.mcr_id(record["id"]),
    }
    match key:
        case "contact":
            accounts = account_rows(state, record)
            primary = next((row["name"] for row in accounts if row["is_primary"]), None)
            more = {"email": record.get("email"), "country": record.get("country")}
            return {**found, **more, "primary_sales_account_name": primary}
        case "sales_account":
            return {**found, "website": record.get("website"), "country": record.get("country")}
        case "deal":
            account = state.find("sales_account", record.get("sales_account_id"))
            return {**found, "company_name": account["name"] if account else None}
        case _:
            return found


def _may_be_asked(state: "State", key: str, field: str) -> bool:
    if field in _SEARCH_FIELDS:
        return True
    known = state.schemas[key].get(field)
    return known is not None and known.is_custom


def _looked_up(state: "State", key: str, field: str, value: str, asked: RequestData) -> Record:
    table = state.indexed(key)
    names: Iterable[str] = _ANY_PHONE.get(field, (field,))
    if field == "email":
        names = ("emails", "email")
    hits = {record["id"]: record for name in names for record in table.having(name, value)}
    if field == "name" and key == "contact":
        hits = {one["id"]: one for one in table.live() if display_name(one).casefold() == value.casefold()}
    if field in {"first_name", "last_name", "website"}:
        hits = {
            one["id"]: one
            for one in table.live()
            if str(value_of(one, field) or "").casefold() == value.casefold()
        }
    siblings = Siblings()
    shown = page_of(state, asked).of(list(hits.values()))
    rows = [with_includes(state, key, one, asked.includes, siblings) for one in shown]
    plural = state.entities[key].plural
    return {plural: {**siblings.as_json(), plural: rows, "meta": {"total": len(hits)}}}


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("/search answers a bare array with ids as text", "[D]", "MC, GO"),
    ("/lookup nests each entity twice; values match whole, in any case", "[L]/[C]; case [I]", "SG, MC"),
    (
        "/lookup takes f=email, name, mobile_number, phone, external_id and custom fields",
        "[C]",
        "section 1.9",
    ),
    ("An unknown f is a 400", "[I]", "strict reading"),
)
