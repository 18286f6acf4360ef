"""Who may work on a run: leases, what they keep apart, and the fence in front of every call."""

import os
import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wherry.app.worker import worker
from wherry.app.workspace import Workspace
from wherry.engine.hands import Stopper
from wherry.engine.lease import FencedBudget, Heartbeat
from wherry.model.errors import Interrupted, NotOnThisStore, RunInProgress
from wherry.model.ports import COORDINATOR, WORKER
from wherry.store import Store, open_store
from wherry.store.leases import Leases


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    opened = open_store(postgres_url, clock=Clock())
    yield opened
    opened.close()


def leases_of(store: Store, ttl: float = 30) -> Leases:
    found = store.leases(ttl)
    assert found is not None
    return found


def test_workers_of_one_run_work_together_and_no_other_run_beside_them(store: Store) -> None:
    leases = leases_of(store)
    leases.take("a", "r1", COORDINATOR)
    leases.take("b", "r1", WORKER)
    with pytest.raises(RunInProgress, match="run r1"):
        leases.take("c", "r2", WORKER)
    with pytest.raises(RunInProgress, match="run r1") as refused:
        leases.take("c", "r1", COORDINATOR)
    assert "wherry worker" in refused.value.hint
    assert {name: claim.role for name, claim in leases.live().items()} == {"a": COORDINATOR, "b": WORKER}
    leases.leave("a")
    leases.take("c", "r1", COORDINATOR)
    for name in ("b", "c"):
        leases.leave(name)
    leases.take("d", "r2", COORDINATOR)


def test_a_lease_that_ran_out_may_be_renewed_until_somebody_takes_it_away(store: Store) -> None:
    leases = leases_of(store, ttl=0.2)
    leases.take("a", "r1", WORKER)
    time.sleep(0.4)
    assert leases.live() == {}
    assert leases.renew("a")
    time.sleep(0.4)
    assert leases.reap() == frozenset()
    assert not leases.renew("a")


def test_one_process_at_a_time_takes_over(store: Store) -> None:
    leases = leases_of(store)
    inside: list[bool] = []
    assert leases.alone(lambda: inside.append(leases.alone(lambda: None)))
    assert inside == [False]
    assert leases.alone(lambda: None)


def test_a_rollback_is_refused_while_workers_go_on_without_their_coordinator(store: Store) -> None:
    leases_of(store).take("a", "r1", WORKER)
    with pytest.raises(RunInProgress, match="run r1, wherry worker, process"), store.lock.held():
        pass
    with store.lock.held(joining=True):
        pass


def test_who_comes_second_is_told_the_run_by_its_coordinators_lease(postgres_url: str, store: Store) -> None:
    other = open_store(postgres_url, clock=Clock())
    with store.lock.held("load"):
        leases_of(store).take("a", "r1", COORDINATOR)
        with pytest.raises(RunInProgress) as refused, other.lock.held("load"):
            pytest.fail("two hold the lock")
    other.close()
    assert refused.value.run == "r1"
    assert refused.value.place.startswith(f"process {os.getpid()} on ")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", refused.value.since)


def test_a_beat_keeps_the_lease_and_its_loss_is_told_once(store: Store) -> None:
    leases = leases_of(store, ttl=0.6)
    leases.take("a", "r1", WORKER)
    lost = threading.Event()
    heartbeat = Heartbeat(leases, "a", 0.1, lost.set)
    heartbeat.start()
    time.sleep(1.2)
    assert not lost.is_set()
    assert heartbeat.steady
    leases.leave("a")
    assert lost.wait(5)


class Counting:
    def __init__(self) -> None:
        self.taken = 0

    def take(self, calls: int = 1) -> None:
        self.taken += calls

    def learn(self, *, remaining: int | None, retry_after: float | None) -> None:
        raise AssertionError

    def charge(self, run: str) -> None: ...


def test_nothing_is_sent_outside_of_the_lease(store: Store) -> None:
    leases = leases_of(store, ttl=0.4)
    leases.take("a", "r1", WORKER)
    stopper = Stopper()
    heartbeat = Heartbeat(leases, "a", 0.1, lambda: None)  # never started: as if this process stood still
    stopper.guard = lambda: heartbeat.guard(stopper)
    budget = FencedBudget(Counting(), stopper)
    budget.take()
    time.sleep(0.5)
    sent = threading.Event()
    late = threading.Thread(target=lambda: (_interrupted(budget), sent.set()))
    late.start()
    assert not sent.wait(0.4)
    stopper.halt()
    late.join(5)
    assert sent.is_set()


def _interrupted(budget: FencedBudget) -> None:
    with pytest.raises(Interrupted):
        budget.take()


def test_on_sqlite_one_process_is_all_there_can_be(tmp_path: Path) -> None:
    (tmp_path / "wherry.toml").write_text(
        '[source]\nbundle = "export"\n[destination]\nbase_url = "https://acme.example.com/crm/sales"\nplan = "pro"\n'
    )
    workspace = Workspace.open(tmp_path)
    try:
        with pytest.raises(NotOnThisStore, match="several workers need PostgreSQL") as refused:
            worker(workspace)
    finally:
        workspace.close()
    assert "[store] url" in refused.value.hint
    assert refused.value.exit_code == 2
