"""Custom fields: made by an admin, by a seed or by a call, within the plan's caps per type."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wherry_emulators.freshsales.errors import ApiError
from wherry_emulators.freshsales.schema import CHOICE_TYPES, FIELD_TYPE_CODES, Choice, Field
from wherry_emulators.freshsales.switches import Plan
from wherry_emulators.freshsales.validate import Invalid, truth, whole_number
from wherry_emulators.freshsales.wire import Record

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

_PLANS = (Plan.FREE, Plan.GROWTH, Plan.PRO, Plan.ENTERPRISE)
_CAPS: Mapping[str, tuple[int, int, int, int]] = {
    "text": (0, 20, 30, 70),
    "dropdown": (0, 30, 40, 250),
    "textarea": (0, 5, 10, 20),
    "multi_select_dropdown": (0, 5, 10, 30),
    "number": (0, 30, 50, 70),
    "checkbox": (0, 30, 50, 70),
    "date": (0, 30, 50, 70),
    "lookup": (0, 0, 10, 50),
    "formula": (0, 0, 40, 40),
}
_TOTAL = (0, 150, 250, 630)
_SALES_ACTIVITY_CAP = 5
_UNIQUE_CAPS = {"contact": 4, "sales_account": 2}
_MAX_CHOICES = 300
_MODULE_FIELDS, _MODULE_UNIQUE = 310, 2
_TAKEN = ("choices", "required", "unique", "field_options", "lookup_entity")
_SHARED = {"radio": "dropdown"}
_TYPE_NAMES = frozenset(FIELD_TYPE_CODES.values())


def field_name(label: str) -> str:
    """The API name of a custom field: cf_ and the label in lower case, all else than letters and digits as _."""
    return "cf_" + re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")


def cap(plan: Plan, entity: str, field_type: str) -> int:
    """How many custom fields of a type an entity may have; radio counts with dropdown."""
    allowed = _CAPS[_SHARED.get(field_type, field_type)][_PLANS.index(plan)]
    return min(allowed, _SALES_ACTIVITY_CAP) if entity == "sales_activity" else allowed


def create_custom_field(state: "State", entity: str, given: Mapping[str, Any]) -> Field:
    """Add a custom field as a call asks: label, field_type (name or code), choices, required, unique.

    ApiError 400 if the label is missing or taken, the type unknown, or a cap of the plan reached.
    """
    label = given.get("label")
    if not isinstance(label, str) or not re.search(r"[A-Za-z0-9]", label):
        raise ApiError(400, "Label can't be blank")
    kind = _field_type(given)
    _check_caps(state, entity, kind, unique=_unique(given))
    if given.get("lookup_entity") is not None and given["lookup_entity"] not in state.schemas:
        raise ApiError(400, "Lookup entity is invalid")
    kept = {name: given[name] for name in _TAKEN if name in given}
    return add_custom_field(state, entity, {**kept, "label": label.strip(), "type": kind})


def add_custom_field(state: "State", entity: str, row: Mapping[str, Any]) -> Field:
    """Add a custom field without regard to caps; ApiError 400 if its name is taken or its choices are bad."""
    schema = state.schemas[entity]
    name = row.get("name") or field_name(row["label"])
    if schema.get(name) or any(one.label.casefold() == row["label"].casefold() for one in schema):
        raise ApiError(400, "Label has already been taken")
    kind = row.get("type", "text")
    target = row.get("lookup_entity")
    extra = {"lookup_entity": target} if isinstance(target, str) else {}
    made = Field(
        id=state.ids.next("field"),
        name=name,
        label=row["label"],
        type=kind,
        position=len(list(schema)) + 1,
        default=False,
        required=_flag("Required", row.get("required", False)),
        unique=_unique(row),
        choices=_choices(state, kind, row.get("choices")),
        extra=extra,
    )
    schema.put(made)
    return made


def field_from_json(row: Mapping[str, Any], known: Field | None) -> Field:
    """Read a field as `settings/<entity>/fields` or a dump writes it, over what is known of it."""
    rows = row.get("choices") or ()
    plain = ("id", "value", "position")
    listed = tuple(
        Choice(
            id=one["id"],
            value=one["value"],
            position=one.get("position", place),
            extra={key: value for key, value in one.items() if key not in plain},
        )
        for place, one in enumerate(rows, 1)
    )
    if known is None:
        known = Field(id=row["id"], name=row["name"], label=row["label"], type=row["type"], default=False)
    return replace(
        known,
        id=row["id"],
        label=row["label"],
        type=row["type"],
        required=row.get("required", known.required),
        unique=row.get("unique", known.unique),
        visible=row.get("visible", known.visible),
        position=row.get("position", known.position),
        quick_add_position=row.get("quick_add_position", known.quick_add_position),
        choices=() if known.source else listed,
        extra={**known.extra, **({"lookup_entity": row["lookup_entity"]} if "lookup_entity" in row else {})},
    )


def field_to_json(state: "State", entity: str, field: Field) -> Record:
    """Write a field as a dump does: as metadata shows it, with ``unique``."""
    shown = field.as_json(state.choices(field), state.schemas[entity].base_model)
    return {**shown, "unique": field.unique}


def form_field(state: "State", entity: str, field: Field) -> Record:
    """Write a field as the forms of an entity and the reply to its creation show it."""
    schema = state.schemas[entity]
    return {
        **field.as_json(state.choices(field), schema.base_model),
        "form_id": schema.form_id,
        "parent_id": None,
        "editable": field.writable,
        "field_class": schema.base_model,
        "field_options": {"unique": field.unique, "system_field": field.default},
        "default_value": None,
        "hint": None,
        "placeholder": None,
    }


def _field_type(given: Mapping[str, Any]) -> str:
    wanted = given.get("field_type", given.get("type"))
    code = whole_number(wanted)
    kind = FIELD_TYPE_CODES.get(code) if code is not None else wanted
    if not isinstance(kind, str) or kind not in _TYPE_NAMES:
        raise ApiError(400, "Field type is invalid")
    return kind


def _unique(given: Mapping[str, Any]) -> bool:
    options = given.get("field_options")
    inner = options.get("unique", False) if isinstance(options, dict) else False
    return _flag("Unique", given.get("unique", inner))


def _flag(label: str, value: Any) -> bool:
    try:
        return truth(value)
    except Invalid as broken:
        raise ApiError(400, f"{label} {broken}") from broken


def _check_caps(state: "State", entity: str, kind: str, *, unique: bool) -> None:
    custom = state.schemas[entity].custom
    shared = _SHARED.get(kind, kind)
    same = sum(_SHARED.get(one.type, one.type) == shared for one in custom)
    if same >= cap(state.plan, entity, kind):
        raise ApiError(400, f"You have reached the maximum number of {kind} fields allowed in your plan")
    module = state.entities[entity].is_custom
    if module and len(list(state.schemas[entity])) >= _MODULE_FIELDS:
        raise ApiError(400, f"You have reached the maximum number of fields of a module ({_MODULE_FIELDS})")
    if len(custom) >= _TOTAL[_PLANS.index(state.plan)]:
        raise ApiError(400, "You have reached the maximum number of custom fields allowed in your plan")
    most = _MODULE_UNIQUE if module else _UNIQUE_CAPS.get(entity, 0)
    if unique and sum(one.unique for one in custom) >= most:
        raise ApiError(400, "You have reached the maximum number of unique fields allowed")


def _choices(state: "State", kind: str, given: Any) -> tuple[Choice, ...]:
    if kind not in CHOICE_TYPES:
        return ()
    rows = given if isinstance(given, (list, tuple)) else ()
    values = [row.get("value") if isinstance(row, dict) else row for row in rows]
    texts = [value for value in values if isinstance(value, str) and value.strip()]
    if not texts or len(texts) < len(values):
        raise ApiError(400, "Choices can't be blank")
    if len(values) > _MAX_CHOICES:
        raise ApiError(400, f"Choices is too long (maximum is {_MAX_CHOICES})")
    if len(set(texts)) < len(texts):
        raise ApiError(400, "Choices must be unique")
    return tuple(
        Choice(id=state.ids.next("choice"), value=value, position=place)
        for place, value in enumerate(texts, 1)
    )


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("Custom fields per entity, type and plan; five of each on sales activities", "[D]", "SUP 50000002390"),
    (
        "A custom module has at most 310 fields, the six default ones among them, within the caps per type",
        "[D]/[I]",
        "SUP 50000002402; how they are counted is inferred",
    ),
    ("At most 300 choices", "[D]", "SUP 50000002390"),
    (
        "Custom unique fields: 4 on contacts, 2 on accounts and on each custom module, none elsewhere",
        "[D]",
        "SUP 50000002578, 50000002402",
    ),
    ("Field type is a name or a code of this emulator; choices are texts or {value}", "[?]", "section 3.13"),
    ("A custom field is called cf_ and its label as a slug", "[I]", "captured cf_ names"),
)
