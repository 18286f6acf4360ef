"""A coordinator that is gone, one that stands still, one that stands by: one of them carries the load through."""

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from clinic_journey import Journey
from soak.fleet import WHERRY, Fleet, assert_whole
from wherry.model.run import RunKind, RunState

ENGINE = "lease_seconds = 2\nbeat_seconds = 0.4\ncall_seconds = 1"
SLOW = [{"kind": "slow", "ms": 400, "match": {"method": "POST"}}]
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
    """Its session would keep the store's lock. Woken up, it ends."""
    way = prepared(few, store_url, ENGINE, faults=SLOW)
    fleet = Fleet(way, workers=2)
    with fleet.running():
        some_way_in(fleet)
        fleet.processes[0].send_signal(signal.SIGSTOP)
        until(lambda: ended(way), fleet)
        fleet.processes[0].send_signal(signal.SIGCONT)
        assert fleet.processes[0].wait(30) in {0, 1}  # 0: it woke up and found nothing left to do
    assert ended(way)
    assert_whole(way)


def loads(way: Journey) -> int:
    with way.open() as workspace:
        return sum(run.kind is RunKind.LOAD for run in workspace.ledger.runs())


@pytest.mark.soak
@pytest.mark.parametrize("first", ["goes on", "is killed", "stands still"])
def test_a_second_coordinator_stands_by(prepared: Begin, few: Path, store_url: str, first: str) -> None:
    """No worker is there; it ends with the result of the first one, or takes its place."""
    way = prepared(few, store_url, ENGINE, faults=SLOW)
    fleet = Fleet(way, more=("--stand-by",))
    with fleet.running():
        some_way_in(fleet)
        second = fleet.start(0)
        try:
            plain = subprocess.run(
                [*WHERRY, "-C", str(way.directory), "load", "--quiet"],
                capture_output=True,
                check=False,
                text=True,
            )
            assert plain.returncode == 3
            assert "another run is in progress" in plain.stderr
            if first == "is killed":
                fleet.kill(0)
            if first == "stands still":
                fleet.processes[0].send_signal(signal.SIGSTOP)
            until(lambda: second.poll() is not None, fleet)
            assert second.returncode == 0
            fleet.processes[0].send_signal(signal.SIGCONT)
            ends = {"goes on": {0}, "is killed": {-signal.SIGKILL}, "stands still": {0, 1}}
            assert fleet.processes[0].wait(30) in ends[first], fleet.logs()
        finally:
            second.kill()
            second.wait(20)
    assert loads(way) == 1
    assert_whole(way)
