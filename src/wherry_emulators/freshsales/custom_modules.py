"""Custom modules: what an admin defines, the entity that follows from it, and what may be written to a record."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wherry_emulators.freshsales.body_values import read_values, require
from wherry_emulators.freshsales.entity import Entity
from wherry_emulators.freshsales.errors import ApiError
from wherry_emulators.freshsales.schema import Field
from wherry_emulators.freshsales.switches import Plan
from wherry_emulators.freshsales.unique import check_unique
from wherry_emulators.freshsales.validate import Invalid, Problems, clean_fields, number, text, truth
from wherry_emulators.freshsales.wire import Record

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

KEY = "module_customization"
_ENTITY_NAME = re.compile(r"cm_[a-z][a-z0-9_]{0,60}")
_LABELS = {
    "singular_name": "Singular name",
    "plural_name": "Plural name",
    "entity_name": "Entity name",
    "icon": "Icon",
}
_SHOWN = (
    "id name owner_id custom_field created_at creator_id updated_at updater_id avatar recent_note links "
    "record_type_id is_deleted"
)
_FIELDS: tuple[tuple[str, str, str], ...] = (
    ("name", "Name", "text"),
    ("owner_id", "Sales owner", "dropdown"),
    ("creator_id", "Created by", "dropdown"),
    ("updater_id", "Updated by", "dropdown"),
    ("created_at", "Created at", "date_time_split"),
    ("updated_at", "Updated at", "date_time_split"),
)


def require_custom_modules(state: "State") -> None:
    """Raise ApiError 403 on a plan without custom modules: any but Enterprise."""
    if state.plan is not Plan.ENTERPRISE:
        raise ApiError(403, "Your plan does not include custom modules")


def prepare_definition(state: "State", old: Record | None, body: Record) -> Record:
    """Turn a body into a definition's changes; ApiError 400 with everything that is wrong with it.

    An entity name begins with ``cm_``, is given once and never changes.
    """
    problems = Problems()
    changes = read_values(
        body if old is None else {name: value for name, value in body.items() if name != "entity_name"},
        {
            **{name: (label, lambda value: text(value, 256)) for name, label in _LABELS.items()},
            "entity_name": ("Entity name", lambda value: _entity_name(state, value)),
            "description": ("Description", lambda value: text(value, 65_535)),
            "show_in_navigation_menu": ("Show in navigation menu", truth),
            "position": ("Position", lambda value: int(number(value))),
        },
        problems,
    )
    require({**(old or {}), **changes}, _LABELS, problems)
    problems.raise_if_any()
    return changes if old else {**_fresh(state, changes["entity_name"]), **changes}


def define(state: "State", definition: Record) -> None:
    """Make room for the records of a defined module: its table, its six default fields, its views."""
    entity_name = definition["entity_name"]
    entity = Entity(
        key=entity_name,
        plural=entity_name,
        model="".join(part.capitalize() for part in entity_name.split("_")),
        label=definition["singular_name"],
        shown={name: False if name == "is_deleted" else None for name in _SHOWN.split()},
        has_schema=True,
        is_custom=True,
        link_names=("notes", "tasks", "appointments"),
    )
    state.add_entity(entity, _default_fields(), form_id=definition["form_id"])
    title = definition["plural_name"]
    state.add_views(entity_name, ((f"My {title}", True), (f"All {title}", True), ("Recycle Bin", True)))


def rename(state: "State", definition: Record) -> None:
    """Let the entity follow a changed definition."""
    key = definition["entity_name"]
    state.entities[key] = replace(state.entities[key], label=definition["singular_name"])


def prepare_record(state: "State", key: str, old: Record | None, body: Record) -> Record:
    """Turn a body into a record's changes; ApiError 400 with everything that is wrong with it."""
    problems = Problems()
    changes = clean_fields(state, key, body, old, problems)
    check_unique(state, key, old, changes, problems)
    problems.raise_if_any()
    return changes


def _entity_name(state: "State", value: Any) -> str:
    if not isinstance(value, str) or not _ENTITY_NAME.fullmatch(value):
        raise Invalid("is invalid")
    if value in state.entities:
        raise Invalid("has already been taken")
    return value


def _fresh(state: "State", entity_name: str) -> Record:
    return {
        "custom": True,
        "status": 1,
        "position": len(list(state.tables[KEY].everything())) + 1,
        "table_name": entity_name,
        "coll_id": state.ids.next("collection"),
        "form_id": state.ids.next("form"),
        "description": None,
        "show_in_navigation_menu": True,
        "resource_path_for_navigation": f"/crm/sales/custom_module/{entity_name}",
    }


def _default_fields() -> list[Field]:
    return [
        Field(
            id=place,
            name=name,
            label=label,
            type=kind,
            position=place,
            required=name == "name",
            writable=name in {"name", "owner_id"},
            source="users" if kind == "dropdown" else None,
        )
        for place, (name, label, kind) in enumerate(_FIELDS, 1)
    ]


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("Custom modules need Enterprise; otherwise 403", "[D]", "SUP 50000002402"),
    (
        "A module needs singular_name, plural_name, entity_name and icon; the entity name begins with cm_",
        "[D]/[I]",
        "MC; the pattern is inferred",
    ),
    (
        "Six default fields: name (required), owner, creator, updater and both stamps",
        "[D]/[I]",
        "SUP 50000002402 has the number, not the names",
    ),
)
