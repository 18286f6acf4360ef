"""The account's records in a form that is equal whenever the same data is there."""

from typing import TYPE_CHECKING, Any

from wherry_emulators.freshsales.wire import Record

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

_VOLATILE = frozenset(
    {
        "created_at",
        "updated_at",
        "creater_id",
        "updater_id",
        "creator_id",
        "is_deleted",
        "links",
        "avatar",
        "age",
    }
)
_ROW_VOLATILE = frozenset({"_destroy", "association_id", "_id", "deal_id", "created_at", "updated_at"})
_NO_RECORDS = frozenset({"module_customization"})
"""Definitions of modules are no records, as little as custom fields are."""
_NUMBERED_ROWS = frozenset(
    {"emails", "phone_numbers", "product_pricings", "appointment_attendees", "team_users"}
)


def canonical(state: "State") -> dict[str, Any]:
    """Give all live records by entity and id, without stamps, computed keys, nulls and empty lists.

    Equal before a create and after the record's soft delete, and before an update and after its reverse.
    Lists are sorted; links to records that are deleted are left out, and so are notes whose records all are.
    """
    found: dict[str, Any] = {}
    for key in sorted(state.tables.keys() - _NO_RECORDS):
        rows = {
            str(record["id"]): _record(state, key, record)
            for record in state.tables[key].live()
            if not _orphaned(state, key, record)
        }
        if rows:
            found[state.entities[key].plural] = rows
    return found


def _orphaned(state: "State", key: str, record: Record) -> bool:
    targets = record.get("targetables")
    return key == "note" and bool(targets) and not any(_alive(state, target) for target in targets or ())


def _alive(state: "State", target: Record) -> bool:
    entity = state.entity_of_model(target["type"])
    return entity is not None and state.find(entity.key, target["id"]) is not None


def _record(state: "State", key: str, record: Record) -> Record:
    volatile = _VOLATILE | state.entities[key].volatile
    kept = {
        name: _value(name, _live_links(state, name, value))
        for name, value in record.items()
        if name not in volatile and not name.startswith("last_")
    }
    if "last_name" in record:
        kept["last_name"] = record["last_name"]
    return {name: value for name, value in sorted(kept.items()) if not _is_nothing(value)}


def _live_links(state: "State", name: str, value: Any) -> Any:
    match name:
        case "contacts":
            return [one for one in value or () if state.find("contact", one)]
        case "sales_accounts":
            return [one for one in value or () if state.find("sales_account", one["id"])]
        case "sales_account_id" | "parent_sales_account_id":
            return value if state.find("sales_account", value) else None
        case "lists":
            return [one for one in value or () if state.find("list", one)]
        case _:
            return value


def _value(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: one for key, one in sorted(value.items()) if not _is_nothing(one)}
    if isinstance(value, (list, tuple)):
        return sorted((_row(name, one) for one in value), key=str)
    return value


def _row(name: str, row: Any) -> Any:
    if not isinstance(row, dict):
        return row
    dropped = _ROW_VOLATILE | ({"id"} if name in _NUMBERED_ROWS else frozenset())
    return {key: one for key, one in sorted(row.items()) if key not in dropped and not _is_nothing(one)}


def _is_nothing(value: Any) -> bool:
    return value is None or value in ([], {}, (), "")
