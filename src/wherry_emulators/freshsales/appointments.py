"""Appointments (meetings): create, read, update, delete, and lists of past and upcoming ones."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from wherry_emulators.freshsales.body_values import read_values, require
from wherry_emulators.freshsales.errors import ApiError
from wherry_emulators.freshsales.includes import Siblings, list_body, with_includes
from wherry_emulators.freshsales.paging import page_of
from wherry_emulators.freshsales.records import stamps
from wherry_emulators.freshsales.selectors import time_zone_names
from wherry_emulators.freshsales.targets import clean_targets
from wherry_emulators.freshsales.tasks import success
from wherry_emulators.freshsales.validate import (
    Invalid,
    Problems,
    instant,
    reference,
    text,
    truth,
    whole_number,
)
from wherry_emulators.freshsales.wire import Record, Reply, RequestData, route, unwrap

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

_USER_TYPE = "FdMultitenant::User"
_LONG = 65_535


def prepare_appointment(state: "State", old: Record | None, body: Record) -> Record:
    """Turn a body into an appointment's changes; ApiError 400 with everything that is wrong with it."""
    problems = Problems()
    changes = read_values(body, _readers(state), problems)
    changes |= clean_targets(state, body, old, problems)
    changes |= _attendees(state, body, old, problems)
    after = {**(old or {}), **changes}
    require(after, {"title": "Title", "from_date": "From date", "end_date": "End date"}, problems)
    if after.get("from_date") and after.get("end_date") and _ends_early(after):
        problems.add("End date must be after the from date")
    problems.raise_if_any()
    if changes.get("is_allday", True) is None:
        changes["is_allday"] = False
    if old is None:
        changes = {"time_zone": "UTC", "is_allday": False, **changes}
    return changes | stamps(state, body if old is None else {"creater_id": body.get("creater_id")})


def routes(state: "State") -> list[Route]:
    """Routes of appointments."""

    def post(asked: RequestData) -> Any:
        changes = prepare_appointment(state, None, unwrap(asked.body, "appointment"))
        record = state.insert("appointment", changes)
        return Reply(_single(state, record, asked), state.switches.create_status.get("appointment", 200))

    def get(asked: RequestData) -> Any:
        return _single(state, state.get("appointment", asked.id), asked)

    def put(asked: RequestData) -> Any:
        old = state.get("appointment", asked.id)
        changes = prepare_appointment(state, old, unwrap(asked.body, "appointment"))
        return _single(state, state.update("appointment", old, changes), asked)

    def delete(asked: RequestData) -> Any:
        state.erase("appointment", state.get("appointment", asked.id)["id"])
        return success()

    def rows(asked: RequestData) -> Any:
        test = _filter(state, asked)
        found = [record for record in state.tables["appointment"].live() if test(record)]
        found.reverse()
        body = list_body(state, "appointment", page_of(state, asked).of(found), asked.includes)
        return {**body, "meta": {"total": len(found)}}

    return [
        route("/appointments", "POST", post, state.lock),
        route("/appointments", "GET", rows, state.lock),
        route("/appointments/{id:int}", "GET", get, state.lock),
        route("/appointments/{id:int}", "PUT", put, state.lock),
        route("/appointments/{id:int}", "DELETE", delete, state.lock),
    ]


def _readers(state: "State") -> dict[str, tuple[str, Callable[[Any], Any]]]:
    outcomes = "sales_activity_outcomes"
    return {
        "title": ("Title", lambda value: text(value, 256)),
        "description": ("Description", lambda value: text(value, _LONG)),
        "location": ("Location", lambda value: text(value, 256)),
        "latitude": ("Latitude", lambda value: text(value, 256)),
        "longitude": ("Longitude", lambda value: text(value, 256)),
        "from_date": ("From date", lambda value: instant(state, value)),
        "end_date": ("End date", lambda value: instant(state, value)),
        "is_allday": ("All day", truth),
        "time_zone": ("Time zone", _time_zone),
        "outcome_id": ("Outcome", lambda value: reference(state, outcomes, value)),
    }


def _time_zone(value: Any) -> str:
    if value not in time_zone_names():
        raise Invalid("is invalid")
    return str(value)


def _ends_early(after: Record) -> bool:
    return datetime.fromisoformat(after["end_date"]) < datetime.fromisoformat(after["from_date"])


def _single(state: "State", record: Record, asked: RequestData) -> Record:
    siblings = Siblings()
    names = tuple(dict.fromkeys(("appointment_attendees", *asked.includes)))
    shown = with_includes(state, "appointment", record, names, siblings)
    shown["note_id"] = None
    arrays = {"appointment_attendees": [], "conferences": [], "notes": [], **siblings.as_json()}
    return {**arrays, "appointment": shown}


def _attendees(state: "State", body: Record, old: Record | None, problems: Problems) -> Record:
    given = body.get("appointment_attendees_attributes")
    if given is None:
        return {}
    if not isinstance(given, list) or not all(isinstance(row, dict) for row in given):
        problems.add("The type for appointment_attendees is invalid.")
        return {}
    rows: list[Record] = list((old or {}).get("appointment_attendees") or ())
    for wanted in given:
        rows = _attendee(state, rows, wanted, problems)
    return {"appointment_attendees": rows}


def _attendee(state: "State", rows: list[Record], wanted: Record, problems: Problems) -> list[Record]:
    who = whole_number(wanted.get("attendee_id"))
    kind = wanted.get("attendee_type")
    row_id = whole_number(wanted.get("id"))
    if wanted.get("_destroy") in (True, "true", 1):
        return [
            row
            for row in rows
            if row["id"] != row_id and (row["attendee_id"], row["attendee_type"]) != (who, kind)
        ]
    if any((row["attendee_id"], row["attendee_type"]) == (who, kind) for row in rows):
        return rows
    if not _exists(state, kind, who):
        problems.add("Attendee must exist")
        return rows
    made = {"id": state.ids.next("attendee"), "attendee_type": kind, "attendee_id": who}
    return [*rows, made]


def _exists(state: "State", kind: Any, who: int | None) -> bool:
    if kind == _USER_TYPE:
        return state.selectors.find("users", who) is not None
    return kind == "Contact" and state.find("contact", who) is not None


def _filter(state: "State", asked: RequestData) -> Callable[[Record], bool]:
    now = state.now()

    def begins(record: Record) -> datetime:
        return datetime.fromisoformat(record["from_date"])

    def ends(record: Record) -> datetime:
        return datetime.fromisoformat(record["end_date"])

    match asked.query.get("filter", ""):
        case "":
            if state.switches.tasks_filter_required:
                raise ApiError(400, "filter can't be blank")
            return lambda _: True
        case "past":
            return lambda record: begins(record) <= now
        case "upcoming":
            return lambda record: ends(record) >= now
        case _:
            raise ApiError(400, "filter is invalid")


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("An appointment needs title, from_date, end_date and a targetable", "[D]/[C]", "MC"),
    ("Back-dated appointments are accepted; created_at stays now", "[L]", "RV appointment"),
    ("There is no owner_id; creater_id is the key's user", "[L]/[?]", "RV; switch creater_id.writable"),
    ("Single replies carry appointment_attendees, conferences and notes arrays", "[L]", "RV"),
    ("past and upcoming overlap: one going on is in both", "[L]/[I]", "AB"),
    ("time_zone is a Rails name", "[L]", "RV"),
    ("An end before the start is a 400", "[I]", "strict reading"),
)
