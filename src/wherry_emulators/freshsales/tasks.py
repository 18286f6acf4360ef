"""Tasks: create, read, update, delete, and the five filters that list them."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from wherry_emulators.freshsales.body_values import attempt, read_values, require
from wherry_emulators.freshsales.errors import ApiError
from wherry_emulators.freshsales.includes import Siblings, list_body, with_includes
from wherry_emulators.freshsales.paging import page_of
from wherry_emulators.freshsales.records import stamps
from wherry_emulators.freshsales.render import plain
from wherry_emulators.freshsales.targets import clean_targets, task_models
from wherry_emulators.freshsales.validate import (
    Invalid,
    Problems,
    instant,
    reference,
    text,
    whole_number,
)
from wherry_emulators.freshsales.wire import Record, Reply, RequestData, route, unwrap

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

_SINGLE_INCLUDES = ("owner", "users", "targetable")
_STATUSES: Mapping[str, int] = {"0": 0, "1": 1, "open": 0, "completed": 1}
_DESCRIPTION_MAX = 65_535


def prepare_task(state: "State", old: Record | None, body: Record) -> Record:
    """Turn a body into a task's changes; ApiError 400 with everything that is wrong with it."""
    problems = Problems()
    longest = state.switches.task_title_max_length
    readers: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
        "title": ("Title", lambda value: text(value, longest)),
        "description": ("Description", lambda value: text(value, _DESCRIPTION_MAX)),
        "due_date": ("Due date", lambda value: instant(state, value)),
        "owner_id": ("Owner", lambda value: reference(state, "users", value)),
        "task_type_id": ("Task type", lambda value: reference(state, "sales_activity_entity_types", value)),
        "outcome_id": ("Outcome", lambda value: reference(state, "sales_activity_outcomes", value)),
        "status": ("Status", _status),
    }
    changes = read_values(body, readers, problems)
    changes |= _completed_date(state, body, problems)
    changes |= clean_targets(state, body, old, problems, task_models(state))
    changes |= _collaborators(state, body, old, problems)
    require({**(old or {}), **changes}, {"title": "Title", "due_date": "Due date"}, problems)
    problems.raise_if_any()
    if old is None:
        changes = {"owner_id": state.user_id, "status": 0, **changes}
        return changes | stamps(state, body)
    return changes | _creater(state, body)


def success() -> Record:
    """The reply to the deletion of a note, task, appointment, activity or product."""
    return {"success": "200"}


def routes(state: "State") -> list[Route]:
    """Routes of tasks."""

    def post(asked: RequestData) -> Any:
        changes = prepare_task(state, None, unwrap(asked.body, "task"))
        record = state.insert("task", changes)
        return Reply({"task": plain(state, "task", record)}, state.switches.create_status.get("task", 201))

    def get(asked: RequestData) -> Any:
        return _single(state, state.get("task", asked.id), asked)

    def put(asked: RequestData) -> Any:
        old = state.get("task", asked.id)
        changes = prepare_task(state, old, unwrap(asked.body, "task"))
        return _single(state, state.update("task", old, changes), asked)

    def delete(asked: RequestData) -> Any:
        state.erase("task", state.get("task", asked.id)["id"])
        return success()

    def rows(asked: RequestData) -> Any:
        test = _filter(state, asked)
        found = [record for record in state.tables["task"].live() if test(record)]
        found.reverse()
        body = list_body(state, "task", page_of(state, asked).of(found), asked.includes)
        return {**body, "meta": {"total": len(found)}}

    return [
        route("/tasks", "POST", post, state.lock),
        route("/tasks", "GET", rows, state.lock),
        route("/tasks/{id:int}", "GET", get, state.lock),
        route("/tasks/{id:int}", "PUT", put, state.lock),
        route("/tasks/{id:int}", "DELETE", delete, state.lock),
    ]


def _single(state: "State", record: Record, asked: RequestData) -> Record:
    siblings = Siblings()
    names = tuple(dict.fromkeys((*_SINGLE_INCLUDES, *asked.includes)))
    shown = with_includes(state, "task", record, names, siblings)
    return {**siblings.as_json(), "task": shown}


def _status(value: Any) -> int:
    found = _STATUSES.get(str(value).lower())
    if found is None or isinstance(value, bool):
        raise Invalid("is invalid")
    return found


def _creater(state: "State", body: Record) -> Record:
    found = stamps(state, {"creater_id": body.get("creater_id")})
    return {name: value for name, value in found.items() if name == "creater_id"}


def _completed_date(state: "State", body: Record, problems: Problems) -> Record:
    if not state.switches.completed_date_writable or "completed_date" not in body:
        return {}
    read = attempt("Completed date", problems, lambda value: instant(state, value), body["completed_date"])
    return {"completed_date": read}


def _collaborators(state: "State", body: Record, old: Record | None, problems: Problems) -> Record:
    given = body.get("task_users_attributes")
    if given is None:
        return {"user_ids": [state.user_id]} if old is None else {}
    known = list((old or {}).get("user_ids") or ())
    if not isinstance(given, list) or not all(isinstance(row, dict) for row in given):
        problems.add("The type for task_users is invalid.")
        return {}
    for row in given:
        user = whole_number(row.get("user_id"))
        if user is None or state.selectors.find("users", user) is None:
            problems.add("User must exist")
        elif row.get("_destroy") in (True, "true", 1):
            known = [one for one in known if one != user]
        elif user not in known:
            known.append(user)
    return {"user_ids": known}


def _filter(state: "State", asked: RequestData) -> Callable[[Record], bool]:
    name = asked.query.get("filter", "").replace(" ", "_").replace("+", "_")
    if not name:
        if state.switches.tasks_filter_required:
            raise ApiError(400, "filter can't be blank")
        return lambda _: True
    today = state.now().date()

    def due(task: Record) -> datetime:
        return datetime.fromisoformat(task["due_date"]).astimezone(state.zone)

    tests: Mapping[str, Callable[[Record], bool]] = {
        "open": lambda task: task["status"] == 0,
        "completed": lambda task: task["status"] == 1,
        "due_today": lambda task: task["status"] == 0 and due(task).date() == today,
        "due_tomorrow": lambda task: task["status"] == 0 and due(task).date() == today + timedelta(days=1),
        "overdue": lambda task: task["status"] == 0 and due(task) < state.now(),
    }
    if name not in tests:
        raise ApiError(400, "filter is invalid")
    return tests[name]


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    (
        "A task needs title, due date and a targetable; owner is the key's user if absent",
        "[D]/[I]",
        "MC create_task",
    ),
    ("A due date in the past is accepted", "[I]", "section 3.7"),
    (
        "Status 1 does not fill completed_date, which cannot be set",
        "[L]/[?]",
        "RV task_updated; switch completed_date.writable",
    ),
    (
        "The create reply has neither targetable nor user_ids; reads and updates have them and sideloads",
        "[L]",
        "RV",
    ),
    (
        "Lists need filter; meta has only total; newest first",
        "[L]/[C]",
        "RV tasks; switch tasks.filter_required",
    ),
    ("A filter may be written with a blank for the underscore", "[?]", "section 3.7"),
)
