"""Upsert: update the record that a unique identifier finds, else create one."""

from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from wherry_emulators.freshsales.errors import ApiError
from wherry_emulators.freshsales.includes import single_body
from wherry_emulators.freshsales.records import MODULES, change, create
from wherry_emulators.freshsales.validate import whole_number
from wherry_emulators.freshsales.wire import Record, RequestData, route, unwrap

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

_KEYS = {
    "contact": ("emails", "mobile_number", "external_id", "id"),
    "sales_account": ("name", "id"),
    "deal": ("id",),
    "lead": ("emails", "mobile_number", "id"),
}
_REFUSED = "Please provide a unique field in unique_identifier"


def upsert(state: "State", key: str, identifier: Record, values: Record) -> Record:
    """Create or update a record by its identifier, one name and value.

    ApiError 400 for an identifier that is not unique or has no value, or for wrong values; 404 for an ``id``
    that no record has.
    """
    name, value = _identifier(state, key, identifier)
    found = match(state, key, name, value)
    if found:
        return change(state, key, found, values)
    if name == "id":
        raise ApiError(404, f"{state.entities[key].label} not found")
    return create(state, key, _with_identifier(values, name, value))


def match(state: "State", key: str, name: str, value: Any) -> Record | None:
    """Find the live record that has this value, the oldest if several have."""
    if name == "id":
        return state.find(key, whole_number(value))
    found = state.tables[key].having("emails" if name == "email" else name, str(value))
    return next((record for record in found if not record.get("is_deleted")), None)


def routes(state: "State") -> list[Route]:
    """Routes of upsert."""
    return [route_of(state, key) for key in MODULES]


def route_of(state: "State", key: str) -> Route:
    """Give the route of one module's upsert."""

    def run(asked: RequestData) -> Any:
        identifier = asked.body.get("unique_identifier")
        if not isinstance(identifier, dict):
            raise ApiError(400, _REFUSED)
        values = unwrap(asked.body, key) if key in asked.body else {}
        return single_body(state, key, upsert(state, key, identifier, values), asked.includes)

    return route(f"/{state.entities[key].plural}/upsert", "POST", run, state.lock)


def _identifier(state: "State", key: str, identifier: Record) -> tuple[str, Any]:
    if len(identifier) != 1:
        raise ApiError(400, _REFUSED)
    name, value = next(iter(identifier.items()))
    if not _is_unique(state, key, name) or value in (None, "") or not isinstance(value, (str, int, float)):
        raise ApiError(400, _REFUSED)
    return name, value


def _is_unique(state: "State", key: str, name: str) -> bool:
    if name in _KEYS[key] or (
        key == "contact" and name == "email" and state.switches.upsert_accept_email_key
    ):
        return True
    field = state.schemas[key].get(name)
    return field is not None and field.unique


def _with_identifier(values: Record, name: str, value: Any) -> Record:
    """The values of a new record: the identifier is one of them, unless they have it already."""
    if name.startswith("cf_"):
        custom = values.get("custom_field") or {}
        return {**values, "custom_field": {name: value, **custom}} if isinstance(custom, dict) else values
    if name in {"emails", "email"}:
        return values if "email" in values or "emails" in values else {**values, "email": value}
    return {name: value, **values}


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("Contacts are upserted by emails, accounts by name, deals by id", "[D]", "MC"),
    ("Also by mobile_number, external_id, id or a unique custom field", "[C]", "section 6.1"),
    ("email is refused as a key", "[?]", "NODE, LIVE; switch upsert.accept_email_key"),
    ("The reply is 200 with the record and does not tell which happened", "[C]", "RS"),
    ("An id that no record has is a 404", "[I]", "section 6.1"),
)
