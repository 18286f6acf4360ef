"""Contacts: what may be written to one, and what follows from it."""

from typing import TYPE_CHECKING, Any

from wherry_emulators.freshsales.addresses import clean_emails, clean_phone_numbers
from wherry_emulators.freshsales.unique import check_unique
from wherry_emulators.freshsales.validate import Problems, clean_fields, whole_number
from wherry_emulators.freshsales.wire import Record

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

_DEFAULTS: Record = {
    "subscription_status": 1,
    "subscription_types": "2;3;4;5;1",
    "whatsapp_subscription_status": 2,
    "sms_subscription_status": 2,
    "customer_fit": 0,
    "lead_score": 0,
}


def prepare_contact(state: "State", old: Record | None, body: Record) -> Record:
    """Turn a body into a contact's changes; ApiError 400 with everything that is wrong with it."""
    problems = Problems()
    changes = clean_fields(state, "contact", body, old, problems)
    changes |= clean_emails(state, body, old, problems)
    changes |= clean_phone_numbers(state, body, old, problems)
    changes |= clean_tags(body, problems)
    changes |= _clean_accounts(state, body, old, problems)
    changes |= _clean_lifecycle(state, changes, old, problems)
    after = {**(old or {}), **changes}
    if not after.get("last_name") and not after.get("email"):
        problems.add("Last name or email can't be blank")
    check_unique(state, "contact", old, changes, problems)
    problems.raise_if_any()
    return changes if old else {**_DEFAULTS, **changes}


def clean_tags(body: Record, problems: Problems) -> Record:
    """Read ``tags`` of a body: the complete set of texts; null is the empty set."""
    if "tags" not in body:
        return {}
    given = body["tags"] or []
    if not isinstance(given, list) or not all(isinstance(tag, str) for tag in given):
        problems.add("The type for tags is invalid.")
        return {}
    return {"tags": list(dict.fromkeys(tag for tag in given if tag))}


def _clean_accounts(state: "State", body: Record, old: Record | None, problems: Problems) -> Record:
    if "sales_accounts" in body:
        rows = _account_rows(state, body["sales_accounts"], problems)
        return {} if rows is None else {"sales_accounts": rows}
    if "sales_account_id" not in body:
        return {}
    known = [row for row in (old or {}).get("sales_accounts") or () if not row["is_primary"]]
    given = body["sales_account_id"]
    if given in (None, ""):
        return {"sales_accounts": known}
    account = whole_number(given)
    if account is None or state.find("sales_account", account) is None:
        problems.add("Sales account is invalid")
        return {}
    others = [row for row in known if row["id"] != account]
    return {"sales_accounts": [{"id": account, "is_primary": True}, *others]}


def _account_rows(state: "State", given: Any, problems: Problems) -> list[Record] | None:
    rows = [] if given is None else given
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        problems.add("The type for sales_accounts is invalid.")
        return None
    kept = [row for row in rows if row.get("_destroy") is not True]
    ids = [whole_number(row.get("id")) for row in kept]
    if any(one is None or state.find("sales_account", one) is None for one in ids):
        problems.add("Sales accounts is invalid")
        return None
    flags = [row.get("is_primary") in (True, "true", 1) for row in kept]
    chosen = flags.index(True) if True in flags else 0
    primary = ids[chosen] if ids else None
    return [{"id": one, "is_primary": one == primary} for one in dict.fromkeys(ids)]


def _clean_lifecycle(state: "State", changes: Record, old: Record | None, problems: Problems) -> Record:
    if "lifecycle_stage_id" not in changes and "contact_status_id" not in changes:
        return {}
    after = {**(old or {}), **changes}
    status = state.selectors.find("contact_statuses", after.get("contact_status_id"))
    if "lifecycle_stage_id" not in changes:
        stage = after.get("lifecycle_stage_id") if status is None else status["lifecycle_stage_id"]
        return {"lifecycle_stage_id": stage}
    stage_id = changes["lifecycle_stage_id"]
    if stage_id is None:
        return {"contact_status_id": None}
    if status is not None and status["lifecycle_stage_id"] == stage_id:
        return {}
    if changes.get("contact_status_id") is not None:
        problems.add("Status does not belong to the lifecycle stage")
        return {}
    of_stage = state.selectors.statuses_of(stage_id)
    return {"contact_status_id": of_stage[0]["id"] if of_stage else None}


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("A contact needs a last name or an email", "[C]", "MC notes; section 3.1"),
    ("sales_accounts and tags replace the whole set", "[C]/[D]", "RS; section 3.1"),
    (
        "A new contact is subscribed to everything by email unless told otherwise",
        "[L]",
        "captured create reply",
    ),
    (
        "A status brings its lifecycle stage; a stage alone brings its first status; a mismatch is a 400",
        "[I]",
        "section 4",
    ),
    ("An unknown account in sales_accounts is a 400", "[I]", "strict reading"),
)
