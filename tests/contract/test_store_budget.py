"""The API budget on both databases: shared, lowered by the server, patient only as far as asked."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from wherry.model.errors import QuotaExhausted
from wherry.model.run import RunKind, RunState
from wherry.store import Store, open_store


class Clock:
    """A clock that only sleep moves."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
        self.slept = 0.0

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.slept += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", "postgres"])
def stores(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[list[Store]]:
    """Two stores on one database, as two processes have them."""
    url = (
        f"sqlite:///{tmp_path}/store.db"
        if request.param == "sqlite"
        else request.getfixturevalue("postgres_url")
    )
    opened = [open_store(url, clock=clock) for _ in range(2)]
    yield opened
    for store in opened:
        store.close()


def test_everybody_draws_on_the_same_minute(stores: list[Store], clock: Clock) -> None:
    here, there = (store.budget("acme", 4, 1_000, 0.0, max_wait=None) for store in stores)
    elsewhere = stores[0].budget("other", 4, 1_000, 0.0, max_wait=None)
    for budget in (here, there, here, there):
        budget.take()
    elsewhere.take()
    assert clock.slept == 0
    here.take()
    assert 60 < clock.slept < 63


def figures(store: Store, run: str) -> tuple[int, int]:
    return next((one.calls, one.throttled) for one in store.ledger.runs() if one.id == run)


def test_every_call_counts_to_its_run_as_it_is_booked(stores: list[Store], clock: Clock) -> None:
    """What a process took before it knew the run counts too; nobody has to say goodbye for it."""
    run = stores[0].ledger.begin(RunKind.LOAD, "d" * 64, {}).id
    here, there = (store.budget("acme", 100, 1_000, 0.0, max_wait=0) for store in stores)
    here.take(3)
    there.learn(remaining=None, retry_after=0)
    here.charge(run)
    assert figures(stores[1], run) == (3, 0)
    there.charge(run)
    assert figures(stores[1], run) == (3, 1)
    here.take()
    there.take(2)
    there.learn(remaining=None, retry_after=0)
    assert figures(stores[0], run) == (6, 2)
    with pytest.raises(QuotaExhausted):
        here.take(95)
    assert figures(stores[0], run) == (6, 2)
    stores[0].ledger.finish(run, RunState.FINISHED)
    assert figures(stores[0], run) == (6, 2)


def test_a_share_of_the_hour_stays_free(stores: list[Store], clock: Clock) -> None:
    budget = stores[0].budget("acme", 1_000, 20, 0.25, max_wait=None)
    budget.take(15)
    assert clock.slept == 0
    budget.take()
    assert 3600 < clock.slept < 3640


def test_waiting_longer_than_asked_for_is_refused_with_the_time(stores: list[Store], clock: Clock) -> None:
    budget = stores[0].budget("acme", 10, 10, 0.0, max_wait=70)
    budget.take(10)
    with pytest.raises(QuotaExhausted) as refused:
        budget.take()
    back = (clock.now() + timedelta(seconds=3602 + 30 + 59)).astimezone()
    assert f"{back:%H:%M}" in refused.value.message
    assert "resumes" in refused.value.hint
    assert clock.slept == 0
    patient = stores[1].budget("acme", 10, 10, 0.0, max_wait=4_000)
    patient.take()
    assert clock.slept > 3600


def test_a_pause_that_the_server_asks_for_holds_for_everybody(stores: list[Store], clock: Clock) -> None:
    here, there = (store.budget("acme", 100, 1_000, 0.0, max_wait=None) for store in stores)
    here.learn(remaining=None, retry_after=30)
    here.learn(remaining=None, retry_after=5)
    there.take()
    assert 30 <= clock.slept < 31


def test_fewer_remaining_calls_than_we_believe_are_taken_over(stores: list[Store], clock: Clock) -> None:
    here, there = (store.budget("acme", 1_000, 100, 0.0, max_wait=None) for store in stores)
    here.take(10)
    here.learn(remaining=95, retry_after=None)  # five of ours are still on their way
    here.learn(remaining=30, retry_after=None)  # others took sixty
    there.take(30)
    assert clock.slept == 0
    there.take()
    assert clock.slept > 3600


def test_more_calls_than_could_ever_fit_are_a_mistake(stores: list[Store]) -> None:
    budget = stores[0].budget("acme", 10, 100, 0.0, max_wait=None)
    with pytest.raises(ValueError, match="11 calls"):
        budget.take(11)


def test_threads_never_book_more_than_fits(stores: list[Store]) -> None:
    budgets = [store.budget("acme", 50, 1_000, 0.0, max_wait=0) for store in stores]
    refused: list[QuotaExhausted] = []
    failures: list[Exception] = []

    def work(n: int) -> None:
        for _ in range(10):
            try:
                budgets[n % 2].take()
            except QuotaExhausted as error:
                refused.append(error)
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    run = stores[0].ledger.begin(RunKind.LOAD, "d" * 64, {}).id
    for budget in budgets:
        budget.charge(run)
    assert figures(stores[0], run) == (50, 0)
    assert len(refused) == 30
