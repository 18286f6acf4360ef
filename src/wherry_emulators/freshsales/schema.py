"""Field metadata: what a module's fields are, as `GET /settings/<entity>/fields` tells it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import Any

TEXT_TYPES = frozenset({"text", "textarea"})
CHOICE_TYPES = frozenset({"dropdown", "radio", "multi_select_dropdown"})
DEFAULT_LENGTHS = {"text": 256, "textarea": 10_000}

# The original's numeric codes are not published; these are this emulator's own, beside the type names.
FIELD_TYPE_CODES: Mapping[int, str] = {
    1: "text",
    2: "textarea",
    3: "number",
    4: "dropdown",
    5: "checkbox",
    6: "radio",
    7: "date",
    8: "multi_select_dropdown",
    9: "lookup",
    10: "formula",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One value of a pick list; ``extra`` holds what some lists add, such as forecast_type."""

    id: int | str
    value: str
    position: int
    extra: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Write the choice as metadata shows it."""
        return {"id": self.id, "value": self.value, "position": self.position, **self.extra}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of an entity; ``source`` names the selector its choices come from, if any."""

    id: int
    name: str
    label: str
    type: str
    position: int = 1
    default: bool = True
    required: bool = False
    unique: bool = False
    writable: bool = True
    visible: bool = True
    actionable: bool = True
    quick_add_position: int | None = None
    source: str | None = None
    choices: tuple[Choice, ...] = ()
    max_length: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def length(self) -> int | None:
        """Longest text the field takes, in characters; None where length means nothing."""
        return self.max_length or DEFAULT_LENGTHS.get(self.type)

    @property
    def is_custom(self) -> bool:
        """Whether an admin made the field."""
        return not self.default

    def as_json(self, choices: Sequence[Choice], base_model: str) -> dict[str, Any]:
        """Write the field as `settings/<entity>/fields` does, with these choices."""
        return {
            "id": self.id,
            "label": self.label,
            "name": self.name,
            "type": self.type,
            "default": self.default,
            "actionable": self.actionable,
            "position": self.position,
            "choices": [choice.as_json() for choice in choices],
            "base_model": base_model,
            "required": self.required,
            "quick_add_position": self.quick_add_position,
            "visible": self.visible,
            **self.extra,
        }

    def with_choice(self, choice: Choice) -> "Field":
        """Copy the field with one more choice."""
        return replace(self, choices=(*self.choices, choice))


@cache
def default_rows(plural: str) -> tuple[Mapping[str, Any], ...]:
    """Rows of a fresh tenant's field metadata for contacts, sales_accounts, deals or sales_activities."""
    text = resources.files(__package__).joinpath("data", f"{plural}_fields.json").read_text(encoding="utf-8")
    return tuple(json.loads(text))


def default_field(row: Mapping[str, Any], position: int, choices: tuple[Choice, ...]) -> Field:
    """Build a default field from a row of the data file."""
    listed = row.get("choices")
    return Field(
        id=position,
        name=row["name"],
        label=row["label"],
        type=row["type"],
        position=position,
        required=row.get("required", False),
        unique=row.get("unique", False),
        writable=row.get("writable", True),
        visible=row.get("visible", True),
        quick_add_position=row.get("quick_add_position"),
        source=listed[1:] if isinstance(listed, str) else None,
        choices=choices,
        max_length=row.get("max_length"),
        extra=row.get("extra", {}),
    )


class Schema:
    """The fields of one entity, by name, in their order; admins may add to them."""

    def __init__(self, base_model: str, form_id: int, fields: Sequence[Field]) -> None:
        self.base_model = base_model
        self.form_id = form_id
        self._fields = {one.name: one for one in fields}

    def __iter__(self) -> Any:
        return iter(tuple(self._fields.values()))

    def get(self, name: str) -> Field | None:
        """Find a field by name."""
        return self._fields.get(name)

    def put(self, one: Field) -> None:
        """Add a field, or put a changed one in its place."""
        self._fields[one.name] = one

    @property
    def custom(self) -> tuple[Field, ...]:
        """Fields that admins made."""
        return tuple(one for one in self._fields.values() if one.is_custom)


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("Default metadata: 65 contact, 31 account, 35 deal and 16 sales activity fields", "[L]", "RV *_fields"),
    ("Choice ids are strings for system lists, numbers for others", "[L]", "RV"),
    ("Numeric field_type codes are this emulator's own; type names are taken as well", "[?]", "section 3.13"),
    ("Text 256, textarea 10 000, mobile 30 characters", "[D]", "SUP 50000002390"),
)
