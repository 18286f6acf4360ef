import json
import threading
import time
from dataclasses import replace

import pytest

from wherry_emulators.freshsales.clock import Clock
from wherry_emulators.freshsales.errors import ApiError
from wherry_emulators.freshsales.faults import Faults
from wherry_emulators.freshsales.jobs import Jobs
from wherry_emulators.freshsales.switches import Switches


class StillClock(Clock):
    at_second = 0.0

    def seconds(self):
        return self.at_second


class Bench:
    """Jobs on a clock that stands still, with rows that note what was applied."""

    def __init__(self, rules=(), clock=None, **switches):
        self.clock = clock or StillClock()
        self.applied = []
        settings = replace(Switches(), **{"bulk_delay_ms": 10_000, **switches})
        self.jobs = Jobs(self.clock, lambda: settings, Faults(rules), threading.RLock())

    def work(self, row):
        self.applied.append(row)
        return "Email is invalid" if row == 3 else None

    def at(self, second, job):
        self.clock.at_second = second
        return self.jobs.status(int(job))


def test_a_job_waits_runs_and_completes():
    bench = Bench()
    job = bench.jobs.submit("bulk_upsert", 8, bench.work)
    assert bench.applied == []
    waiting, running, done = bench.at(1, job), bench.at(6.001, job), bench.at(10, job)
    assert (waiting["status"], waiting["progress"]) == ("queued", 0)
    assert (running["status"], running["progress"]) == ("in_progress", 50)
    assert (done["status"], done["progress"], done["job_type_name"]) == ("completed", 100, "bulk_upsert")
    assert done["id"] == int(job)
    assert bench.applied == list(range(8))


@pytest.mark.parametrize(
    ("shape", "data"),
    [
        ("data_json", {"success": [0, 1, 2, 4], "failed": [{"row": 3, "message": "Email is invalid"}]}),
        ("message", "1 of 5 rows failed"),
        ("none", ""),
    ],
)
def test_failed_rows_are_told_as_the_switch_says(shape, data):
    bench = Bench(bulk_partial_failure_shape=shape)
    told = bench.at(20, bench.jobs.submit("bulk_upsert", 5, bench.work))
    assert told["status"] == "completed"
    assert (json.loads(told["data"]) if shape == "data_json" else told["data"]) == data


def test_a_job_of_which_every_row_fails_has_failed_under_the_switched_name():
    bench = Bench(bulk_job_states=("W", "R", "D", "F"))

    def refuse(_row):
        raise ApiError(400, "Name can't be blank")

    job = bench.jobs.submit("bulk_upsert", 2, refuse)
    told = bench.at(20, job)
    assert told["status"] == "F"
    assert json.loads(told["data"])["failed"][0]["message"] == "Name can't be blank"


def test_a_row_that_breaks_fails_alone(caplog):
    bench = Bench()
    told = bench.at(20, bench.jobs.submit("bulk_upsert", 2, lambda row: [None][row]))
    assert json.loads(told["data"]) == {"success": [0], "failed": [{"row": 1, "message": "Internal error"}]}
    assert "IndexError" in caplog.text


def test_rows_of_two_jobs_are_applied_in_the_order_of_their_times():
    bench = Bench()
    order = []
    bench.jobs.submit("bulk_upsert", 2, lambda row: order.append(("first", row)))
    bench.clock.at_second = 1
    bench.jobs.submit("bulk_upsert", 2, lambda row: order.append(("second", row)))
    bench.clock.at_second = 30
    bench.jobs.advance()
    assert order == [("first", 0), ("second", 0), ("first", 1), ("second", 1)]


def test_an_unknown_job_is_a_404():
    with pytest.raises(ApiError) as caught:
        Bench().jobs.status(1)
    assert caught.value.status == 404


def test_late_lost_and_partial_jobs():
    bench = Bench(
        [
            {"kind": "job_late", "ms": 90_000, "times": 1},
            {"kind": "job_lost", "after": 1, "times": 1},
            {"kind": "job_partial", "rows": 0.5, "after": 2, "message": "Row failed"},
        ]
    )
    late, lost, partial = (bench.jobs.submit("bulk_upsert", 4, bench.work) for _ in range(3))
    assert bench.at(50, late)["status"] == "in_progress"
    assert bench.at(100, late)["status"] == "completed"
    bench.applied.clear()
    with pytest.raises(ApiError):
        bench.jobs.status(int(lost))
    failed = json.loads(bench.jobs.status(int(partial))["data"])["failed"]
    assert len([one for one in failed if one["message"] == "Row failed"]) == 2


def test_a_lost_job_is_applied_all_the_same():
    bench = Bench([{"kind": "job_lost"}])
    bench.jobs.submit("bulk_upsert", 3, bench.work)
    bench.clock.at_second = 60
    bench.jobs.advance()
    assert bench.applied == [0, 1, 2]


def test_a_stalled_job_never_ends_not_even_when_the_rest_is_finished():
    bench = Bench([{"kind": "job_stalled", "rows": 0.5}])
    job = bench.jobs.submit("bulk_upsert", 4, bench.work)
    bench.jobs.finish()
    told = bench.at(10_000, job)
    assert (told["status"], told["progress"], bench.applied) == ("in_progress", 50, [0, 1])
    assert bench.jobs.pending() == 0


def test_rows_are_applied_without_polling_and_once_whoever_asks():
    bench = Bench(clock=Clock(), bulk_delay_ms=60)
    bench.jobs.start()
    try:
        jobs = [bench.jobs.submit("bulk_upsert", 20, bench.work) for _ in range(3)]
        askers = [
            threading.Thread(target=lambda: [bench.jobs.advance() for _ in range(200)]) for _ in range(4)
        ]
        for asker in askers:
            asker.start()
        deadline = time.monotonic() + 5
        while bench.jobs.pending() and time.monotonic() < deadline:
            time.sleep(0.005)
        for asker in askers:
            asker.join(5)
    finally:
        bench.jobs.stop()
    assert sorted(bench.applied) == sorted(list(range(20)) * 3)
    assert {bench.jobs.status(int(job))["progress"] for job in jobs} == {100}


def test_an_empty_job_is_done_at_once():
    bench = Bench()
    assert bench.jobs.status(int(bench.jobs.submit("bulk_upsert", 0, bench.work)))["progress"] == 100
