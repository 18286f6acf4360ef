"""A destination under test: places to run the contract against, and what tests do there."""

import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from wherry.connectors.freshsales import FreshsalesDestination, open_destination
from wherry.model.catalog import Catalog
from wherry.model.diff import Observed
from wherry.model.errors import (
    RefuseRecord,
)
from wherry.model.operation import Operation, Verb
from wherry.model.ports import Written
from wherry.model.record import Key

ODD = {
    "errors.message_as": "string",
    "deleted.get_by_id": "record",
    "create.status": "contact:201,sales_account:201,note:201,task:201,appointment:201",
    "bulk.job_states": "angenommen,laeuft,fertig,kaputt",
    "bulk.partial_failure_shape": "none",
    "include.reveals_reference_ids": "false",
    "filtered_search.paginates": "false",
    "search.lag_ms": "3600000",
    "rate.reset_format": "dmyHis",
}
DUE = "2026-03-09T09:00:00+00:00"
SANDBOX = os.environ.get("WHERRY_CONTRACT_BASE_URL", "")
LONGEST_WAIT = 60.0 if SANDBOX else 0.02  # seconds; an emulator's faults are counted, not timed
PLACES = ["emulator", "odd emulator", *(["sandbox"] if SANDBOX else [])]


class Budget:
    """Counts, and waits as long as the server says."""

    def __init__(self) -> None:
        self.calls = self.throttled = 0

    def take(self, calls: int = 1) -> None:
        self.calls += calls

    def learn(self, *, remaining: int | None, retry_after: float | None) -> None:
        if retry_after is not None:
            self.throttled += 1
            time.sleep(min(retry_after, LONGEST_WAIT))

    def charge(self, run: str) -> None: ...


