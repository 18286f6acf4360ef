"""The rules a written value must keep, field by field; what breaks one is refused with a 400."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from wherry_emulators.freshsales.errors import ApiError
from wherry_emulators.freshsales.schema import Choice, Field
from wherry_emulators.freshsales.times import parse_date, parse_date_or_instant, parse_instant, write_instant
from wherry_emulators.freshsales.wire import Record

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

PLAIN_DATES = frozenset({"expected_close", "closed_date"})
_OWN_RULES = frozenset({"group_field", "auto_complete", "formula"})
_REQUIRED_ELSEWHERE = frozenset({"deal_reason_id"})
_DIGITS_BEFORE, _DIGITS_AFTER = 11, 4


class Invalid(Exception):
    """A value breaks a rule; the text is the complaint that follows the field's label."""


class Problems:
    """Collects complaints, so that one refusal lists them all."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def add(self, message: str) -> None:
        """Note a complaint, once."""
        if message not in self.messages:
            self.messages.append(message)

    def raise_if_any(self) -> None:
        """Raise ApiError 400 with all complaints, if there are any."""
        if self.messages:
            raise ApiError(400, *self.messages)


def clean_fields(state: "State", key: str, body: Record, old: Record | None, problems: Problems) -> Record:
    """Read the body's values of an entity with metadata: known and writable keys only, each checked.

    ``old`` is the record before an update, None on create. The result holds the changes, with
    ``custom_field`` complete; complaints go to ``problems``.
    """
    changes: Record = {}
    for field in state.schemas[key]:
        if field.is_custom or not field.writable or field.type in _OWN_RULES or field.name not in body:
            continue
        _take(state, key, field, body[field.name], changes, problems)
    if "custom_field" in body:
        known = (old or {}).get("custom_field") or {}
        changes["custom_field"] = clean_custom(state, key, body["custom_field"], known, problems)
    _require(state, key, body, {**(old or {}), **changes}, problems)
    return changes


def clean_custom(
    state: "State", key: str, given: Any, known: Mapping[str, Any], problems: Problems
) -> Record:
    """Read ``custom_field``: unknown names and bad values are complaints, null takes a value away."""
    if given is None:
        return dict(known)
    if not isinstance(given, dict):
        problems.add("The type for custom_field is invalid.")
        return dict(known)
    changes: Record = {}
    for name, value in given.items():
        field = state.schemas[key].get(name)
        if field is None or not field.is_custom:
            problems.add(f"{name} is not a valid custom field")
        elif field.type != "formula":
            _take(state, key, field, value, changes, problems)
    return {name: value for name, value in {**known, **changes}.items() if value is not None}


def _take(state: "State", key: str, field: Field, value: Any, changes: Record, problems: Problems) -> None:
    try:
        changes[field.name] = coerce(state, key, field, value)
    except Invalid as broken:
        problems.add(f"{field.label} {broken}")


def _require(state: "State", key: str, body: Record, after: Record, problems: Problems) -> None:
    creating = "id" not in after
    for field in state.schemas[key]:
        if not field.required or field.type in _OWN_RULES or field.name in _REQUIRED_ELSEWHERE:
            continue
        touched = body.get("custom_field") if field.is_custom else body
        if not creating and not (isinstance(touched, dict) and field.name in touched):
            continue
        holder = after.get("custom_field") or {} if field.is_custom else after
        if holder.get(field.name) in (None, "") and not _complained(field, problems):
            problems.add(f"{field.label} can't be blank")


def _complained(field: Field, problems: Problems) -> bool:
    return any(message.startswith(f"{field.label} ") for message in problems.messages)


def coerce(state: "State", key: str, field: Field, value: Any) -> Any:
    """Turn a written value into the stored one; null and blank text clear. Invalid if it breaks a rule."""
    if value is None or value == "":
        return None
    rules: Mapping[str, Callable[[], Any]] = {
        "text": lambda: text(value, field.length),
        "textarea": lambda: text(value, field.length),
        "number": lambda: number(value),
        "checkbox": lambda: truth(value),
        "date": lambda: _date(state, field, value),
        "date_time_split": lambda: instant(state, value),
        "dropdown": lambda: _dropdown(state, key, field, value),
        "radio": lambda: _dropdown(state, key, field, value),
        "multi_select_dropdown": lambda: _multi_select(state, key, field, value),
        "lookup": lambda: _lookup(state, field, value),
    }
    return rules[field.type]()


def text(value: Any, longest: int | None) -> str:
    """Read a text of at most so many characters; numbers are taken as their digits."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise Invalid("is invalid")
    found = str(value)
    if longest is not None and len(found) > longest:
        raise Invalid(f"is too long (maximum is {longest} characters)")
    return found


