"""The API's own pace: four workers with a full queue use the quota up and never overdraw it."""

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from wherry.connectors.freshsales import open_destination
from wherry.model.errors import TryAgain
from wherry.store import Store, open_store

WORKERS = 4
SCALE = 5  # seconds of the account in one of ours; more would shrink the margin for a busy machine too far
PER_MINUTE = 120


class ScaledClock:
    """The account's time, from our own."""

    def __init__(self, scale: float) -> None:
        self._scale, self._began, self._zero = scale, time.monotonic(), datetime.now(UTC)
        self._owed = threading.local()

    def now(self) -> datetime:
        return self._zero + timedelta(seconds=(time.monotonic() - self._began) * self._scale)

    def sleep(self, seconds: float) -> None:
        # Many short sleeps would each take a little longer, and that little, scaled, a lot.
        owed = getattr(self._owed, "seconds", 0.0) + seconds / self._scale
        if owed >= 0.02:
            began = time.monotonic()
            time.sleep(owed)
            owed -= time.monotonic() - began
        self._owed.seconds = owed


class Crew:
    """Workers that call as often as the budget lets them, each with a store of its own."""

    def __init__(self, emulator: Any, url: str, scale: float, per_minute: int, per_hour: int) -> None:
        self.clock = ScaledClock(scale)
        self.failures: list[Exception] = []
        self.calls = 0
        self._emulator, self._limits = emulator, (per_minute, per_hour)
        self._stores = [open_store(url, clock=self.clock) for _ in range(WORKERS)]
        self._stop = threading.Event()
        self._lock = threading.Lock()

    def work(self, seconds: float) -> None:
        threads = [threading.Thread(target=self._work, args=(store,)) for store in self._stores]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        self._stop.set()
        for thread in threads:
            thread.join(60)
        for store in self._stores:
            store.close()

    def _work(self, store: Store) -> None:
        budget = store.budget(
            "acme", per_minute=self._limits[0], per_hour=self._limits[1], reserve=0.0, max_wait=None
        )
        there = open_destination(self._emulator.url, self._emulator.api_key, "enterprise", budget, self.clock)
        while not self._stop.is_set():
            try:
                there.progress("none")
                with self._lock:
                    self.calls += 1
            except TryAgain as error:
                self.failures.append(error)
            except Exception as error:
                self.failures.append(error)
                break
        there.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return (
        f"sqlite:///{tmp_path}/store.db"
        if request.param == "sqlite"
        else request.getfixturevalue("store_url")
    )


def _emulator(factory: Any, *switches: str, scale: int = SCALE, minute: int = PER_MINUTE) -> Any:
    return factory(
        "--clock-scale", str(scale), "--switch", f"rate.limit_min={minute}",
        *(word for switch in switches for word in ("--switch", switch)),
    )  # fmt: skip


def test_a_full_queue_uses_the_minute_up_and_never_overdraws_it(emulator_factory: Any, url: str) -> None:
    emulator = _emulator(emulator_factory, "rate.limit_hour=1000000")
    crew = Crew(emulator, url, SCALE, PER_MINUTE, 1_000_000)
    crew.work(seconds=1.6 * 62.5 / SCALE)  # the account's minutes; 2.5 s of each are held back
    calls = emulator.admin("calls")
    assert crew.failures == []
    assert calls["refused_429"] == 0
    assert 0.95 * PER_MINUTE <= calls["max_in_60s"] <= PER_MINUTE
    assert crew.calls >= 2 * PER_MINUTE * 0.95  # two minutes have begun, and each was used


@pytest.mark.soak
def test_minutes_on_end(emulator_factory: Any, url: str) -> None:
    emulator = _emulator(emulator_factory, "rate.limit_hour=1000000")
    crew = Crew(emulator, url, SCALE, PER_MINUTE, 1_000_000)
    began = crew.clock.now()
    crew.work(seconds=6 * 60 / SCALE)
    minutes = (crew.clock.now() - began).total_seconds() / 60
    calls = emulator.admin("calls")
    assert crew.failures == []
    assert calls["refused_429"] == 0
    assert calls["max_in_60s"] <= PER_MINUTE
    assert crew.calls >= 0.95 * PER_MINUTE * minutes


@pytest.mark.soak
def test_an_hour_is_used_up_and_never_overdrawn(emulator_factory: Any, url: str) -> None:
    scale, per_hour = 60, 600
    emulator = _emulator(emulator_factory, f"rate.limit_hour={per_hour}", scale=scale, minute=100_000)
    crew = Crew(emulator, url, scale, 100_000, per_hour)
    crew.work(seconds=2.3 * 61)
    calls = emulator.admin("calls")
    assert crew.failures == []
    assert calls["refused_429"] == 0
    assert 0.95 * per_hour <= calls["max_in_3600s"] <= per_hour
    assert crew.calls >= 3 * per_hour * 0.95


@pytest.mark.parametrize("retry_after", ["absent", "seconds"])
def test_a_storm_is_waited_out_together(emulator_factory: Any, tmp_path: Path, retry_after: str) -> None:
    """A refusal that nobody could foresee pauses all workers, so that few more follow; no call is lost."""
    emulator = _emulator(
        emulator_factory, "rate.limit_hour=1000000", f"rate.retry_after={retry_after}", minute=100_000
    )
    emulator.admin("faults", [{"kind": "rate_storm", "seconds": 12, "after": 40, "times": 1}])
    crew = Crew(emulator, f"sqlite:///{tmp_path}/store.db", SCALE, 2_000, 1_000_000)
    crew.work(seconds=9)
    calls = emulator.admin("calls")
    assert crew.failures == []
    assert 1 <= calls["refused_429"] <= 8 * WORKERS
    assert crew.calls > 80  # the storm begins after forty