class Clock:
    """The real one; waits between tries are cut short."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(min(seconds, LONGEST_WAIT))


@dataclass
class Place:
    """A destination under test, with what it takes to make operations for it."""

    destination: FreshsalesDestination
    catalog: Catalog
    budget: Budget
    admin: Callable[..., Any] | None = None
    made: list[Operation] = field(default_factory=list)
    tag: str = field(default_factory=lambda: uuid.uuid4().hex[:12])

    @property
    def owner(self) -> int:
        return next(person.id for person in self.catalog.people if person.active)

    def operation(self, verb: str, stream: str, **given: Any) -> Operation:
        given.setdefault("fields", {})
        number = f"{len(self.made)}-{uuid.uuid4().hex[:6]}"
        return Operation(
            id=f"r1:{number}", verb=Verb(verb), stream=stream, key=Key("patients", number), part=1, **given
        )

    def create(self, stream: str, fields: Mapping[str, Any], **given: Any) -> tuple[Operation, Written]:
        operation = self.operation("create", stream, fields=fields, **given)
        written = self.destination.write(operation)
        self.will_go(stream, written.destination_id, operation.links)
        return operation, written

    def will_go(self, stream: str, number: int, links: Mapping[str, int] | None = None) -> None:
        self.made.append(self.operation("delete", stream, destination_id=number, links=links or {}))

    def contact(self, name: str = "one", **more: Any) -> int:
        fields = {"first_name": "Lee", "last_name": "Moss", **self.identity(name), **more}
        return self.create("contacts", fields)[1].destination_id

    def identity(self, name: str) -> dict[str, Any]:
        return {"external_id": f"{self.tag}-{name}", "email": f"{self.tag}.{name}@example.com"}

    def read(self, stream: str, number: int, parent: int | None = None) -> Observed | None:
        parents = {} if parent is None else {number: parent}
        return next(iter(self.destination.fetch(stream, [number], parents)), None)

    def digest(self) -> str:
        assert self.admin is not None
        return str(self.admin("digest")["digest"])

    def strike(self, method: str = "", path: str = "", **rule: Any) -> None:
        """Let the next call that matches go wrong."""
        assert self.admin is not None
        match = {name: value for name, value in (("method", method), ("path", path)) if value}
        self.admin("faults", [{"times": 1, "match": match, **rule}])

    def children(self, contact: int) -> dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, int]]]:
        """Fields at first, fields of an update, and links, by stream."""
        target = {"targetable": contact}
        return {
            "tasks": (
                {"title": "Visit", "description": "a\n[aerona:appointments:1]", "due_date": DUE, "owner_id": self.owner, "status": 0},
                {"title": "Visit moved", "status": 1},
                target,
            ),
            "notes": ({"description": "text\n[aerona:notes:1]"}, {"description": "other\n[aerona:notes:1]"}, target),
            "appointments": (
                {"title": "Check-up", "description": "b\n[aerona:appointments:2]", "from_date": DUE,
                 "end_date": "2026-03-09T09:30:00+00:00", "time_zone": "London", "attendee_user_id": self.owner},
                {"title": "Check-up, long", "end_date": "2026-03-09T10:00:00+00:00"},
                {**target, "attendee": contact},
            ),
        }  # fmt: skip

    def await_job(self, job: str) -> None:
        for _ in range(400):
            if self.destination.progress(job).done:
                return
            time.sleep(0.05)
        raise AssertionError("the job does not end")

    def refusal(self, stream: str, fields: Mapping[str, Any], **given: Any) -> tuple[str, str]:
        with pytest.raises(RefuseRecord) as caught:
            self.create(stream, fields, **given)
        assert not any(str(value) in str(caught.value) for value in fields.values() if value)
        return caught.value.reason, caught.value.field

    def adopt(self, number: int, account: int) -> Operation:
        """Change a record that was there before, and return what takes the change back."""
        seen = self.read("contacts", number)
        assert seen is not None
        change = {"city": "Cork", "address": "1 Main Street", "tags": ["ours"]}
        update = self.operation(
            "update", "contacts", fields=change, before={name: seen.fields.get(name) for name in change},
            links={"sales_accounts": account}, before_links={"sales_accounts": list(seen.links["sales_accounts"])},
            destination_id=number,
        )  # fmt: skip
        self.destination.write(update)
        now = self.read("contacts", number)
        assert now is not None
        return replace(
            update, id=f"{update.id}:undo", fields=dict(update.before or {}), links={}, undoes=update.id,
            before={name: now.fields.get(name) for name in change},
        )  # fmt: skip

    def assert_holds(self, seen: Observed | None, fields: Mapping[str, Any]) -> None:
        assert seen is not None
        wrong = [
            name
            for name, value in fields.items()
            if name not in seen.not_readable and not equal(seen.fields.get(name), value)
        ]
        assert not wrong, wrong

    def take_back(self, mark: int) -> None:
        """Delete what was made since, newest first."""
        for operation in reversed(self.made[mark:]):
            self.destination.write(operation)
        del self.made[mark:]

    def clean(self) -> None:
        for operation in reversed(self.made):
            self.destination.write(operation)
        self.made.clear()


def equal(seen: Any, wanted: Any) -> bool:
    if isinstance(wanted, str) and "T" in wanted and wanted[:4].isdigit():
        return datetime.fromisoformat(str(seen)) == datetime.fromisoformat(wanted)
    return bool(seen == wanted)


def opened(url: str, key: str, plan: str = "enterprise", admin: Callable[..., Any] | None = None) -> Place:
    budget = Budget()
    destination = open_destination(url, key, plan, budget, Clock())
    return Place(destination, destination.describe(), budget, admin)


@pytest.fixture(scope="module")
def places(module_emulator_factory: Callable[..., Any]) -> Iterator[Callable[[str], Place]]:
    known: dict[str, Place] = {}

    def get(name: str) -> Place:
        if name not in known:
            known[name] = start(name)
        return known[name]

    def start(name: str) -> Place:
        if name == "sandbox":
            key = os.environ["WHERRY_CONTRACT_API_KEY"]
            return opened(SANDBOX, key, os.environ.get("WHERRY_CONTRACT_PLAN", "enterprise"))
        switches = [f"{key}={value}" for key, value in ODD.items()] if name == "odd emulator" else []
        running = module_emulator_factory(
            "--switch", "rate.limit_hour=100000", "--switch", "rate.limit_min=100000",
            *(part for switch in switches for part in ("--switch", switch)),
        )  # fmt: skip
        return opened(running.url, running.api_key, admin=running.admin)

    yield get
    for one in known.values():
        one.destination.close()


@pytest.fixture
def knock(emulator_factory: Callable[..., Any]) -> Iterator[Callable[..., FreshsalesDestination]]:
    """Open a new emulator with a key of one's choice; nothing is described yet."""
    known: list[FreshsalesDestination] = []

    def start(key: str) -> FreshsalesDestination:
        known.append(open_destination(emulator_factory().url, key, "enterprise", Budget(), Clock()))
        return known[-1]

    yield start
    for one in known:
        one.close()


@pytest.fixture
def fresh(emulator_factory: Callable[..., Any]) -> Iterator[Callable[..., Place]]:
    """Start an emulator of one's own."""
    known: list[Place] = []

    def start(*args: str, key: str = "emulator-key") -> Place:
        running = emulator_factory(*args)
        known.append(opened(running.url, key, admin=running.admin))
        return known[-1]

    yield start
    for one in known:
        one.destination.close()


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, places: Callable[[str], Place]) -> Iterator[Place]:
    found = places(request.param)
    found.tag = uuid.uuid4().hex[:12]
    yield found
    found.clean()


@pytest.fixture(params=[name for name in PLACES if name != "sandbox"])
def emulator(request: pytest.FixtureRequest, places: Callable[[str], Place]) -> Iterator[Place]:
    found = places(request.param)
    assert found.admin is not None
    found.tag = uuid.uuid4().hex[:12]
    yield found
    found.admin("faults", [])
    found.clean()
