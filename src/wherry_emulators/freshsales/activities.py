"""Sales activities: what happened with a record, of a type that the account's admin made."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from wherry_emulators.freshsales.errors import ApiError
from wherry_emulators.freshsales.includes import Siblings, list_body, with_includes
from wherry_emulators.freshsales.paging import page_of
from wherry_emulators.freshsales.records import stamps
from wherry_emulators.freshsales.switches import Plan
from wherry_emulators.freshsales.targets import clean_targets
from wherry_emulators.freshsales.tasks import success
from wherry_emulators.freshsales.validate import Problems, clean_fields
from wherry_emulators.freshsales.wire import Record, Reply, RequestData, require_wrapped, route

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

_KEY = "sales_activity"
_UNLISTED = ("latitude", "longitude", "checkedout_latitude", "checkedout_longitude", "remote_id", "import_id")


def prepare_activity(state: "State", old: Record | None, body: Record) -> Record:
    """Turn a body into an activity's changes; ApiError 400 with everything that is wrong with it."""
    if state.plan is not Plan.ENTERPRISE:
        raise ApiError(403, "Your plan does not include custom sales activities")
    problems = Problems()
    changes = clean_fields(state, _KEY, body, old, problems)
    changes |= {name: body[name] for name in _UNLISTED if name in body}
    changes |= clean_targets(state, body, old, problems)
    _check_dates({**(old or {}), **changes}, problems)
    problems.raise_if_any()
    if old is None:
        return {"owner_id": state.user_id, "status": False, **changes, **stamps(state, body)}
    return changes


def routes(state: "State") -> list[Route]:
    """Routes of sales activities."""

    def post(asked: RequestData) -> Any:
        record = state.insert(_KEY, prepare_activity(state, None, require_wrapped(asked.body, _KEY)))
        return Reply(_single(state, record, asked), state.switches.create_status.get(_KEY, 200))

    def get(asked: RequestData) -> Any:
        return _single(state, state.get(_KEY, asked.id), asked)

    def put(asked: RequestData) -> Any:
        old = state.get(_KEY, asked.id)
        changes = prepare_activity(state, old, require_wrapped(asked.body, _KEY))
        return _single(state, state.update(_KEY, old, changes), asked)

    def delete(asked: RequestData) -> Any:
        state.erase(_KEY, state.get(_KEY, asked.id)["id"])
        return success()

    def rows(asked: RequestData) -> Any:
        found = list(state.tables[_KEY].live())
        page = page_of(state, asked)
        meta = {"total_pages": page.pages(len(found)), "total": len(found)}
        return {**list_body(state, _KEY, page.of(found), asked.includes), "meta": meta}

    return [
        route("/sales_activities", "POST", post, state.lock),
        route("/sales_activities", "GET", rows, state.lock),
        route("/sales_activities/{id:int}", "GET", get, state.lock),
        route("/sales_activities/{id:int}", "PUT", put, state.lock),
        route("/sales_activities/{id:int}", "DELETE", delete, state.lock),
    ]


def _single(state: "State", record: Record, asked: RequestData) -> Record:
    siblings = Siblings()
    shown = with_includes(state, _KEY, record, asked.includes, siblings)
    return {**siblings.as_json(), _KEY: shown}


def _check_dates(after: Record, problems: Problems) -> None:
    start, end = after.get("start_date"), after.get("end_date")
    if start and end and datetime.fromisoformat(end) < datetime.fromisoformat(start):
        problems.add("End date must be after the start date")


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("A sales activity needs title, start, end, targetable and a type", "[L]", "RV sales_activity_fields"),
    (
        "Only types that an admin made can be chosen; Enterprise only, otherwise 403",
        "[L]/[D]",
        "RV; SUP 50000002466",
    ),
    ("Back-dating works; conversation_time reads as end_date", "[L]", "RV"),
)
