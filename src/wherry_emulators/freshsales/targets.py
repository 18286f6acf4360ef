"""Targetables: the contact, account or deal that a note, task, appointment or activity belongs to."""

from typing import TYPE_CHECKING, Any

from wherry_emulators.freshsales.validate import Problems, whole_number
from wherry_emulators.freshsales.wire import Record

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

TARGET_MODELS = ("Contact", "SalesAccount", "Deal")


def clean_targets(
    state: "State",
    body: Record,
    old: Record | None,
    problems: Problems,
    models: tuple[str, ...] = TARGET_MODELS,
    *,
    custom: bool = True,
) -> Record:
    """Read ``targetable_type`` and ``targetable_id``, or ``targetables`` rows, of a body.

    On create at least one is required. The type must be one of ``models`` in CamelCase,
    or with ``custom`` that of a custom module, and the record live. On Classic it may
    be a lead as well, as far as a switch says so.
    """
    rows = _given(body)
    if rows is None:
        if old is None:
            problems.add("Targetable can't be blank")
        return {}
    allowed = {
        *models,
        *_leads(state, models, custom=custom),
        *(one.model for one in state.entities.values() if custom and one.is_custom),
    }
    found: list[Record] = []
    for row in rows:
        _take(state, row, allowed, found, problems)
    if not rows:
        problems.add("Targetable can't be blank")
    return {"targetables": found}


def task_models(state: "State") -> tuple[str, ...]:
    """Models that a task may hang on."""
    return (*TARGET_MODELS, "Lead") if state.switches.edition == "classic" else TARGET_MODELS


def _leads(state: "State", models: tuple[str, ...], *, custom: bool) -> tuple[str, ...]:
    switches = state.switches
    taken = switches.edition == "classic" and switches.leads_targetable == "all"
    return ("Lead",) if taken and custom and models is TARGET_MODELS else ()


def _given(body: Record) -> list[Any] | None:
    if body.get("targetable_type") is not None or body.get("targetable_id") is not None:
        return [{"type": body.get("targetable_type"), "id": body.get("targetable_id")}]
    rows = body.get("targetables")
    return rows if isinstance(rows, list) else None


def _take(state: "State", row: Any, models: set[str], found: list[Record], problems: Problems) -> None:
    model = row.get("type") if isinstance(row, dict) else None
    entity = state.entity_of_model(model)
    if entity is None or model not in models:
        problems.add("Targetable type is invalid")
        return
    record_id = whole_number(row.get("id"))
    if record_id is None or state.find(entity.key, record_id) is None:
        problems.add("Targetable must exist")
        return
    found.append({"id": record_id, "type": entity.model})


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    (
        "targetable_type is Contact, SalesAccount or Deal on write; targetables show CamelCase, targetable snake_case",
        "[L]",
        "RV",
    ),
    ("On Classic a task may hang on a lead", "[D]", "section 3.7"),
    ("On Classic notes and appointments may as well", "[?]", "switch leads.targetable"),
    ("An unknown targetable is a 400", "[I]", "strict reading"),
)
