"""From an Operation to the body that the API documents for it."""

from collections.abc import Mapping

from wherry.connectors.freshsales.answers import Row, as_id, as_row
from wherry.connectors.freshsales.entities import CHILDREN, ENTITIES, USER_TYPE
from wherry.connectors.freshsales.zones import rails_zone
from wherry.model.jsons import Json
from wherry.model.operation import Operation, lookup_field

_CUSTOM = "custom_field."
_OURS = frozenset({"attendee_user_id", "sales_accounts", "tags"})
"""Field names that are written in a way of their own, not as they stand."""


def create_body(operation: Operation) -> Row:
    """Return the wrapped body of a create: no nulls, custom fields nested, links as the API spells them."""
    inner = _fields(operation, {name: v for name, v in operation.fields.items() if v is not None})
    inner |= _tags(operation) | _accounts(operation) | _parties(operation)
    _look_up(inner, operation)
    if operation.stream in CHILDREN:
        inner |= target(operation)
    attendees = wanted_attendees(operation)
    if attendees:
        inner["appointment_attendees_attributes"] = attendees
    return {ENTITIES[operation.stream].root: inner}


def update_body(operation: Operation) -> Row:
    """Return the wrapped body of an update: only what differs from the before-image; {} when nothing does.

    A null clears a field. Tags and accounts are replaced whole by the API, so the union with what is
    there is sent; an operation that undoes another sends exactly what was there before. Attendees need
    a look at the record first: see write.py.
    """
    inner = _fields(operation, changed(operation)) | _tags(operation) | _accounts(operation)
    inner |= _parties(operation)
    _look_up(inner, operation)
    if inner and operation.stream == "notes":
        inner |= target(operation)
    return {ENTITIES[operation.stream].root: inner} if inner else {}


def changed(operation: Operation) -> dict[str, Json]:
    """Return the fields whose wanted value is not the one of the before-image."""
    before = operation.before or {}
    return {
        name: value for name, value in operation.fields.items() if name not in before or before[name] != value
    }


def bulk_row(operation: Operation) -> Row:
    """Return one row of bulk_upsert: by id for an update, by unique key (emails, name) for a create."""
    if operation.destination_id is not None:
        inner = update_body(operation).get(ENTITIES[operation.stream].root) or {}
        return {"id": str(operation.destination_id), "data": inner}
    body = create_body(operation)[ENTITIES[operation.stream].root]
    data = dict(body) if isinstance(body, dict) else {}
    field, key = ("email", "emails") if operation.stream == "contacts" else ("name", "name")
    return {key: data.pop(field), "data": data}


def target(operation: Operation) -> Row:
    """Return what ties a task, appointment or note to its contact; {} where the operation does not say."""
    wanted = operation.links.get("targetable")
    if wanted is None:
        wanted = next(iter(linked_before(operation, "targetable") or ()), None)
    return {} if wanted is None else {"targetable_type": "Contact", "targetable_id": wanted}


def wanted_attendees(operation: Operation) -> list[Json]:
    """Return attendee rows for the contact and the user that the operation names. Ids are texts [D]."""
    rows: list[Json] = []
    user = operation.fields.get("attendee_user_id")
    if operation.stream == "appointments" and as_id(user) is not None:
        rows.append({"attendee_type": USER_TYPE, "attendee_id": str(user)})
    if "attendee" in operation.links:
        rows.append({"attendee_type": "Contact", "attendee_id": str(operation.links["attendee"])})
    return rows


def linked_before(operation: Operation, relation: str) -> list[int] | None:
    """Return the ids that a relation held before, first things first; None where that is not known."""
    found = (operation.before_links or {}).get(relation)
    if relation not in (operation.before_links or {}):
        return None
    values = found if isinstance(found, list) else [found]
    return [number for one in values if (number := as_id(one)) is not None]


def _fields(operation: Operation, values: Mapping[str, Json]) -> Row:
    inner: Row = {}
    custom: Row = {}
    for name, value in values.items():
        if name.startswith(_CUSTOM):
            custom[name.removeprefix(_CUSTOM)] = value
        elif name not in _OURS:
            inner[name] = _zone(value) if name == "time_zone" else value
    if custom:
        inner["custom_field"] = custom
    if operation.stream != "appointments" and "attendee_user_id" in values:
        inner["attendee_user_id"] = values["attendee_user_id"]
    return inner


def _look_up(inner: Row, operation: Operation) -> None:
    """Write lookup fields: the id of the other record; an undone link goes back to what it was, or to nothing."""
    found: Row = {lookup_field(name): number for name, number in operation.links.items()}
    if operation.undoes:
        for name in operation.before_links or {}:
            before = linked_before(operation, name)
            found[lookup_field(name)] = before[0] if before else None
    custom = {name.removeprefix(_CUSTOM): value for name, value in found.items() if name.startswith(_CUSTOM)}
    if custom:
        inner["custom_field"] = {**as_row(inner.get("custom_field")), **custom}


def _zone(value: Json) -> Json:
    return (rails_zone(value) or value) if isinstance(value, str) else value


def _tags(operation: Operation) -> Row:
    if "tags" not in operation.fields:
        return {}
    wanted, before = _list(operation.fields["tags"]), _list((operation.before or {}).get("tags"))
    if not operation.undoes:
        wanted = [*before, *(tag for tag in wanted if tag not in before)]
    known = operation.before is not None and "tags" in operation.before
    return {} if known and wanted == before else {"tags": wanted}


def _accounts(operation: Operation) -> Row:
    """Write the accounts of a contact: the whole list, the primary one first and marked."""
    before = linked_before(operation, "sales_accounts")
    if "sales_accounts" in operation.fields:
        ids = [number for one in _list(operation.fields["sales_accounts"]) if (number := as_id(one))]
    elif operation.undoes and before is not None:
        return _account_rows(before)
    elif "sales_accounts" in operation.links:
        wanted = operation.links["sales_accounts"]
        gone = {wanted, *operation.unlinks.get("sales_accounts", ())}
        ids = [wanted, *(number for number in before or [] if number not in gone)]
    else:
        return {}
    return {} if ids == before else _account_rows(ids)


def _parties(operation: Operation) -> Row:
    """Write whom a deal is about: contacts are added and taken off one by one, the account replaced [D]."""
    if operation.stream != "deals":
        return {}
    inner: Row = {}
    before = linked_before(operation, "contact")
    contact = operation.links.get("contact")
    if operation.undoes and before is not None and contact is not None and contact not in before:
        inner["contacts_removed_list"] = [contact]
    elif contact is not None and contact not in (before or ()):
        inner["contacts_added_list"] = [contact]
    accounts, account = linked_before(operation, "sales_account"), operation.links.get("sales_account")
    if operation.undoes and accounts is not None:
        inner["sales_account_id"] = accounts[0] if accounts else None
    elif account is not None and account not in (accounts or ()):
        inner["sales_account_id"] = account
    return inner


def _account_rows(ids: list[int]) -> Row:
    return {
        "sales_accounts": [
            {"id": number, "is_primary": place == 0} for place, number in enumerate(dict.fromkeys(ids))
        ]
    }


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
