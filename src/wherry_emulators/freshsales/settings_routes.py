"""Field metadata and forms: `settings/<entity>/fields`, `settings/<entity>/forms` and new custom fields."""

from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.routing import Route

from wherry_emulators.freshsales.errors import ApiError
from wherry_emulators.freshsales.form_fields import create_custom_field, form_field
from wherry_emulators.freshsales.schema import Field
from wherry_emulators.freshsales.wire import Record, RequestData, route, unwrap

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

_WITH_METADATA = ("contact", "sales_account", "deal", "sales_activity")
_GROUPS = (("basic_information", "Basic information"), ("hidden_fields", "Hidden fields"))


CLASSIC_LACKS = {"contact": frozenset({"lifecycle_stage_id"})}


def _fields_of(state: "State", key: str) -> list[Field]:
    lacking = CLASSIC_LACKS.get(key, frozenset()) if state.switches.edition == "classic" else frozenset()
    return [field for field in state.schemas[key] if field.name not in lacking]


def fields_body(state: "State", key: str, *, grouped: bool) -> Record:
    """Write the metadata of an entity's fields; ``grouped`` names each field's group as well."""
    schema = state.schemas[key]
    rows = [field.as_json(state.choices(field), schema.base_model) for field in _fields_of(state, key)]
    if grouped:
        rows = [{**row, "field_group": _group(state, key, row)} for row in rows]
    return {"fields": rows}


def forms_body(state: "State", key: str) -> Record:
    """Write the forms of an entity: one form, its fields nested in two groups."""
    schema = state.schemas[key]
    groups = [
        {
            "id": f"{schema.form_id}_{name}",
            "name": name,
            "label": label,
            "type": "section",
            "form_id": schema.form_id,
            "fields": [
                form_field(state, key, one) for one in _fields_of(state, key) if one.visible == (place == 0)
            ],
        }
        for place, (name, label) in enumerate(_GROUPS)
    ]
    return {
        "forms": [
            {
                "id": schema.form_id,
                "name": f"{schema.base_model} form",
                "active": True,
                "field_class": schema.base_model,
                "description": None,
                "fields": groups,
            }
        ]
    }


def create_field(state: "State", key: str, form_id: int, body: Record) -> Record:
    """Create a custom field on an entity's form; ApiError 404 for a form that is not the entity's."""
    if form_id != state.schemas[key].form_id:
        raise ApiError(404, "Form not found")
    made = create_custom_field(state, key, unwrap(body, "field"))
    return {"field": form_field(state, key, made)}


def routes(state: "State") -> list[Route]:
    """Routes of the standard entities' metadata; tasks, appointments and notes have none."""
    found: list[Route] = []
    for key in _WITH_METADATA:
        found += routes_of(state, key)
    return found


def routes_of(state: "State", key: str) -> list[Route]:
    """Routes of one entity's metadata."""
    root = f"/settings/{state.entities[key].plural}"

    def fields(asked: RequestData) -> Any:
        return fields_body(state, key, grouped="field_group" in asked.includes)

    def forms(asked: RequestData) -> Any:
        del asked
        return forms_body(state, key)

    def create(asked: RequestData) -> Any:
        match state.switches.standard_forms_field_create:
            case "404":
                raise HTTPException(404)
            case "403":
                raise ApiError(403, "You are not authorised to perform this action")
            case "works":
                return create_field(state, key, asked.id, asked.body)

    return [
        route(f"{root}/fields", "GET", fields, state.lock),
        route(f"{root}/forms", "GET", forms, state.lock),
        route(f"{root}/forms/{{id:int}}/fields", "POST", create, state.lock),
    ]


def _group(state: "State", key: str, row: Record) -> Record:
    name, label = _GROUPS[0 if row["visible"] else 1]
    return {"id": f"{state.schemas[key].form_id}_{name}", "name": name, "label": label}


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("settings/<entity>/fields, with ?include=field_group", "[L]", "RV; group shape [I]"),
    ("Forms hold one form whose fields are nested in groups", "[C]", "GF"),
    (
        "Custom fields on standard entities can be made by the forms endpoint",
        "[?]",
        "switch standard_forms.field_create",
    ),
    ("On Classic contacts have no lifecycle stage", "[I]", "section 3.15: leads became contacts with one"),
    ("Tasks, appointments and notes have no metadata and no custom fields", "[D] by absence", "MC"),
)
