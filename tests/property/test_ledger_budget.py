"""The API budget: never above the limit in any window as the server sees it, and little left unused."""

import heapq
import random
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from wherry.store import open_store

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
JITTER = 2.0


class VirtualClock:
    """Time that moves on only when every taker sleeps, to the moment when the first one wakes."""

    def __init__(self, takers: int, offset: float) -> None:
        self._moved = threading.Condition()
        self._awake = takers
        self._seconds = offset
        self._wakes: list[float] = []

    def now(self) -> datetime:
        return START + timedelta(seconds=self._seconds)

    def sleep(self, seconds: float) -> None:
        with self._moved:
            wake = self._seconds + seconds
            heapq.heappush(self._wakes, wake)
            self._rest()
            while self._seconds < wake:
                assert self._moved.wait(60), "time stands still"

    def leave(self) -> None:
        """A taker is done."""
        with self._moved:
            self._rest()

    def _rest(self) -> None:
        self._awake -= 1
        if self._awake or not self._wakes:
            return
        self._seconds = max(self._seconds, self._wakes[0])
        while self._wakes and self._wakes[0] <= self._seconds:
            heapq.heappop(self._wakes)
            self._awake += 1
        self._moved.notify_all()


@dataclass(frozen=True)
class Load:
    per_minute: int
    per_hour: int
    calls: int
    takers: int
    offset: float
    seed: int


def booked_under(load: Load) -> list[float]:
    """When each call was booked, by takers on two connections who take as fast as they may."""
    clock = VirtualClock(load.takers, load.offset)
    done: list[float] = []
    failures: list[BaseException] = []
    with tempfile.TemporaryDirectory() as folder:
        stores = [open_store(f"sqlite:///{Path(folder)}/store.db", clock=clock) for _ in range(2)]
        budgets = [s.budget("acme", load.per_minute, load.per_hour, 0.0, max_wait=None) for s in stores]
        left = threading.Semaphore(load.calls)

        def work(taker: int) -> None:
            chance = random.Random(load.seed + taker)
            try:
                while left.acquire(blocking=False):
                    budgets[taker % 2].take()
                    done.append(clock.now().timestamp())
                    clock.sleep(chance.uniform(0, 0.02))
            except BaseException as error:
                failures.append(error)
            finally:
                clock.leave()

        threads = [threading.Thread(target=work, args=(n,)) for n in range(load.takers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        for store in stores:
            store.close()
    assert failures == []
    assert len(done) == load.calls
    return sorted(done)


def fullest(arrivals: Sequence[float], window: float) -> int:
    """The most calls in any closed window of that length."""
    most, start = 0, 0
    for end, at in enumerate(arrivals):
        while at - arrivals[start] > window:
            start += 1
        most = max(most, end - start + 1)
    return most


def as_served(booked: Sequence[float], seed: int) -> list[float]:
    """When the server sees the calls: each up to two seconds later, at the extremes most of the time."""
    chance = random.Random(seed)
    return sorted(at + chance.choice([0.0, JITTER, chance.uniform(0, JITTER)]) for at in booked)


LOADS = {"takers": st.integers(1, 4), "offset": st.floats(0, 100), "seed": st.integers(0, 10_000)}
MINUTE = st.builds(
    lambda per_minute, **rest: Load(per_minute, 100_000, 3 * per_minute + 1, **rest),
    st.integers(4, 40),
    **LOADS,
)
HOUR = st.builds(
    lambda per_hour, share, **rest: Load(max(2, per_hour // share), per_hour, 2 * per_hour + 1, **rest),
    st.integers(20, 80),
    st.integers(1, 12),
    **LOADS,
)


@given(load=MINUTE)
@settings(max_examples=12, deadline=None)
def test_the_minute_is_never_exceeded_and_almost_used_up(load: Load) -> None:
    booked = booked_under(load)
    assert fullest(as_served(booked, load.seed), 60) <= load.per_minute
    assert 3 * 60 / (booked[-1] - booked[0]) >= 0.95


@given(load=HOUR)
@settings(max_examples=8, deadline=None)
def test_the_hour_is_never_exceeded_and_almost_used_up(load: Load) -> None:
    booked = booked_under(load)
    arrivals = as_served(booked, load.seed)
    assert fullest(arrivals, 60) <= load.per_minute
    assert fullest(arrivals, 3600) <= load.per_hour
    assert 2 * 3600 / (booked[-1] - booked[0]) >= 0.95


def test_a_small_job_bursts_at_the_minutes_limit() -> None:
    booked = booked_under(Load(per_minute=40, per_hour=1_000, calls=40, takers=3, offset=0.3, seed=1))
    assert booked[-1] - booked[0] < 2


def test_the_measure_itself_sees_a_full_window() -> None:
    assert fullest([0.0, 10.0, 60.0, 60.1], 60) == 3
