"""`GET /selector/…`: what a call may ask of the pick lists."""

from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.routing import Route

from wherry_emulators.freshsales.errors import ApiError
from wherry_emulators.freshsales.wire import Handler, Record, RequestData, route

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

_PLAIN = (
    "territories",
    "contact_statuses",
    "lead_sources",
    "deal_types",
    "deal_reasons",
    "deal_payment_statuses",
    "currencies",
    "industry_types",
    "business_types",
    "campaigns",
    "sales_activity_types",
    "sales_activity_entity_types",
    "designations",
)
_USER_KEYS = ("id", "display_name", "email", "is_active", "work_number", "mobile_number")


def routes(state: "State") -> list[Route]:
    """Routes of all selectors."""
    special: dict[str, Handler] = {
        "owners": lambda _: _owners(state),
        "deal_stages": lambda _: {
            "deal_stages": [_stage(row) for row in state.selectors.rows("deal_stages")]
        },
        "deal_pipelines": lambda _: _pipelines(state),
        "deal_pipelines/{id:int}/deal_stages": lambda asked: _stages_of(state, asked.id),
        "lifecycle_stages": lambda _: _lifecycle_stages(state),
        "sales_activity_outcomes": lambda _: _outcomes(state, None),
        "sales_activity_types/{id:int}/sales_activity_outcomes": lambda asked: _outcomes(state, asked.id),
        "deal_products": lambda _: _deal_products(state),
    }
    found = [route(f"/selector/{name}", "GET", handler, state.lock) for name, handler in special.items()]
    return [*found, *(_list_route(state, name) for name in _PLAIN)]


def _owners(state: "State") -> Record:
    rows = state.selectors.rows("users")
    return {"users": [{name: row.get(name) for name in _USER_KEYS} for row in rows]}


def _pipelines(state: "State") -> Record:
    rows = state.selectors.rows("deal_pipelines")
    return {"deal_pipelines": [{**row, "deal_stages": _choices(state, row["id"])} for row in rows]}


def _stages_of(state: "State", pipeline_id: int) -> Record:
    if state.selectors.find("deal_pipelines", pipeline_id) is None:
        raise ApiError(404, "Deal pipeline not found")
    return {"deal_stages": [_stage(row) for row in state.selectors.stages_of(pipeline_id)]}


def _lifecycle_stages(state: "State") -> Record:
    if state.switches.edition == "classic":
        raise HTTPException(404)
    return {"lifecycle_stages": [_lifecycle(state, row) for row in state.selectors.rows("lifecycle_stages")]}


def _outcomes(state: "State", type_id: int | None) -> Record:
    if type_id is not None and state.selectors.find("sales_activity_types", type_id) is None:
        raise ApiError(404, "Sales activity type not found")
    rows = state.selectors.rows("sales_activity_outcomes")
    chosen = [row for row in rows if type_id is None or row["sales_activity_type_id"] == type_id]
    return {"sales_activity_outcomes": chosen}


def _deal_products(state: "State") -> Record:
    rows = [row for row in state.tables["product"].live() if row.get("is_active")]
    return {"deal_products": [{"partial": True, "id": row["id"], "name": row["name"]} for row in rows]}


def _list_route(state: "State", name: str) -> Route:
    def rows(asked: RequestData) -> Any:
        del asked
        return {name: state.selectors.rows(name)}

    return route(f"/selector/{name}", "GET", rows, state.lock)


def _stage(row: Record) -> Record:
    keys = ("id", "name", "position", "forecast_type", "updated_at", "deal_pipeline_id", "choice_type")
    return {"partial": True, **{key: row.get(key) for key in keys}, "probability": row["probability"]}


def _choices(state: "State", pipeline_id: int) -> list[Record]:
    rows = []
    for row in state.selectors.stages_of(pipeline_id):
        shown = _stage(row)
        del shown["partial"]
        rows.append({**shown, "value": row["name"], "is_deleted": False})
    return rows


def _lifecycle(state: "State", row: Record) -> Record:
    statuses = [status["id"] for status in state.selectors.statuses_of(row["id"])]
    return {**row, "contact_status_ids": statuses}


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("Each selector's path, root key and row", "[L]", "RV selectors_*"),
    ("On Classic there is no selector of lifecycle stages", "[I]", "section 3.15"),
    ("deal_products lists the active products", "[C]", "APX, GF"),
)
