"""Values that only one record of an entity may have."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from wherry_emulators.freshsales.validate import Problems
from wherry_emulators.freshsales.wire import Record

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State


def unique_names(state: "State", key: str) -> Iterator[tuple[str, str]]:
    """Names and labels of an entity's unique fields; a contact's primary email is one."""
    if key == "contact":
        yield "email", "Email"
    if key == "lead" and state.switches.leads_email_unique:
        yield "email", "Email"
    for field in state.schemas[key]:
        if field.unique:
            yield field.name, field.label


def value_of(record: Record, name: str) -> Any:
    """A record's value of a default or custom field."""
    if name.startswith("cf_"):
        return (record.get("custom_field") or {}).get(name)
    return record.get(name)


def holders(state: "State", key: str, name: str, value: Any) -> list[Record]:
    """Records that hold this value and so keep others from having it."""
    found = state.tables[key].having(name, str(value))
    if state.switches.deleted_holds_unique:
        return found
    return [record for record in found if not record.get("is_deleted")]


def check_unique(state: "State", key: str, old: Record | None, changes: Record, problems: Problems) -> None:
    """Complain of each unique value that another record already has."""
    after = {**(old or {}), **changes}
    for name, label in unique_names(state, key):
        value = value_of(after, name)
        if value in (None, "") or (old is not None and value == value_of(old, name)):
            continue
        if any(record["id"] != after.get("id") for record in holders(state, key, name, value)):
            problems.add(f"{label} has already been taken")


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    (
        "Unique: a contact's primary email and external_id, an account's name, chosen custom fields",
        "[D]",
        "SUP 50000002578",
    ),
    (
        "The complaint reads '<Label> has already been taken'; case does not count",
        "[L]; case [I]",
        "Magento log",
    ),
    ("A deleted record frees its unique values", "[?]", "switch deleted.holds_unique"),
)
