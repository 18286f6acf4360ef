"""All routes of the imitated API: paths relative to `/api`, and the few that exist only without it."""

from typing import TYPE_CHECKING

from starlette.routing import BaseRoute

from wherry_emulators.freshsales import (
    activities,
    appointments,
    bulk,
    cpq_documents,
    custom_module_routes,
    documents,
    feeds,
    filtered,
    leads,
    lists,
    notes,
    phone_calls,
    products,
    search,
    selector_routes,
    settings_routes,
    tasks,
    team,
    upsert,
)
from wherry_emulators.freshsales.bulk import Jobs
from wherry_emulators.freshsales.records import MODULES, record_routes
from wherry_emulators.freshsales.views import view_routes

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

_PARTS = (
    tasks,
    appointments,
    notes,
    activities,
    lists,
    products,
    cpq_documents,
    documents,
    phone_calls,
    search,
    filtered,
    upsert,
    team,
    feeds,
    selector_routes,
    settings_routes,
    leads,
    custom_module_routes,
)


def routes(state: "State", jobs: Jobs) -> list[BaseRoute]:
    """Routes under `/crm/sales/api`."""
    found: list[BaseRoute] = [*bulk.routes(state, jobs)]
    for key in MODULES:
        found += view_routes(state, key, f"/{state.entities[key].plural}")
        found += record_routes(state, key)
    for part in _PARTS:
        found += part.routes(state)
    return found


def ui_routes(state: "State") -> list[BaseRoute]:
    """Routes under `/crm/sales` that have no twin under `/api`."""
    return feeds.ui_routes(state)
