"""Killed again and again while the destination loses answers: nothing is lost, nothing is there twice."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from clinic_journey import Journey
from soak.fleet import CARELESS, Fleet, assert_calls_counted, assert_whole, calls_there, doubled

LEASES = "lease_seconds = 2\nbeat_seconds = 0.4\ncall_seconds = 1"
SLOW = [{"kind": "slow", "ms": 250, "match": {"method": "POST"}}]
Begin = Callable[..., Journey]


def test_a_few_kills_on_sqlite(prepared: Begin, few: Path) -> None:
    way = prepared(few)
    fleet = Fleet(way)
    before = calls_there(way)
    with fleet.running():
        fleet.strike(3, seconds=240)
    assert fleet.kills == 3
    assert_whole(way)
    assert_calls_counted(fleet, before)


def test_a_few_kills_on_postgresql(prepared: Begin, few: Path, store_url: str) -> None:
    way = prepared(few, store_url, LEASES)
    fleet = Fleet(way, workers=2)
    before = calls_there(way)
    with fleet.running():
        fleet.strike(3, seconds=240)
    assert fleet.kills == 3
    assert_whole(way)
    assert_calls_counted(fleet, before)


def test_without_intents_records_are_doubled(prepared: Begin, few: Path) -> None:
    way = prepared(few)
    fleet = Fleet(way, program=tuple(CARELESS), ends=frozenset({0, 6}))  # 6: the sweep has found them
    with fleet.running():
        fleet.strike(3, seconds=240)
    assert doubled(way)


def test_the_engines_database_is_deleted_in_the_middle(prepared: Begin, few: Path) -> None:
    way = prepared(few)
    fleet = Fleet(way)
    gone: list[Path] = []

    def blow(fleet: Fleet, index: int) -> None:
        fleet.kill(index)
        for path in (way.directory / ".wherry").glob("engine.db*"):
            path.unlink()
            gone.append(path)

    with fleet.running():
        fleet.strike(2, seconds=240, blow=blow)
    assert gone
    assert_whole(way)


@pytest.mark.soak
def test_thirty_kills_on_sqlite(prepared: Begin, clinic: Path) -> None:
    way = prepared(clinic)
    fleet = Fleet(way)
    with fleet.running():
        fleet.strike(32, seconds=1_500)
    assert fleet.kills >= 30
    assert_whole(way)


@pytest.mark.soak
def test_thirty_kills_on_postgresql_with_three_workers(prepared: Begin, clinic: Path, store_url: str) -> None:
    way = prepared(clinic, store_url, LEASES)
    fleet = Fleet(way, workers=3)
    with fleet.running():
        fleet.strike(32, seconds=1_500)
    assert fleet.kills >= 30
    assert_whole(way)


@pytest.mark.soak
def test_frozen_workers_come_back_and_do_no_harm(prepared: Begin, clinic: Path, store_url: str) -> None:
    way = prepared(
        clinic, store_url, LEASES, faults=SLOW
    )  # a freeze takes seconds: the load must outlast ten
    fleet = Fleet(way, workers=2)
    with fleet.running():
        fleet.strike(10, seconds=1_200, blow=Fleet.freeze)
    assert fleet.kills == 10
    assert_whole(way)


HELD = "SELECT executor_id FROM dbos.workflow_status WHERE status = 'PENDING'"


@pytest.mark.soak
def test_a_dead_workers_batch_is_taken_over_within_thirty_seconds(
    prepared: Begin, clinic: Path, store_url: str
) -> None:
    """With the leases as they are by default."""
    way = prepared(clinic, store_url)
    fleet = Fleet(way, workers=1)
    with fleet.running(), psycopg.connect(store_url, autocommit=True) as connection:
        victim = f"-{fleet.processes[1].pid}-"

        def held() -> bool:
            made = connection.execute("SELECT to_regclass('dbos.workflow_status')").fetchone()
            return made != (None,) and any(victim in executor for (executor,) in connection.execute(HELD))

        until = time.monotonic() + 120
        while not held():
            assert time.monotonic() < until, fleet.logs()
            time.sleep(0.02)
        fleet.kill(1)
        died = time.monotonic()
        while held():
            assert time.monotonic() - died < 30, fleet.logs()
            time.sleep(0.1)
        print(f"taken over after {time.monotonic() - died:.1f} s")
        fleet.strike(1, seconds=300)
    assert_whole(way)


@pytest.mark.soak
def test_the_postgresql_server_dies_and_comes_back(
    prepared: Begin, clinic: Path, server: Any, store_url: str
) -> None:
    """No process is started again: all of them wait for the server and go on by themselves."""
    way = prepared(clinic, store_url)
    fleet = Fleet(way, workers=1)

    def blow(fleet: Fleet, _index: int) -> None:
        server.stop(9)
        time.sleep(2)
        server.start()
        fleet.kills += 1

    with fleet.running():
        fleet.strike(3, seconds=900, blow=blow)
    assert fleet.kills == 3
    assert fleet.starts == 2
    assert_whole(way)
