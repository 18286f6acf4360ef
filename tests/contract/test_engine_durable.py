"""The durable engine on both databases: every batch once, none lost, ids only, quiet."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from wherry.engine.durable import DurableEngine, Home
from wherry.model.errors import CredentialsRefused, Unavailable
from wherry.model.ports import Job

HANGING = """\
import sys, time
from wherry.engine.durable import DurableEngine, Home
engine = DurableEngine(Home(url=sys.argv[1], executor="dead"))
def hang(job):
    print("begun", job.id, flush=True)
    time.sleep(600)
engine.start(hang)
time.sleep(600)
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path, postgres_database: str) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/engine.db"
    with psycopg.connect(postgres_database, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS dbos CASCADE")
    return postgres_database


def await_empty(engine: DurableEngine) -> None:
    until = time.monotonic() + 30
    while left := engine.unfinished():
        assert time.monotonic() < until, left
        engine.raise_failure()
        time.sleep(0.05)


def job(number: int, run: str = "r1") -> Job:
    return Job(run, "patients", (str(number), str(number + 9)))


def test_every_batch_is_done_once_and_may_be_kept_again_when_forgotten(
    url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    done: list[Job] = []
    with DurableEngine(Home(url=url, executor="one")) as engine:
        engine.start(done.append)
        engine.enqueue([job(10), job(20), job(10)])
        await_empty(engine)
        engine.enqueue([job(20)])
        await_empty(engine)
        assert sorted(one.id for one in done) == ["r1:patients:10-19", "r1:patients:20-29"]
        assert done[0].ids == ("10", "19") or done[0].ids == ("20", "29")
        engine.forget()
        engine.enqueue([job(20)])
        await_empty(engine)
    assert len(done) == 3
    assert capfd.readouterr() == ("", "")


def test_an_error_ends_the_part_of_this_process_with_the_first_batch(url: str) -> None:
    tried: list[str] = []

    def refuse(one: Job) -> None:
        tried.append(one.id)
        raise CredentialsRefused("the key is not accepted")

    with DurableEngine(Home(url=url, executor="one")) as engine:
        engine.start(refuse)
        engine.enqueue([job(n * 10) for n in range(1, 6)])
        assert engine.failed(20)
        time.sleep(0.5)
        assert len(tried) == 1
        assert engine.idle
        with pytest.raises(CredentialsRefused):
            engine.raise_failure()


def test_a_batch_of_a_dead_executor_waits_until_it_is_resumed(url: str) -> None:
    dead = subprocess.Popen(
        [sys.executable, "-c", HANGING, url], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    done: list[str] = []
    with DurableEngine(Home(url=url, executor="alive")) as engine:
        engine.start(lambda one: done.append(one.id) if dead.poll() is not None else time.sleep(0.2))
        assert dead.stdout is not None
        until = time.monotonic() + 40
        number = 0
        while "dead" not in engine.unfinished().values():
            assert time.monotonic() < until
            number += 10
            engine.enqueue([job(number)])
            time.sleep(0.2)
        stranded = [id_ for id_, executor in engine.unfinished().items() if executor == "dead"]
        dead.kill()
        dead.wait(20)
        dead.stdout.close()
        time.sleep(0.5)
        assert [id_ for id_, executor in engine.unfinished().items() if executor == "dead"] == stranded
        engine.resume(stranded)
        await_empty(engine)
        assert set(stranded) <= set(done)


def test_what_is_cancelled_is_not_begun(url: str) -> None:
    done: list[str] = []

    def work(one: Job) -> None:
        time.sleep(0.5)
        done.append(one.id)

    with DurableEngine(Home(url=url, executor="one")) as engine:
        engine.start(work)
        engine.enqueue([job(10), job(20, run="r0")])
        engine.cancel(["r0:patients:20-29"])
        await_empty(engine)
    assert "r1:patients:10-19" in done


def test_a_file_that_is_no_database_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "engine.db"
    path.write_bytes(b"not a database, but long enough to be taken for one" * 40)
    with pytest.raises(Unavailable) as refused:
        DurableEngine(Home(url=f"sqlite:///{path}", executor="one"))
    assert "delete it" in refused.value.hint


def test_ids_lie_there_as_json_for_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "engine.db"
    with DurableEngine(Home(url=f"sqlite:///{path}", executor="one")) as engine:
        engine.start(lambda _job: None)
        engine.enqueue([job(10)])
        await_empty(engine)
    kept = b"".join(one.read_bytes() for one in tmp_path.glob("engine.db*"))
    assert b'["r1", "patients", ["10", "19"]]' in kept or b'["r1","patients",["10","19"]]' in kept
    assert path.stat().st_mode & 0o077 == 0