def number(value: Any) -> int | float:
    """Read a number of at most 11 digits before and 4 after the point, also from text."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise Invalid("is not a number")
    try:
        exact = Decimal(str(value).strip())
    except InvalidOperation as error:
        raise Invalid("is not a number") from error
    if not exact.is_finite():
        raise Invalid("is not a number")
    if abs(exact) >= Decimal(10) ** _DIGITS_BEFORE:
        raise Invalid(f"is too long (maximum is {_DIGITS_BEFORE} digits before the decimal point)")
    if exact != round(exact, _DIGITS_AFTER):
        raise Invalid(f"is too long (maximum is {_DIGITS_AFTER} digits after the decimal point)")
    found = float(exact)
    return int(found) if found == math.floor(found) and not isinstance(value, float) else found


def truth(value: Any) -> bool:
    """Read a checkbox."""
    match str(value).lower() if isinstance(value, (bool, str, int)) else "":
        case "true" | "1":
            return True
        case "false" | "0":
            return False
        case _:
            raise Invalid("is invalid")


def instant(state: "State", value: Any) -> str:
    """Read an instant and give it as records show it."""
    found = parse_instant(value, state.zone)
    if found is None:
        raise Invalid("is invalid")
    return write_instant(found)


def whole_number(value: Any) -> int | None:
    """Read an id given as a number or as digits; None if it is neither."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return None


def reference(state: "State", source: str, value: Any) -> int:
    """Read the id of a row of a selector list; Invalid if there is none."""
    found = whole_number(value)
    if found is None or state.selectors.find(source, found) is None:
        raise Invalid("is invalid")
    return found


def _date(state: "State", field: Field, value: Any) -> str:
    if field.name in PLAIN_DATES:
        day = parse_date(value, state.zone)
        found = day.isoformat() if day else None
    else:
        found = parse_date_or_instant(value, state.zone)
    if found is None:
        raise Invalid("is invalid")
    return found


def _dropdown(state: "State", key: str, field: Field, value: Any) -> Any:
    if field.source == "time_zones":
        return _static_choice(state, field, value)
    if field.source is not None:
        return reference(state, field.source, value)
    if field.is_custom:
        return _custom_choice(state, key, field, value)
    return _static_choice(state, field, value)


def _static_choice(state: "State", field: Field, value: Any) -> int | str:
    found = next((one for one in state.choices(field) if str(one.id) == str(value)), None)
    if found is None:
        raise Invalid("is invalid")
    as_number = whole_number(found.id)
    return found.id if as_number is None else as_number


def _custom_choice(state: "State", key: str, field: Field, value: Any) -> str | None:
    form = state.switches.choice_write_form
    # The field may have grown by a choice since the caller read it.
    current = state.schemas[key].get(field.name) or field
    if form != "id":
        found = next((one for one in current.choices if one.value == value), None)
        if found:
            return found.value
    if form != "text":
        found = next((one for one in current.choices if str(one.id) == str(value)), None)
        if found:
            return found.value
    return _unknown_choice(state, key, current, value)


def _unknown_choice(state: "State", key: str, field: Field, value: Any) -> str | None:
    match state.switches.unknown_choice:
        case "ignore":
            return None
        case "create":
            fresh = Choice(
                id=state.ids.next("choice"), value=text(value, 256), position=len(field.choices) + 1
            )
            state.schemas[key].put(replace(field, choices=(*field.choices, fresh)))
            return fresh.value
        case "reject":
            raise Invalid("is not included in the list")


def _multi_select(state: "State", key: str, field: Field, value: Any) -> str | None:
    parts = value.split(";") if isinstance(value, str) else value
    if not isinstance(parts, list):
        raise Invalid("is invalid")
    wanted = [part.strip() if isinstance(part, str) else part for part in parts]
    pick = _custom_choice if field.is_custom else _system_choice
    picked = [pick(state, key, field, part) for part in wanted if part not in (None, "")]
    return ";".join(one for one in picked if one is not None) or None


def _system_choice(state: "State", key: str, field: Field, value: Any) -> str:
    del key
    return str(_static_choice(state, field, value))


def _lookup(state: "State", field: Field, value: Any) -> int:
    found = whole_number(value)
    target = field.extra.get("lookup_entity")
    if found is None or (target in state.tables and state.find(target, found) is None):
        raise Invalid("is invalid")
    return found


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("Unknown and read-only keys of a body are ignored", "[I]", "Rails"),
    ("An unknown cf_ name under custom_field is a 400", "[I]", "strict reading"),
    ("null clears a value; on a required field it is a 400", "[L]", "NODE"),
    ("Reference ids must exist in their selector", "[I]", "strict reading"),
    ("An unknown choice is a 400", "[?]", "switch unknown_choice"),
    ("Custom dropdowns are written by text", "[I]", "switch choice.write_form"),
    ("Multi-selects are one text joined by ;", "[L]/[D]", "RV; SUP 50000002586"),
    ("Numbers have at most 11 digits before and 4 after the point", "[D]", "SUP 50000002390"),
)
