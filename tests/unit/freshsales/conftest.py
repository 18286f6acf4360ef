"""A scripted API behind a mock transport: no network, no waiting."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from wherry.connectors.freshsales.destination import FreshsalesDestination, connect
from wherry.connectors.kit.http import Connection
from wherry.model.operation import Operation, Verb
from wherry.model.record import Key


@dataclass
class Budget:
    taken: int = 0
    learned: list[tuple[int | None, float | None]] = field(default_factory=list)

    def take(self, calls: int = 1) -> None:
        self.taken += calls

    def learn(self, *, remaining: int | None, retry_after: float | None) -> None:
        self.learned.append((remaining, retry_after))

    def charge(self, run: str) -> None: ...


@dataclass
class Clock:
    moment: datetime = datetime(2026, 3, 2, 10, tzinfo=UTC)
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += timedelta(seconds=seconds)


@dataclass
class Call:
    method: str
    path: str
    params: dict[str, str]
    body: Any


Answer = Callable[[Call], Any]


class Api:
    """Answers by "METHOD /path"; an answer is JSON, (status, JSON), an httpx2.Response or a function."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.calls: list[Call] = []
        self.budget, self.clock = Budget(), Clock()
        self.overrides: dict[str, Any] = {}
        self.plan = "enterprise"

    def on(self, what: str, answer: Any) -> None:
        self.answers[what] = answer

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        content = request.read()
        path = request.url.path.removeprefix("/crm/sales/api")
        call = Call(request.method, path, dict(request.url.params), json.loads(content) if content else None)
        self.calls.append(call)
        answer = self.answers.get(f"{call.method} {path}")
        if answer is None:
            return httpx2.Response(404, html="<html>no such route</html>")
        if callable(answer):
            answer = answer(call)
        if isinstance(answer, httpx2.Response):
            return answer
        if isinstance(answer, Exception):
            raise answer
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        return httpx2.Response(status, content=json.dumps(body).encode())

    @property
    def destination(self) -> FreshsalesDestination:
        connection = Connection(
            base_url="https://acme.example/crm/sales/api", transport=httpx2.MockTransport(self.handle)
        )
        return connect(connection, self.plan, self.budget, self.clock, self.overrides)

    def paths(self) -> list[str]:
        return [f"{call.method} {call.path}" for call in self.calls]


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def operation() -> Callable[..., Operation]:
    """Make an operation with only what a test cares about."""

    def make(verb: str = "create", stream: str = "contacts", /, **given: Any) -> Operation:
        given.setdefault("fields", {})
        given.setdefault("id", f"r1:{stream}:{verb}:{len(str(given))}")
        return Operation(verb=Verb(verb), stream=stream, key=Key("patients", "1"), part=1, **given)

    return make
