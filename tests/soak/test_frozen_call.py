"""A call that hangs at the destination while the process that sent it stands still."""

import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest

from clinic_journey import Journey
from soak.fleet import HASTY, WHERRY, Fleet, assert_whole, doubled

HANG = 13.0
ENGINE = "lease_seconds = 4\nbeat_seconds = 0.5\ncall_seconds = 14"
FAULTS = [{"kind": "hang", "seconds": HANG, "match": {"method": "POST", "path": "/notes$"}, "times": 1}]
HELD = "SELECT executor_id FROM dbos.workflow_status WHERE status = 'PENDING'"
OPEN = "SELECT count(*) FROM attempts WHERE state = 'intended' AND stream = 'notes'"
Begin = Callable[..., Journey]


def frozen(fleet: Fleet, connection: "psycopg.Connection[Any]") -> int:
    """Stop the process whose one call hangs; its index."""
    until, since, holders = time.monotonic() + 120, 0.0, []
    while not since or time.monotonic() - since < 0.5:
        assert time.monotonic() < until, fleet.logs()
        try:
            holders = connection.execute(HELD).fetchall()
            alone = len(holders) == 1 and connection.execute(OPEN).fetchone() == (1,)
        except psycopg.errors.UndefinedTable:
            alone = False
        since = (since or time.monotonic()) if alone else 0.0
        time.sleep(0.02)
    ((holder,),) = holders
    index = next(i for i, process in enumerate(fleet.processes) if f"-{process.pid}-" in holder)
    fleet.processes[index].send_signal(signal.SIGSTOP)
    return index


@pytest.mark.soak
@pytest.mark.parametrize("program", [WHERRY, HASTY], ids=["as it is", "without the wait"])
def test_a_hanging_call_of_a_frozen_process(
    prepared: Begin, few: Path, store_url: str, program: Sequence[str]
) -> None:
    """The other process takes the batch over in the meantime. It must outwait the call: the control does not."""
    way = prepared(few, store_url, ENGINE, faults=FAULTS)
    fleet = Fleet(way, workers=1, program=program, ends=frozenset({0, 6}))  # 6: the sweep has found them
    with fleet.running(), psycopg.connect(store_url, autocommit=True) as connection:
        index = frozen(fleet, connection)
        until = time.monotonic() + 2 * HANG
        while time.monotonic() < until and fleet.processes[0].poll() is None:
            time.sleep(0.1)
        fleet.processes[index].send_signal(signal.SIGCONT)
        fleet.strike(0, seconds=200)
    if program == WHERRY:
        assert_whole(way)
    else:
        assert len(doubled(way)) == 1
