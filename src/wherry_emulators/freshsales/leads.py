"""Leads: routes that only the Classic edition has."""

from typing import TYPE_CHECKING

from starlette.routing import Match, Route
from starlette.types import Scope
from typing_extensions import override

from wherry_emulators.freshsales import notes, settings_routes, upsert
from wherry_emulators.freshsales.records import LEADS, record_routes
from wherry_emulators.freshsales.views import view_routes

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State


class ClassicRoute(Route):
    """A route that is there only while the account's edition is Classic: elsewhere it is an unknown one."""

    def __init__(self, inner: Route, state: "State") -> None:
        super().__init__(inner.path, inner.endpoint, methods=list(inner.methods or ()))
        self._state = state

    @override
    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match as any route does, on Classic."""
        if self._state.switches.edition != "classic":
            return Match.NONE, {}
        return super().matches(scope)


def routes(state: "State") -> list[Route]:
    """Routes of leads: CRUD, forget, clone, views, upsert, notes below one, and metadata."""
    key = LEADS.key
    found = [
        upsert.route_of(state, key),
        *view_routes(state, key, f"/{state.entities[key].plural}"),
        *record_routes(state, key),
        notes.below(state, key),
        *settings_routes.routes_of(state, key),
    ]
    return [ClassicRoute(one, state) for one in found]


BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    (
        "On Classic: /leads CRUD, views, upsert, forget and settings/leads/fields; in the Suite all are unknown routes",
        "[D]",
        "section 3.15; switch edition",
    ),
    ("No bulk call takes leads", "[D] by absence", "section 2"),
    (
        "Keys of a lead, its default fields, stages and views are those of a contact as far as they fit",
        "[I]",
        "section 3.15 names none",
    ),
    ("/lookup and filtered search do not take `lead`", "[?]", "switch leads.found_by_lookup"),
    ("/leads/{id}/convert is not imitated", "own", "section 3.15"),
)
