"""Bulk calls: upsert of up to a hundred rows as a job, destroy and owner assignment at once."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from starlette.routing import Route

from wherry_emulators.freshsales.errors import ApiError
from wherry_emulators.freshsales.records import MODULES, change, create, discard
from wherry_emulators.freshsales.upsert import upsert
from wherry_emulators.freshsales.validate import whole_number
from wherry_emulators.freshsales.wire import Record, RequestData, route

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

_ROW_KEYS = {"contact": ("emails", "id"), "sales_account": ("name", "id"), "deal": ("id", "name")}


class Jobs(Protocol):
    """Runs the rows of a bulk call later."""

    def submit(self, kind: str, rows: int, work: Callable[[int], str | None]) -> str:
        """Accept a job and return its id; ``work(row)`` gives why a row failed, or None."""
        ...


def apply_row(state: "State", key: str, row: Any) -> str | None:
    """Apply one row of a bulk upsert; the text says why it failed, None that it did not."""
    try:
        with state.lock:
            _upsert_row(state, key, row)
    except ApiError as refused:
        return ", ".join(refused.messages)
    return None


def routes(state: "State", jobs: Jobs) -> list[Route]:
    """Routes of the bulk calls."""
    found = [_upsert_route(state, jobs, key) for key in MODULES]
    found += [_destroy_route(state, key) for key in MODULES]

    def assign(asked: RequestData) -> Any:
        owner = whole_number(asked.body.get("owner_id"))
        if owner is None or state.selectors.find("users", owner) is None:
            raise ApiError(400, "Sales owner is invalid")
        chosen = selected(state, "contact", asked.body)
        for contact in chosen:
            change(state, "contact", contact, {"owner_id": owner})
        return {"message": f"{len(chosen)} contacts updated."}

    return [*found, route("/contacts/bulk_assign_owner", "POST", assign, state.lock)]


def selected(state: "State", key: str, body: Record, name: str = "selected_ids") -> list[Record]:
    """Live records that a body's ids name; ids of none are passed over. ApiError 400 without a list of ids."""
    ids = body.get(name)
    if not isinstance(ids, list) or not ids:
        raise ApiError(400, f"{name} can't be blank")
    found = [state.find(key, whole_number(one)) for one in dict.fromkeys(str(one) for one in ids)]
    return [record for record in found if record is not None]


def _upsert_row(state: "State", key: str, row: Any) -> None:
    if not isinstance(row, dict) or not isinstance(row.get("data", {}), dict):
        raise ApiError(400, "The type for data is invalid.")
    values: Record = row.get("data") or {}
    name = next((one for one in _ROW_KEYS[key] if row.get(one) not in (None, "")), None)
    if name is None:
        raise ApiError(400, "Please provide a unique field")
    if key == "deal" and name == "name":
        create(state, key, {"name": row["name"], **values})
    else:
        upsert(state, key, {name: row[name]}, values)


def _upsert_route(state: "State", jobs: Jobs, key: str) -> Route:
    plural = state.entities[key].plural
    path = f"/{plural}/bulk_upsert"

    def run(asked: RequestData) -> Any:
        rows = asked.body.get(plural)
        if not isinstance(rows, list) or not rows:
            raise ApiError(400, f"{plural} can't be blank")
        if len(rows) > state.switches.bulk_max_rows:
            raise ApiError(400, f"{plural} is too long (maximum is {state.switches.bulk_max_rows} records)")
        job = jobs.submit(f"{key}_bulk_upsert", len(rows), lambda place: apply_row(state, key, rows[place]))
        message = "Your request has been accepted. Use the job status URL to know when it is done."
        return {"message": message, "job_status_url": f"{asked.root_url(path)}/job_statuses/{job}"}

    return route(path, "POST", run, state.lock)


def _destroy_route(state: "State", key: str) -> Route:
    plural = state.entities[key].plural

    def run(asked: RequestData) -> Any:
        chosen = selected(state, key, asked.body)
        for record in chosen:
            current = state.find(key, record["id"])
            if current:
                discard(state, key, current, asked.body)
        return {"message": f"{len(chosen)} {plural.replace('_', ' ')} deleted."}

    return route(f"/{plural}/bulk_destroy", "POST", run, state.lock)


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("bulk_upsert answers message and job_status_url; ids of created records are not told", "[D]", "MC"),
    ("More rows than allowed are a 400", "[?]", "switch bulk.max_rows"),
    (
        "Rows are keyed by emails or id, accounts by name or id; a deal row with only a name creates",
        "[D]/[?]",
        "MC, section 6.2",
    ),
    ("bulk_destroy and bulk_assign_owner work at once and pass over unknown ids", "[L]/[I]", "RV; MC"),
)
