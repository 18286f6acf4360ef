"""All routes of the imitated API: paths relative to `/api`, and the few that exist only without it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from starlette.routing import BaseRoute

from wherry_emulators.freshsales import (
    appointments,
    notes,
    selector_routes,
    settings_routes,
    tasks,
)
from wherry_emulators.freshsales.records import MODULES, record_routes
from wherry_emulators.freshsales.views import view_routes

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State


class Jobs(Protocol):
    """Runs the rows of a bulk call later."""

    def submit(self, kind: str, rows: int, work: Callable[[int], str | None]) -> str:
        """Accept a job and return its id; ``work(row)`` gives why a row failed, or None."""
        ...


def routes(state: "State", jobs: Jobs) -> list[BaseRoute]:
    """Routes under `/crm/sales/api`."""
    del jobs
    found: list[BaseRoute] = []
    for key in MODULES:
        found += view_routes(state, key, f"/{state.entities[key].plural}")
        found += record_routes(state, key)
    for module in (tasks, appointments, notes, selector_routes, settings_routes):
        found += module.routes(state)
    return found


def ui_routes(state: "State") -> list[BaseRoute]:
    """Routes under `/crm/sales` that have no twin under `/api`."""
    del state
    return []
