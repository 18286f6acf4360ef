"""Team members of contacts, accounts and deals."""

from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from wherry_emulators.freshsales.errors import ApiError
from wherry_emulators.freshsales.records import MODULES
from wherry_emulators.freshsales.validate import whole_number
from wherry_emulators.freshsales.wire import Record, RequestData, route

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State


def routes(state: "State") -> list[Route]:
    """Routes of team members; POST and PUT do the same."""
    return [_route(state, key, verb) for key in MODULES for verb in ("POST", "PUT")]


def _route(state: "State", key: str, verb: str) -> Route:
    def run(asked: RequestData) -> Any:
        record = state.get(key, asked.id)
        given = asked.body.get("team_users")
        if not isinstance(given, list) or not all(isinstance(row, dict) for row in given):
            raise ApiError(400, "The type for team_users is invalid.")
        rows: dict[int, Record] = {row["user_id"]: row for row in record.get("team_users") or ()}
        for wanted in given:
            _apply(state, rows, wanted)
        kept = list(rows.values())
        state.put(key, {**record, "team_users": kept})
        return {"team_users": [{**row, "entity_id": record["id"]} for row in kept]}

    return route(f"/{state.entities[key].plural}/{{id:int}}/manage_team_members", verb, run, state.lock)


def _apply(state: "State", rows: dict[int, Record], wanted: Record) -> None:
    user = whole_number(wanted.get("user_id"))
    if user is None or state.selectors.find("users", user) is None:
        raise ApiError(400, "User must exist")
    if wanted.get("_destroy") in (True, "true", 1):
        rows.pop(user, None)
        return
    designation = wanted.get("designation_id")
    if designation is not None and state.selectors.find("designations", whole_number(designation)) is None:
        raise ApiError(400, "Designation must exist")
    now = state.stamp()
    made = {"user_id": user, "designation_id": whole_number(designation), "created_at": now}
    rows[user] = {
        **made,
        **({"created_at": rows[user]["created_at"]} if user in rows else {}),
        "updated_at": now,
    }


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("manage_team_members adds, changes or, with _destroy, removes users", "[D]", "MC"),
    ("PUT is taken like POST", "[C]", "a public endpoint list"),
)
