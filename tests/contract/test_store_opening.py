"""Opening a store: its schema, its lock, and plain words where it cannot be opened."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, inspect, text

from wherry.model.errors import PreflightFailed, RunInProgress, SettingsInvalid
from wherry.store import open_store
from wherry.store.tables import metadata


class Clock:
    def now(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here waits")


CLOCK = Clock()


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    yield engine
    engine.dispose()


def shape(engine: Engine) -> dict[str, Any]:
    """Every table, column, key and index as the database tells of them."""
    found = inspect(engine)
    table = "SELECT sql FROM sqlite_master WHERE name = :name"
    shapes = {}
    for name in found.get_table_names():
        columns = [
            (
                c["name"],
                repr(c["type"]),
                c["nullable"],
                c.get("default"),
                getattr(c["type"], "collation", None),
            )
            for c in found.get_columns(name)
        ]
        keys = (found.get_pk_constraint(name)["constrained_columns"], found.get_unique_constraints(name))
        foreign = [(f["constrained_columns"], f["referred_table"]) for f in found.get_foreign_keys(name)]
        indexes = sorted((i["name"] or "", i["column_names"]) for i in found.get_indexes(name))
        shapes[name] = (columns, list(keys[0]), len(keys[1]), foreign, indexes)
        if engine.dialect.name == "sqlite":
            with engine.connect() as connection:
                written = connection.execute(text(table), {"name": name}).scalar_one()
            shapes[name] = (*shapes[name], "WITHOUT ROWID" in written)
    return shapes


def test_a_migrated_schema_is_the_schema_as_declared(url: str, engine: Engine) -> None:
    open_store(url, clock=CLOCK).close()
    migrated = shape(engine)
    metadata.drop_all(engine)
    metadata.create_all(engine)
    assert shape(engine) == migrated
    assert "chain" in migrated


def test_each_step_is_carried_out_once_however_many_open_at_once(url: str, engine: Engine) -> None:
    failures: list[Exception] = []

    def work() -> None:
        try:
            open_store(url, clock=CLOCK).close()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT number, name, at FROM schema_steps")).all()
    at = "2026-03-01T00:00:00+00:00"
    assert [tuple(row) for row in rows] == [(1, "begin", at), (2, "leases", at), (3, "seal", at)]


def test_a_store_of_a_newer_version_is_left_alone(url: str, engine: Engine) -> None:
    open_store(url, clock=CLOCK).close()
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO schema_steps VALUES (99, 'later', 'later')"))
    with pytest.raises(SettingsInvalid, match="newer version"):
        open_store(url, clock=CLOCK)


def test_only_one_holds_the_lock_and_the_other_is_told_who(url: str) -> None:
    one, other = open_store(url, clock=CLOCK), open_store(url, clock=CLOCK)
    with one.lock.held(), pytest.raises(RunInProgress, match=str(os.getpid())), other.lock.held():
        pytest.fail("two hold the lock")
    with other.lock.held():
        pass
    one.close()
    other.close()


HOLDER = """
import sys
from datetime import UTC, datetime
from wherry.store import open_store
class Clock:
    def now(self): return datetime(2026, 3, 1, tzinfo=UTC)
    def sleep(self, seconds): raise AssertionError
with open_store(sys.argv[1], clock=Clock()).lock.held():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_lock_of_a_killed_process_is_free(url: str) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    store = open_store(url, clock=CLOCK)
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(RunInProgress, match=str(holder.pid)), store.lock.held():
            pytest.fail("two hold the lock")
        holder.send_signal(signal.SIGKILL)
        holder.wait(20)
    for _ in range(200):  # a server notices the end of a session a moment later
        try:
            with store.lock.held():
                break
        except RunInProgress:
            threading.Event().wait(0.05)
    else:
        pytest.fail("the lock outlived its holder")
    store.close()


@pytest.mark.parametrize("wrong", ["store.db", "mysql://host/name", "sqlite+pysqlcipher:///x"])
def test_another_kind_of_address_is_refused_in_plain_words(wrong: str) -> None:
    with pytest.raises(SettingsInvalid, match=r"store\.url") as refused:
        open_store(wrong, clock=CLOCK)
    assert "sqlite:///" in refused.value.hint


def test_a_file_that_is_no_database_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_text("this is a letter to a patient, not a database " * 100)
    with pytest.raises(PreflightFailed, match="not a database"):
        open_store(f"sqlite:///{path}", clock=CLOCK)


def test_a_folder_in_the_place_of_the_file_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(PreflightFailed, match=str(tmp_path)):
        open_store(f"sqlite:///{tmp_path}", clock=CLOCK)


def test_a_server_that_is_not_there_is_said_so_at_once() -> None:
    with pytest.raises(PreflightFailed, match="cannot be opened") as refused:
        open_store("postgresql://wherry:secret@127.0.0.1:1/none", clock=CLOCK)
    assert "secret" not in refused.value.message


def test_the_file_is_for_its_owner_only_and_every_commit_reaches_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "new" / "store.db"
    store = open_store(f"sqlite:///{path}", clock=CLOCK)
    assert path.stat().st_mode & 0o777 == 0o600
    with store._database.engine.connect() as connection:
        asked = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "secure_delete")
        ]
    assert asked == ["wal", 2, 1, 60_000, 1]
    store.close()
