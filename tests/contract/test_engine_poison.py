"""One record that the destination refuses among a hundred: the others load, it is named, and it costs few calls."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from wherry.engine.hands import Hands, Pace
from wherry.engine.send import send_all
from wherry.model.ledger import Confirmed, Event, Refused
from wherry.model.operation import Operation, Verb
from wherry.model.record import Key
from wherry.model.run import RunKind
from wherry.store import Store, open_store

ROWS = 100
MOST_CALLS = 15


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(min(seconds, 0.2))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/store.db", clock=Clock())
    yield opened
    opened.close()


def contact(number: int, tag: str, **more: Any) -> Operation:
    key = f"{tag}-{number}"
    fields = {"last_name": "Moss", "external_id": key, "email": f"{key}@example.com", **more}
    return Operation(
        id=f"r1:patients/{key}:contacts:1:create",
        verb=Verb.CREATE,
        stream="contacts",
        key=Key("patients", key),
        part=1,
        fields=fields,
        match=("external_id", key),
    )


def hands_for(store: Store, destination: Any) -> Any:
    nothing: Any = None
    return Hands(
        snapshot=nothing,
        ledger=store.ledger,
        destination=destination,
        clock=Clock(),
        apply=nothing,
        link_streams={},
        pace=Pace(settle_after=0.2, poll=0.05),
    )


@pytest.mark.parametrize(
    ("poison", "shape", "rules"),
    [
        ({"owner_id": 999}, "data_json", []),
        ({"owner_id": 999}, "none", []),
        ({}, "data_json", [{"kind": "job_partial", "rows": 0.01, "message": "Row could not be processed"}]),
        ({}, "none", [{"kind": "job_partial", "rows": 0.01, "message": "Row could not be processed"}]),
    ],
    ids=["refused and said so", "refused in silence", "dropped and said so", "dropped in silence"],
)
def test_the_others_load_and_it_is_named(
    fresh: Callable[..., Any], store: Store, poison: dict[str, Any], shape: str, rules: list[dict[str, Any]]
) -> None:
    switches = ("rate.limit_min=100000", f"bulk.partial_failure_shape={shape}")
    place = fresh(*(word for switch in switches for word in ("--switch", switch)))
    operations = [contact(n, "p", **(poison if n == 57 else {})) for n in range(ROWS)]
    place.admin("faults", rules)
    run = store.ledger.begin(RunKind.LOAD, "d", {}).id
    events: dict[str, Event] = {}
    before = place.budget.calls

    def done(operation: Operation, event: Event) -> None:
        events[operation.id] = event

    send_all(hands_for(store, place.destination), run, operations, done)
    calls = place.budget.calls - before
    confirmed = [id_ for id_, event in events.items() if isinstance(event, Confirmed)]
    refused = {id_: event.reject for id_, event in events.items() if isinstance(event, Refused)}
    print("CALLS", calls)
    assert calls <= MOST_CALLS
    assert len(confirmed) == ROWS - bool(poison)
    assert [reject.key.id for reject in refused.values()] == (["p-57"] if poison else [])
    assert all(reject.field == "owner_id" for reject in refused.values())
