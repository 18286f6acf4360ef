"""What contacts, accounts and deals have in common: create, read, update, delete, forget, clone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from wherry_emulators.freshsales.accounts import account_discarded, prepare_account
from wherry_emulators.freshsales.contacts import prepare_contact
from wherry_emulators.freshsales.custom_modules import prepare_record
from wherry_emulators.freshsales.deals import prepare_deal
from wherry_emulators.freshsales.errors import ApiError
from wherry_emulators.freshsales.includes import single_body
from wherry_emulators.freshsales.lead_values import prepare_lead
from wherry_emulators.freshsales.times import parse_instant, write_instant
from wherry_emulators.freshsales.unique import unique_names
from wherry_emulators.freshsales.wire import Record, Reply, RequestData, route, unwrap

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

Prepare = Callable[["State", Record | None, Record], Record]
Discarded = Callable[["State", Record, Record], None]


def _nothing_follows(state: "State", record: Record, body: Record) -> None:
    del state, record, body


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """The write rules of a module: how a body becomes changes, and what follows a deletion."""

    key: str
    prepare: Prepare
    discarded: Discarded = _nothing_follows


MODULES: Mapping[str, Module] = {
    "contact": Module(key="contact", prepare=prepare_contact),
    "sales_account": Module(key="sales_account", prepare=prepare_account, discarded=account_discarded),
    "deal": Module(key="deal", prepare=prepare_deal),
}
"""Those of every edition, which also have bulk calls."""

LEADS = Module(key="lead", prepare=prepare_lead)
"""Those of the Classic edition alone; no bulk call is documented for them."""

_RULES: Mapping[str, Module] = {**MODULES, LEADS.key: LEADS}


def rules_of(key: str) -> Module:
    """Give the write rules of a module; those of custom modules follow from their fields alone."""
    return _RULES.get(key) or Module(
        key=key, prepare=lambda state, old, body: prepare_record(state, key, old, body)
    )


_SERVER_KEYS = (
    "id",
    "created_at",
    "updated_at",
    "creater_id",
    "updater_id",
    "is_deleted",
    "last_assigned_at",
    "team_users",
    "lists",
)


def body_of(state: "State", key: str, body: Record) -> Record:
    """The values of a body, wrapped or flat; a deal's products may stand beside the root key."""
    inner = unwrap(body, state.entities[key].key)
    if key == "deal" and "products" in body and inner is not body:
        return {"products": body["products"], **inner}
    return inner


def create(state: "State", key: str, values: Record) -> Record:
    """Create a record from a body's values; ApiError 400 if they are wrong."""
    changes = rules_of(key).prepare(state, None, values)
    return state.insert(key, changes | stamps(state, values))


def change(state: "State", key: str, record: Record, values: Record) -> Record:
    """Change a record by a body's values; ApiError 400 if they are wrong."""
    return state.update(key, record, rules_of(key).prepare(state, record, values))


def discard(state: "State", key: str, record: Record, body: Record) -> None:
    """Move a record to the recycle bin, with all that follows."""
    rules_of(key).discarded(state, record, body)
    state.discard(key, record)


def forget(state: "State", key: str, record: Record) -> None:
    """Remove a record for good, with its notes, files and links."""
    if not record.get("is_deleted"):
        rules_of(key).discarded(state, record, {})
    for kind in ("note", "document", "document_link"):
        for below in state.children((key, record["id"]), kind):
            if len(below["targetables"]) == 1:
                state.erase(kind, below["id"])
    state.erase(key, record["id"])


def stamps(state: "State", values: Record) -> Record:
    """The stamps a create may set: none, unless a switch allows created_at, updated_at or creater_id."""
    found: Record = {}
    if state.switches.created_at_writable:
        for name in ("created_at", "updated_at"):
            moment = parse_instant(values.get(name), state.zone)
            if moment:
                found[name] = write_instant(moment)
    creater = values.get("creater_id")
    if state.switches.creater_id_writable and state.selectors.find("users", creater):
        found["creater_id"] = creater
    return found


def readable(state: "State", key: str, record_id: int) -> Record:
    """The record a read by id gives; ApiError 404 if there is none, or it is deleted and the switch says 404."""
    if state.switches.deleted_get_by_id == "record":
        found = state.tables[key].get_any(record_id)
        if found:
            return found
    return state.get(key, record_id)


def forgettable(state: "State", key: str, record_id: int) -> Record:
    """The record that a forget removes; ApiError 404 if there is none, or the switch wants a live one."""
    deleted_too = state.switches.deleted_forget == "works"
    found = state.tables[key].get_any(record_id) if deleted_too else None
    return found or state.get(key, record_id)


def create_status(state: "State", key: str) -> int:
    """HTTP status of a create."""
    return state.switches.create_status.get(key, 200)


def clone(state: "State", key: str, source: Record, values: Record) -> Record:
    """Copy a record without its unique values, changed by the body's values."""
    unique = {name for name, _ in unique_names(state, key)}
    kept = {name: value for name, value in source.items() if name not in _SERVER_KEYS and name not in unique}
    kept.pop("emails", None)
    custom = {name: value for name, value in (source.get("custom_field") or {}).items() if name not in unique}
    if "custom_field" in values and isinstance(values["custom_field"], dict):
        custom |= values["custom_field"]
    wanted = {**kept, **values, "custom_field": custom}
    if key == "deal":
        wanted.setdefault("contacts_added_list", kept.get("contacts"))
    if key == "sales_account" and not values.get("name"):
        raise ApiError(400, "Name can't be blank")
    return create(state, key, wanted)


def record_routes(state: "State", key: str) -> list[Route]:
    """Routes of one module: collection, record, forget and clone."""
    root = f"/{state.entities[key].plural}"

    def post(asked: RequestData) -> Any:
        record = create(state, key, body_of(state, key, asked.body))
        return Reply(single_body(state, key, record, asked.includes), create_status(state, key))

    def get(asked: RequestData) -> Any:
        return single_body(state, key, readable(state, key, asked.id), asked.includes)

    def put(asked: RequestData) -> Any:
        values = body_of(state, key, asked.body)
        record = change(state, key, state.get(key, asked.id), values)
        more = ("products",) if key == "deal" and "products" in values else ()
        return single_body(state, key, record, (*asked.includes, *more))

    def delete(asked: RequestData) -> Any:
        discard(state, key, state.get(key, asked.id), asked.body)
        return True

    def erase(asked: RequestData) -> Any:
        forget(state, key, forgettable(state, key, asked.id))
        return True

    def copy(asked: RequestData) -> Any:
        record = clone(state, key, state.get(key, asked.id), body_of(state, key, asked.body))
        return Reply(single_body(state, key, record, asked.includes), create_status(state, key))

    return [
        route(root, "POST", post, state.lock),
        route(f"{root}/{{id:int}}", "GET", get, state.lock),
        route(f"{root}/{{id:int}}", "PUT", put, state.lock),
        route(f"{root}/{{id:int}}", "DELETE", delete, state.lock),
        route(f"{root}/{{id:int}}/forget", "DELETE", erase, state.lock),
        route(f"{root}/{{id:int}}/clone", "POST", copy, state.lock),
    ]


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("A single contact, account or deal comes with meta null", "[L]", "RV"),
    ("DELETE and forget of contacts, accounts and deals answer the bare literal true", "[L]", "RV, BF, W6"),
    ("GET of a deleted record is a 404", "[?]", "switch deleted.get_by_id"),
    ("A clone leaves out unique values; an account's clone needs a name", "[D]/[I]", "MC"),
    ("Creates answer 200", "[?]", "switch create.status"),
)
