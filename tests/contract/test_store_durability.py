"""What the ledger keeps through threads, restarts, purges and sealing, on both databases."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from wherry.model.ledger import Confirmed, Intended
from wherry.model.operation import Operation, Verb
from wherry.model.record import Key
from wherry.model.run import RunKind
from wherry.store import Store, open_store

DIGEST = "d" * 64
ADA = Key("patients", "7")


class Clock:
    """A clock that moves a second at every look."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = open_store(url, clock=Clock())
    yield store
    store.close()


@pytest.fixture
def run(store: Store) -> str:
    return store.ledger.begin(RunKind.LOAD, DIGEST, {}).id


def an_operation(run: str, key: Key = ADA, verb: Verb = Verb.CREATE, **changes: object) -> Operation:
    plain = Operation(
        id=f"{run}:{key}:1:{verb}",
        verb=verb,
        stream="contacts",
        key=key,
        part=1,
        fields={"last_name": "Byron", "custom_field.cf_source": key.id, "tags": ["a", "b"]},
        links={"sales_accounts": 9},
        match=("cf_source", key.id),
        marker=f"[aerona:{key.stream}:{key.id}]",
        fingerprint="f1",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # fields of Operation by name


def confirm(store: Store, run: str, operation: Operation, at: int, **changes: object) -> None:
    store.ledger.record(run, [Intended(operation=operation)])
    event = Confirmed(operation_id=operation.id, destination_id=at, after=dict(operation.fields))
    store.ledger.record(run, [replace(event, **changes)])  # type: ignore[arg-type]  # fields of Confirmed


def states(store: Store, *, of: str) -> list[str]:
    return [str(entry.state) for entry in store.ledger.entries() if entry.operation_id == of]


# -- runs


def test_the_chain_is_whole_after_threads_wrote_to_it_at_once(url: str) -> None:
    stores = [open_store(url, clock=Clock()) for _ in range(2)]
    run = stores[0].ledger.begin(RunKind.LOAD, DIGEST, {}).id
    failures: list[Exception] = []

    def work(store: Store, worker: int) -> None:
        try:
            for n in range(20):
                confirm(store, run, an_operation(run, Key("patients", f"{worker}{n:02d}")), worker * 100 + n)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(stores[n % 2], n)) for n in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    verified = stores[1].ledger.verify()
    assert (verified.ok, verified.entries) == (True, 6 * 20 * 2 + 1)
    assert len(list(stores[0].ledger.located())) == 120
    for store in stores:
        store.close()


def test_what_was_recorded_is_there_after_opening_again(url: str) -> None:
    store = open_store(url, clock=Clock())
    run = store.ledger.begin(RunKind.LOAD, DIGEST, {}).id
    confirm(store, run, an_operation(run), 3)
    entries = list(store.ledger.entries())
    store.close()
    store = open_store(url, clock=Clock())
    assert list(store.ledger.entries()) == entries
    assert store.ledger.verify().ok
    store.close()


def test_a_purge_destroys_the_values_and_leaves_the_proof(store: Store, run: str, tmp_path: Path) -> None:
    confirm(store, run, an_operation(run, fields={"last_name": "Zyxwvu-Purged"}), 3)
    assert store.destroy_values() == 1
    assert store.destroy_values() == 0
    (attempt,) = store.ledger.attempts(run)
    assert (dict(attempt.operation.fields), attempt.after) == ({}, None)
    assert attempt.destination_id == 3
    assert store.ledger.verify().ok
    store.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("store.db*"))
    assert b"Zyxwvu-Purged" not in kept
