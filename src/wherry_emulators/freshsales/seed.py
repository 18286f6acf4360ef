"""An account as a JSON seed: written by a person, primed from a real tenant's catalogue, or dumped."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from wherry_emulators.freshsales.custom_modules import define, prepare_definition
from wherry_emulators.freshsales.document_entities import MODULE_CUSTOMIZATION as DEFINITIONS
from wherry_emulators.freshsales.form_fields import add_custom_field, field_from_json, field_to_json
from wherry_emulators.freshsales.wire import Record

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State


def names_of(state: "State") -> dict[str, str]:
    """The entities of an account by plural name, in the order in which their records are restored."""
    return {entity.plural: key for key, entity in state.entities.items()}


def load_seed(state: "State", seed: Mapping[str, Any]) -> None:
    """Add what a seed holds to the account; every key is optional.

    ``users``: rows with at least display_name and email; they replace the default user, and calls are made in
    the name of the first, or of ``user_id``. ``selectors``: list name to rows, which replace the list, or to
    names, which are added (a contact status to the first lifecycle stage). ``fields``: plural entity to rows of `settings/<entity>/fields`, which replace
    fields of the same name. ``module_customizations``: definitions of custom
    modules, whose ``entity_name`` is their plural. ``custom_fields``: plural entity to rows of label, type, choices, required and
    unique. Each plural entity (``sales_accounts``, ``contacts``, ``deals``, …): records as they would be
    written, with or without ``id``. Values are stored as given: a seed is trusted. KeyError names an unknown
    entity.
    """
    if seed.get("users"):
        state.selectors.replace("users", (_user(row) for row in seed["users"]))
        state.user_id = seed.get("user_id") or state.selectors.rows("users")[0]["id"]
    for name, rows in seed.get("selectors", {}).items():
        _load_selector(state, name, rows)
    for row in seed.get(DEFINITIONS.plural, ()):
        define(state, state.restore(DEFINITIONS.key, _complete_definition(state, row)))
    names = names_of(state)
    for plural, rows in seed.get("fields", {}).items():
        _load_fields(state, names[plural], rows)
    for plural, rows in seed.get("custom_fields", {}).items():
        for row in rows:
            add_custom_field(state, names[plural], row)
    _load_records(state, seed)


def _load_records(state: "State", seed: Mapping[str, Any]) -> None:
    for plural, key in names_of(state).items():
        if key != DEFINITIONS.key:
            for row in seed.get(plural, ()):
                state.restore(key, _complete(state, key, row))


def _load_fields(state: "State", key: str, rows: Iterable[Mapping[str, Any]]) -> None:
    schema = state.schemas[key]
    for row in rows:
        state.ids.keep_clear_of("field", row["id"])
        for choice in row.get("choices") or ():
            if isinstance(choice["id"], int):
                state.ids.keep_clear_of("choice", choice["id"])
        schema.put(field_from_json(row, schema.get(row["name"])))


def dump(state: "State") -> dict[str, Any]:
    """Give the account as a seed that restores it exactly, the recycle bin included."""
    selectors = {name: state.selectors.rows(name) for name in state.selectors.names() if name != "users"}
    fields = {
        state.entities[key].plural: [field_to_json(state, key, one) for one in schema]
        for key, schema in state.schemas.items()
    }
    records = {plural: list(state.tables[key].everything()) for plural, key in names_of(state).items()}
    return {
        "users": state.selectors.rows("users"),
        "user_id": state.user_id,
        "selectors": selectors,
        "fields": fields,
        **records,
    }


def _user(row: Mapping[str, Any]) -> Record:
    return {"email": None, "is_active": True, "work_number": None, "mobile_number": None, **row}


def _load_selector(state: "State", name: str, rows: Any) -> None:
    if not rows or not all(isinstance(row, str) for row in rows):
        state.selectors.replace(name, rows)
        return
    for title in rows:
        if name == "sales_activity_types":
            state.selectors.add_activity_type(title)
        elif name == "contact_statuses":
            state.selectors.add_status(title, state.selectors.rows("lifecycle_stages")[0]["id"])
        else:
            state.selectors.add(name, title)


def _complete(state: "State", key: str, row: Mapping[str, Any]) -> Record:
    """Add what a hand-written record leaves out."""
    record = {
        "id": row.get("id") or state.ids.next(key),
        "created_at": state.begun,
        "updated_at": state.begun,
        "creater_id": state.user_id,
        "updater_id": state.user_id,
        "is_deleted": False,
        **row,
    }
    if key in {"contact", "lead"} and record.get("email") and not record.get("emails"):
        one = {"id": state.ids.next("email"), "value": record["email"], "is_primary": True, "label": None}
        record["emails"] = [{**one, "_destroy": False}]
    if "targetable_type" in record and "targetables" not in record:
        target = {"id": record["targetable_id"], "type": record["targetable_type"]}
        record["targetables"] = [target]
    if key == "deal":
        _complete_deal(state, record)
    return record


def _complete_definition(state: "State", row: Mapping[str, Any]) -> Record:
    given = {"icon": "icon-1", **row}
    return _complete(state, DEFINITIONS.key, {**prepare_definition(state, None, given), **given})


def _complete_deal(state: "State", record: Record) -> None:
    if not record.get("deal_pipeline_id"):
        record["deal_pipeline_id"] = state.selectors.default_pipeline()["id"]
    if not record.get("deal_stage_id"):
        record["deal_stage_id"] = state.selectors.stages_of(record["deal_pipeline_id"])[0]["id"]
    record.setdefault("stage_updated_time", record["created_at"])
