"""A bare application of the record routes, without keys, limits or faults."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount
from starlette.testclient import TestClient

from wherry_emulators.freshsales import account
from wherry_emulators.freshsales.clock import Clock
from wherry_emulators.freshsales.errors import ApiError, error_body
from wherry_emulators.freshsales.faults import Faults
from wherry_emulators.freshsales.routes import routes, ui_routes
from wherry_emulators.freshsales.switches import Plan, Switches


@dataclass
class DirectJobs:
    """Keeps jobs until they are told to run."""

    waiting: list[tuple[int, Callable[[int], str | None]]] = field(default_factory=list)

    def submit(self, kind: str, rows: int, work: Callable[[int], str | None]) -> str:
        self.waiting.append((rows, work))
        return str(len(self.waiting))

    def run(self) -> list[str | None]:
        found = [work(row) for rows, work in self.waiting for row in range(rows)]
        self.waiting.clear()
        return found


class Account:
    """One emulated account and a client for it; every helper checks the status it expects."""

    def __init__(self, plan: Plan = Plan.ENTERPRISE, **switches: Any) -> None:
        self.clock = Clock()
        self.state = account.Account(plan, Switches(**switches), self.clock, 7, faults=Faults())
        self.jobs = DirectJobs()
        app = Starlette(
            routes=[
                Mount("/crm/sales/api", routes=routes(self.state, self.jobs)),
                Mount("/crm/sales", routes=ui_routes(self.state)),
            ],
            exception_handlers={ApiError: _refuse},
        )
        self.client = TestClient(app, base_url="http://127.0.0.1")

    def call(
        self, verb: str, path: str, body: Any = None, status: int = 200, root: str = "/crm/sales/api"
    ) -> Any:
        answer: httpx2.Response = self.client.request(verb, root + path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def refused(self, verb: str, path: str, body: Any = None, status: int = 400) -> list[str]:
        found: list[str] = self.call(verb, path, body, status)["errors"]["message"]
        return found

    def switch(self, **changes: Any) -> None:
        self.state.switches = replace(self.state.switches, **changes)

    def contact(self, **values: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.call("POST", "/contacts", {"contact": {"last_name": "Moss", **values}})[
            "contact"
        ]
        return found

    def account(self, **values: Any) -> dict[str, Any]:
        body = {"sales_account": {"name": "Clinic", **values}}
        found: dict[str, Any] = self.call("POST", "/sales_accounts", body)["sales_account"]
        return found

    def deal(self, **values: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.call(
            "POST", "/deals", {"deal": {"name": "Plan", "amount": 100, **values}}
        )["deal"]
        return found

    def field(self, entity: str, label: str, kind: str = "text", **more: Any) -> str:
        form = self.call("GET", f"/settings/{entity}/forms")["forms"][0]["id"]
        body = {"label": label, "field_type": kind, **more}
        found: str = self.call("POST", f"/settings/{entity}/forms/{form}/fields", body)["field"]["name"]
        return found

    def view(self, entity: str, name: str, query: str = "") -> Any:
        filters = self.call("GET", f"/{entity}/filters")["filters"]
        view = next(one["id"] for one in filters if one["name"] == name)
        return self.call("GET", f"/{entity}/view/{view}?{query}")


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return JSONResponse(error_body(error.status, error.messages, "array"), error.status)


@pytest.fixture
def tenant() -> Account:
    return Account()


@pytest.fixture
def tenant_on() -> type[Account]:
    return Account
