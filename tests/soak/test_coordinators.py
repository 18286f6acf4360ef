"""A coordinator that is gone, one that stands still, and two at once: one of them carries the load through."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from clinic_journey import Journey
from soak.fleet import Fleet, assert_whole
from wherry.model.run import RunState

ENGINE = "lease_seconds = 2\nbeat_seconds = 0.4\ncall_seconds = 1"
SLOW = [{"kind": "slow", "ms": 80, "match": {"method": "POST"}}]
Begin = Callable[..., Journey]


def ended(way: Journey) -> bool:
    with way.open() as workspace:
        return workspace.ledger.runs()[-1].state is RunState.FINISHED


def until(condition: Callable[[], bool], fleet: Fleet, seconds: float = 120) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, fleet.logs()
        time.sleep(0.1)


def some_way_in(fleet: Fleet) -> None:
    first = fleet.writes()
    until(lambda: fleet.writes() > first + 12, fleet)
    time.sleep(2.5)  # for longer than a lease: who judges others must have had all its own beats


def test_a_worker_takes_the_place_of_a_coordinator_that_was_killed(
    prepared: Begin, few: Path, store_url: str
) -> None:
    """Nobody starts another load."""
    way = prepared(few, store_url, ENGINE, faults=SLOW)
    fleet = Fleet(way, workers=2)
    with fleet.running():
        some_way_in(fleet)
        fleet.kill(0)
        assert not ended(way)
        until(lambda: ended(way), fleet)
        assert [process.wait(30) for process in fleet.processes[1:]] == [0, 0]
    assert_whole(way)


@pytest.mark.soak
def test_a_worker_takes_the_place_of_a_coordinator_that_stands_still(
    prepared: Begin, few: Path, store_url: str
) -> None:
    """Its session would keep the store's lock. Woken up, it finds its lease gone and ends."""
    way = prepared(few, store_url, ENGINE, faults=SLOW)
    fleet = Fleet(way, workers=2)
    with fleet.running():
        some_way_in(fleet)
        fleet.processes[0].send_signal(signal.SIGSTOP)
        until(lambda: ended(way), fleet)
        fleet.processes[0].send_signal(signal.SIGCONT)
        assert fleet.processes[0].wait(30) == 1
    assert ended(way)
    assert_whole(way)


@pytest.mark.soak
def test_of_two_coordinators_at_once_one_is_told_to_help(prepared: Begin, few: Path, store_url: str) -> None:
    way = prepared(few, store_url, ENGINE, faults=SLOW)
    fleet = Fleet(way, workers=1)
    with fleet.running():
        second = fleet.start(0)
        try:
            until(lambda: 2 in (second.poll(), fleet.processes[0].poll()), fleet)
            until(lambda: ended(way), fleet)
            assert sorted([second.wait(30), fleet.processes[0].wait(30)]) == [0, 2]
        finally:
            second.kill()
            second.wait(20)
    assert_whole(way)
