"""Logged phone calls: they can be created and never read again, save as activity of the record."""

from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from wherry_emulators.freshsales.entity import PHONE_CALL
from wherry_emulators.freshsales.errors import ApiError
from wherry_emulators.freshsales.targets import clean_targets
from wherry_emulators.freshsales.validate import Invalid, Problems, text, truth
from wherry_emulators.freshsales.wire import Record, RequestData, route

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

_MODELS = {"contact": "Contact", "sales_account": "SalesAccount", "deal": "Deal"}


def routes(state: "State") -> list[Route]:
    """The route that logs a call."""

    def post(asked: RequestData) -> Any:
        record = state.insert("phone_call", prepare_call(state, _body(state, asked.body)))
        shown = {name: record.get(name) for name in PHONE_CALL.shown}
        return {"contacts": [], "appointments": [], "users": [], "notes": [], "phone_calls": [shown]}

    return [route("/phone_calls", "POST", post, state.lock)]


def prepare_call(state: "State", body: Record) -> Record:
    """Turn a body into a call's values; ApiError 400 with everything that is wrong with it."""
    problems = Problems()
    found: Record = {}
    try:
        found["call_direction"] = truth(body.get("call_direction"))
    except Invalid:
        problems.add("Call direction is invalid")
    try:
        notes = _notes(body)
        found["call_notes"] = None if notes is None else text(notes, state.switches.note_max_length)
    except Invalid as broken:
        problems.add(f"Call notes {broken}")
    found |= clean_targets(state, _target(body), None, problems)
    problems.raise_if_any()
    return found


def _body(state: "State", body: Record) -> Record:
    wrapped = body.get("phone_call")
    match state.switches.phone_calls_wrapper:
        case "required" if not isinstance(wrapped, dict):
            raise ApiError(400, "param is missing or the value is empty: phone_call")
        case "forbidden" if wrapped is not None:
            raise ApiError(400, "phone_call is invalid")
        case _:
            return wrapped if isinstance(wrapped, dict) else body


def _notes(body: Record) -> Any:
    note = body.get("note")
    if isinstance(note, dict):
        return note.get("description")
    return body.get("call_notes", note)


def _target(body: Record) -> Record:
    kind = body.get("targetable_type")
    inner = body.get("targetable")
    target_id = inner.get("id") if isinstance(inner, dict) else body.get("targetable_id")
    return {"targetable_type": _MODELS.get(str(kind), kind), "targetable_id": target_id}


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("A phone call can be logged; there is no read, list or delete", "[D]", "MC manual_call_log"),
    ("The phone_call root key", "[?]", "MC against NODE, SG; switch phone_calls.wrapper"),
    ("targetable_type may be written in lower case here", "[C]", "SG"),
)
