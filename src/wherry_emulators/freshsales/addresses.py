"""A contact's grouped values: its email addresses and its other phone numbers."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from wherry_emulators.freshsales.validate import Problems
from wherry_emulators.freshsales.wire import Record

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

_EMAIL = re.compile(r"^[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+$")
_LONGEST = 256
Rows = list[Record]


def clean_emails(state: "State", body: Record, old: Record | None, problems: Problems) -> Record:
    """Read ``email`` and ``emails`` of a body; the changes hold both, the primary address as ``email``."""
    if "email" not in body and "emails" not in body:
        return {}
    rows: Rows = [dict(row) for row in (old or {}).get("emails") or ()]
    given = body.get("emails")
    if isinstance(given, str):
        rows = _with_primary(state, rows, given)
    elif isinstance(given, list):
        rows = _merged(rows, given, lambda: state.ids.next("email"), "emails", problems)
    elif given is not None:
        problems.add("The type for emails is invalid.")
    if "email" in body:
        rows = _with_primary(state, rows, body["email"])
    rows = _one_primary(rows)
    if not all(_is_email(row["value"]) for row in rows):
        problems.add("Email is invalid")
        return {}
    primary = next((row["value"] for row in rows if row["is_primary"]), None)
    return {"emails": rows, "email": primary}


def clean_phone_numbers(state: "State", body: Record, old: Record | None, problems: Problems) -> Record:
    """Read ``phone_numbers`` of a body: rows are added, changed by id or value, or taken away."""
    given = body.get("phone_numbers")
    if given is None:
        return {"phone_numbers": []} if "phone_numbers" in body else {}
    if not isinstance(given, list):
        problems.add("The type for phone_numbers is invalid.")
        return {}
    rows: Rows = [dict(row) for row in (old or {}).get("phone_numbers") or ()]
    merged = _merged(rows, given, lambda: state.ids.next("phone"), "phone_numbers", problems)
    if any(len(row["value"]) > 30 for row in merged):
        problems.add("Other phone numbers is too long (maximum is 30 characters)")
    return {"phone_numbers": merged}


def _is_email(value: str) -> bool:
    return len(value) <= _LONGEST and bool(_EMAIL.match(value))


def _with_primary(state: "State", rows: Rows, value: Any) -> Rows:
    others = [row for row in rows if not row["is_primary"]]
    primary = next((row for row in rows if row["is_primary"]), None)
    if value is None or value == "":
        return others
    same = next((row for row in others if row["value"].casefold() == str(value).casefold()), None)
    if same:
        return [{**same, "is_primary": True}, *(row for row in others if row is not same)]
    kept = primary or {"id": state.ids.next("email"), "label": None, "_destroy": False}
    return [{**kept, "value": str(value), "is_primary": True}, *others]


def _one_primary(rows: Rows) -> Rows:
    chosen = next((place for place, row in enumerate(rows) if row["is_primary"]), 0)
    return [{**row, "is_primary": place == chosen} for place, row in enumerate(rows)]


def _merged(rows: Rows, given: list[Any], new_id: Callable[[], int], name: str, problems: Problems) -> Rows:
    for one in given:
        wanted = {"value": one} if isinstance(one, str) else one
        if not isinstance(wanted, dict):
            problems.add(f"The type for {name} is invalid.")
            return rows
        rows = _merge_one(rows, wanted, new_id)
    return rows


def _merge_one(rows: Rows, wanted: Record, new_id: Callable[[], int]) -> Rows:
    value = wanted.get("value")
    by_id = wanted.get("id") is not None
    found = next(
        (row for row in rows if (row["id"] == wanted.get("id") if by_id else row["value"] == value)), None
    )
    if wanted.get("_destroy") in (True, "true", "1", 1):
        return [row for row in rows if row is not found]
    if value in (None, "") and found is None:
        return rows
    primary = wanted.get("is_primary") in (True, "true", 1)
    if primary:
        rows = [{**row, "is_primary": False} if row is not found else row for row in rows]
    made = {
        "id": found["id"] if found else new_id(),
        "value": str(value) if value not in (None, "") else (found or {})["value"],
        "is_primary": primary or (bool(found and found["is_primary"]) and "is_primary" not in wanted),
        "label": wanted.get("label", found["label"] if found else None),
        "_destroy": False,
    }
    return [made if row is found else row for row in rows] if found else [*rows, made]


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("emails is a text or an array on write, an array of rows on read", "[L]/[C]", "RV, BF, RS"),
    (
        "Rows of emails and phone_numbers are added or changed by id or value; _destroy removes",
        "[I]",
        "Rails",
    ),
)
